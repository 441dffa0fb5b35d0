"""Single moves on the ledger: what may be cancelled, what is forgotten, and what is left alone."""

from __future__ import annotations

import json

import pytest

from batchctl.act.cancelling import cancel
from batchctl.act.importing import import_batch
from batchctl.decide.plan import Kind
from batchctl.words.errors import ExitCode, Refusal, Refused
from batchctl.words.events import Notice
from tests.faultlab.provider import Batch, Killed
from tests.faultlab.rig import Rig


def leaves_the_manifest(rig: Rig) -> None:
    """What is recorded belongs to a job that the manifest no longer has."""
    lockfile = json.loads(rig.lockfile.read_text())
    lockfile["jobs"]["gone"] = lockfile["jobs"].pop("labels")
    rig.lockfile.write_text(json.dumps(lockfile))
    rig.rows = {"z": "other"}


def statuses(rig: Rig) -> list[str]:
    return [batch.status for batch in rig.provider.batches.values()]


def warnings(rig: Rig) -> str:
    return "\n".join(event.text for event in rig.events if isinstance(event, Notice) and event.level == "warning")


def stop(rig: Rig, what: str) -> None:
    with rig.providers() as providers:
        cancel([rig.project()], what, providers, rig.events.append, run_lock_timeout_s=0)


def die_after_the_create(rig: Rig) -> None:
    def fault(at: int, method: str, path: str, done: bool) -> None:
        if (method, path) == ("POST", "/batches") and done:
            raise Killed

    rig.provider.fault = fault
    with pytest.raises(Killed):
        rig.apply()
    rig.provider.fault = None


def take_in(rig: Rig, batch_id: str) -> None:
    with rig.providers() as providers:
        import_batch(rig.project(), "labels", batch_id, providers, rig.events.append, force=False,
                     run_lock_timeout_s=0)


@pytest.mark.parametrize("ended", [False, True])
def test_g1_what_the_lockfile_has_under_the_name_of_another_job_is_not_sent_again(rig: Rig, ended: bool) -> None:
    rig.apply()
    if ended:
        rig.finish_all()
        rig.apply()
    rows = rig.rows
    leaves_the_manifest(rig)
    rig.rows = rows
    rig.apply()
    rig.finish_all()
    rig.apply()
    assert rig.provider.creates == 1
    assert not rig.plan().changes


def test_prune_does_not_cancel_what_a_job_of_the_manifest_took_over(rig: Rig) -> None:
    rig.apply()
    rows = rig.rows
    leaves_the_manifest(rig)
    rig.rows = rows
    rig.apply(prune=True)
    assert statuses(rig) == ["validating"]
    rig.finish_all()
    rig.apply(prune=True)
    assert rig.provider.creates == 1


def test_a_batch_of_a_job_that_was_renamed_is_not_shown_as_foreign_to_a_new_job_of_the_old_name(rig: Rig) -> None:
    rig.apply()
    leaves_the_manifest(rig)
    rig.apply()
    assert rig.plan().foreign == ()


def test_a_job_that_left_the_manifest_keeps_running_until_it_is_pruned(rig: Rig) -> None:
    rig.apply()
    leaves_the_manifest(rig)
    rig.apply()
    assert statuses(rig) == ["validating", "validating"]
    rig.apply(prune=True)
    assert statuses(rig) == ["cancelling", "validating"]
    assert set(rig.project().recorded().jobs) == {"gone", "labels"}


def test_g2_a_pruned_job_is_forgotten_only_once_what_it_answered_is_fetched(rig: Rig) -> None:
    rig.apply()
    leaves_the_manifest(rig)
    rig.apply(prune=True)
    (gone,) = [batch for batch in rig.provider.batches.values() if batch.status == "cancelling"]
    rig.provider.finish(gone, answered=0.67)
    reports = rig.apply(prune=True).jobs
    assert [report.failures for report in reports] == [(), ()]
    assert set(rig.project().recorded().jobs) == {"labels"}
    assert [path.name for path in rig.store.glob("results/*/output.jsonl")]
    before = rig.lockfile.read_bytes()
    rig.apply(prune=True)
    assert rig.lockfile.read_bytes() == before


