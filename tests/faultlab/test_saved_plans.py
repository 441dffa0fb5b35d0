"""A saved plan is done exactly, whatever its batches did meanwhile, or refused with a word on what moved."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from batchctl.act import passes, saved
from batchctl.act.desk import Options
from batchctl.act.passes import PassReport
from batchctl.act.saved import SavedPlan
from batchctl.desired.job import Budget
from batchctl.recorded.runlock import RunLock
from batchctl.show.plan_json import PlanContext, dumped, plan_document
from batchctl.show.reports import Shown
from batchctl.words.errors import StalePlan
from tests.faultlab.provider import Batch
from tests.faultlab.rig import SETTLE_S, Rig
from tests.faultlab.test_review import with_job

CONTEXT = PlanContext(manifests=("job.yaml",), lockfile=None, variables={}, whole_file=True, resend_lost=False,
                      prune=False, offline=False)


def save(rig: Rig) -> SavedPlan:
    """The plan as things stand, through the file that `plan --out` writes."""
    project = rig.project()
    with rig.providers() as providers:
        (report,) = passes.look(project, providers, Options(settle_s=SETTLE_S), rig.events.append).jobs
    assert report.plan is not None
    records = {report.job: project.recorded().job(report.job)}
    path = rig.folder / "plan.json"
    path.write_text(dumped(plan_document([Shown(report, "job.yaml")], records, CONTEXT)))
    return saved.read(path)


def apply(rig: Rig, plan: SavedPlan) -> PassReport:
    """`apply plan.json`: compared with what is there first, then carried out."""
    project = rig.project()
    with rig.providers() as providers:
        (report,) = passes.look(project, providers, Options(settle_s=SETTLE_S), rig.events.append).jobs
        assert report.plan is not None
        plan.check(report.job, report.plan, project.recorded().job(report.job), project.surveys[report.job])
        with RunLock(project.store.folder, "apply", timeout_s=0) as lock:
            return passes.apply(project, providers, Options(settle_s=SETTLE_S), rig.events.append, lambda plans: True,
                                lock, choose=plan.choose, sleep=rig.sleep, monotonic=lambda: rig.now)


def fetched(rig: Rig) -> None:
    """Somebody's scheduler made a pass, and was not allowed to send anything."""
    rig.apply(approve=lambda plans: False)


def goes_on(rig: Rig, batch: Batch) -> None:
    batch.status = "finalizing"


def ends(rig: Rig, batch: Batch) -> None:
    rig.provider.finish(batch)


def ends_with_failures(rig: Rig, batch: Batch) -> None:
    rig.provider.finish(batch, fail=lambda at: 500)


def ends_and_is_fetched(rig: Rig, batch: Batch) -> None:
    rig.provider.finish(batch, status="expired", answered=0.34)
    fetched(rig)


def is_turned_away(rig: Rig, batch: Batch) -> None:
    rig.provider.reject(batch, "token_limit_exceeded")
    fetched(rig)


PROGRESS = pytest.mark.parametrize("progress", [
    goes_on, ends, ends_with_failures, ends_and_is_fetched, is_turned_away])


@PROGRESS
def test_progress_makes_no_plan_stale_and_adds_nothing_to_it(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, progress: Callable[[Rig, Batch], None]
) -> None:
    with_job(monkeypatch, budget=Budget(max_requests=4))
    rig.apply()
    rig.rows["d"] = "four"
    plan = save(rig)
    progress(rig, rig.provider.batches["batch_0001"])
    (report,) = apply(rig, plan).jobs
    assert report.failures == ()
    assert [len(batch.requests) for batch in rig.provider.batches.values()] == [3, 1]
    assert set(rig.provider.paid().values()) == {1}


@PROGRESS
def test_a_planned_cancel_is_carried_out_while_there_is_something_to_cancel(
    rig: Rig, progress: Callable[[Rig, Batch], None]
) -> None:
    rig.apply()
    batch = rig.provider.batches["batch_0001"]
    rig.rows = {"z": "other"}
    plan = save(rig)
    progress(rig, batch)
    (report,) = apply(rig, plan).jobs
    assert report.failures == ()
    assert (batch.status == "cancelling") is (progress is goes_on)
    assert [len(batch.requests) for batch in rig.provider.batches.values()] == [3, 1]


def test_a_planned_retry_is_done_while_another_batch_ends(rig: Rig) -> None:
    rig.max_requests = 2
    rig.apply()
    first, second = rig.provider.live()
    rig.provider.finish(first, fail=lambda at: 500 if at == 0 else None)
    fetched(rig)
    plan = save(rig)
    rig.provider.finish(second, fail=lambda at: 500)
    apply(rig, plan)
    assert [len(batch.requests) for batch in rig.provider.batches.values()] == [2, 1, 1]


def test_a_plan_is_stale_once_another_apply_did_it_and_says_so(rig: Rig) -> None:
    plan = save(rig)
    rig.apply()
    with pytest.raises(StalePlan, match="the lockfile's entry has other batches"):
        apply(rig, plan)
    rig.lose_lockfile()
    rig.lose_store()
    with pytest.raises(StalePlan, match="the provider has other batches with this job's tag"):
        apply(rig, plan)
    assert len(rig.provider.batches) == 1


def test_a_plan_is_stale_once_a_request_has_changed_and_says_so(rig: Rig) -> None:
    plan = save(rig)
    rig.rows["b"] = "changed"
    with pytest.raises(StalePlan, match="the requests are not those that were planned"):
        apply(rig, plan)
    assert not rig.provider.batches


def test_g1_a_plan_is_stale_when_a_create_of_somebody_else_appears_between_the_check_and_the_send(rig: Rig) -> None:
    plan = save(rig)
    rig.apply()
    batch = rig.provider.batches["batch_0001"]
    rig.lose_lockfile()
    rig.lose_store()
    batch.hidden_for = 1
    with pytest.raises(StalePlan, match="a batch that asks the same has turned up"):
        apply(rig, plan)
    assert len(rig.provider.batches) == 1


def test_what_a_plan_holds_is_no_prompt_and_what_it_lists_can_be_read_back(rig: Rig) -> None:
    rig.rows = {str(number): f"prompt {number}" for number in range(9)}
    plan = save(rig)
    text = (rig.folder / "plan.json").read_text()
    assert "prompt" not in json.dumps(json.loads(text)["jobs"])
    assert [list(action.positions or ()) for action in plan.jobs["labels"].actions] == [[0, 1, 2, 3], [4, 5, 6, 7], [8]]