def test_prune_needs_approval_and_asks_for_nothing_else(rig: Rig) -> None:
    rig.apply()
    leaves_the_manifest(rig)
    rig.rows = {}
    asked: list[tuple[str, list[Kind]]] = []
    report = rig.apply(prune=True, approve=lambda plans: bool(
        asked.extend((plan.job, [action.kind for action in plan.of(Kind.CANCEL)]) for plan in plans)))
    assert report.declined
    assert asked == [("gone", [Kind.CANCEL])]
    assert statuses(rig) == ["validating"]


def test_prune_leaves_the_jobs_of_the_manifest_and_what_is_not_ours_alone(rig: Rig) -> None:
    rig.apply()
    rig.lose_lockfile()
    rig.apply()
    leaves_the_manifest(rig)
    rig.rows = {"a": "one", "b": "two", "z": "other"}
    rig.apply(prune=True)
    assert statuses(rig) == ["validating", "validating"]
    assert "batch_0001 was adopted" in warnings(rig)


def test_a_job_that_comes_back_after_it_was_forgotten_is_not_paid_for_again(rig: Rig) -> None:
    rig.apply()
    rig.finish_all()
    rig.apply()
    rows = dict(rig.rows)
    leaves_the_manifest(rig)
    rig.rows = {}
    rig.apply()
    assert "gone" not in rig.project().recorded().jobs
    rig.rows = rows
    rig.apply()
    assert len(rig.provider.batches) == 1
    assert rig.plan().tally.ok == 3


def test_what_was_adopted_is_cancelled_by_nobody_until_the_user_imports_it(rig: Rig) -> None:
    rig.apply()
    rig.lose_lockfile()
    rig.apply()
    with pytest.raises(Refused, match="batchctl import labels batch_0001"):
        stop(rig, "batch_0001")
    (report,) = rig.apply(destroy=True).jobs
    assert report.exit_code == ExitCode.DONE
    assert statuses(rig) == ["validating"]
    assert "batch_0001 was adopted" in warnings(rig)
    before = rig.project().recorded().job("labels").batches
    take_in(rig, "batch_0001")
    after = rig.project().recorded().job("labels").batches
    assert [batch.origin for batch in (*before, *after)] == ["adopted", "imported"]
    with pytest.raises(Refused, match="already"):
        take_in(rig, "batch_0001")
    stop(rig, "batch_0001")
    assert statuses(rig) == ["cancelling"]


def test_g10_cancelling_a_job_finds_the_batch_of_a_create_that_was_killed(rig: Rig) -> None:
    die_after_the_create(rig)
    stop(rig, "labels")
    assert statuses(rig) == ["cancelling"]
    (batch,) = rig.project().recorded().job("labels").batches
    assert batch.batch_id == "batch_0001"


def test_a_batch_that_cannot_be_cancelled_does_not_keep_the_others_running(rig: Rig) -> None:
    rig.max_requests = 1
    rig.apply()
    gone = rig.provider.batches.pop("batch_0001")
    with pytest.raises(Refusal):
        stop(rig, "labels")
    assert statuses(rig) == ["cancelling", "cancelling"]
    assert f"{gone.id} is not cancelled" in warnings(rig)


@pytest.mark.parametrize("destroy", [False, True])
def test_a_batch_of_somebody_else_that_got_the_id_of_ours_is_left_alone(rig: Rig, destroy: bool) -> None:
    rig.apply()
    rig.provider.batches.clear()
    rig.provider.files = {"file-99": ("theirs.jsonl", b'{"custom_id": "theirs"}\n')}
    rig.provider.clock += 1000
    theirs = Batch("batch_0001", "file-99", rig.provider.clock, {}, ["theirs"])
    rig.provider.batches[theirs.id] = theirs
    rig.rows = {"z": "other"}
    reports = rig.apply(destroy=destroy).jobs
    assert theirs.status == "validating"
    assert "another batch has this id by now" in "\n".join(rig.plan().notes)
    assert reports[0].exit_code == (ExitCode.REFUSED if destroy else ExitCode.RUNNING)
    with pytest.raises(Refused, match="another batch has this id"):
        stop(rig, "batch_0001")
