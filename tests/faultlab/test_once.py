"""G1 and G2 in the cases that break other tools: the provider's ledger judges."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from batchctl.decide.plan import Kind
from batchctl.desired.job import Retry
from batchctl.words.errors import AmbiguousRemote
from batchctl.words.events import Notice
from tests.faultlab.provider import Killed
from tests.faultlab.rig import Rig

Judge = Callable[[], None]


def paid_once(rig: Rig) -> None:
    assert set(rig.provider.paid().values()) <= {1}


def converges(rig: Rig) -> None:
    """G6: at most two more runs, then a plan without changes."""
    rig.provider.fault = None
    rig.apply()
    rig.finish_all()
    rig.apply()
    assert not rig.plan().changes
    assert len(rig.provider.paid()) == len(rig.rows)
    records = [json.loads(line) for line in rig.sink.read_text().splitlines()]
    assert [record["id"] for record in records] == list(rig.rows)
    assert {record["status"] for record in records} == {"ok"}


def test_g1_a_rerun_of_what_is_done_sends_nothing_and_leaves_the_lockfile_byte_for_byte(rig: Rig) -> None:
    converges(rig)
    before, calls = rig.snapshot(), len(rig.provider.writes())
    rig.apply()
    assert rig.snapshot() == before
    assert len(rig.provider.writes()) == calls


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("number", range(10))
def test_g1_g6_a_crash_at_any_call_of_the_first_apply_pays_once(rig: Rig, number: int, after: bool) -> None:
    def fault(at: int, method: str, path: str, done: bool) -> None:
        if at == number and done is after:
            raise Killed

    rig.provider.fault = fault
    try:
        rig.apply()
        rig.finish_all()
        rig.apply()
    except Killed:
        pass
    paid_once(rig)
    converges(rig)
    paid_once(rig)


def test_g1_an_answer_lost_after_the_create_was_carried_out_is_found_in_the_list(rig: Rig) -> None:
    def fault(at: int, method: str, path: str, done: bool) -> None:
        if (method, path) == ("POST", "/batches") and done:
            raise httpx.ReadError("cut")

    rig.provider.fault = fault
    rig.apply()
    assert len(rig.provider.batches) == 1
    converges(rig)
    assert len(rig.provider.batches) == 1


def test_g1_a_create_that_never_arrived_is_sent_again_only_after_the_list_was_silent(rig: Rig) -> None:
    lost = iter([True])

    def fault(at: int, method: str, path: str, done: bool) -> None:
        if (method, path) == ("POST", "/batches") and not done and next(lost, False):
            raise httpx.ReadTimeout("slow")

    rig.provider.fault = fault
    rig.apply()
    posts = [at for at, call in enumerate(rig.provider.calls) if call == ("POST", "/batches")]
    reads = [at for at, call in enumerate(rig.provider.calls) if call == ("GET", "/batches")]
    assert len(posts) == 2
    assert sum(posts[0] < at < posts[1] for at in reads) >= 2
    assert len(rig.provider.batches) == 1


def test_g1_a_lost_answer_and_a_lagging_list_do_not_make_a_second_batch(rig: Rig) -> None:
    rig.provider.lag = 3

    def fault(at: int, method: str, path: str, done: bool) -> None:
        if (method, path) == ("POST", "/batches") and done:
            raise httpx.ReadError("cut")

    rig.provider.fault = fault
    rig.apply()
    assert len(rig.provider.batches) == 1


def test_g1_the_list_must_be_silent_for_the_whole_time_and_not_only_at_its_end(rig: Rig) -> None:
    rig.provider.lag = 2
    lost_at: list[float] = []

    def fault(at: int, method: str, path: str, done: bool) -> None:
        if (method, path) == ("POST", "/batches") and done:
            lost_at.append(rig.now)
            raise httpx.ReadError("cut")
        if (method, path) == ("GET", "/batches") and lost_at and rig.now < lost_at[0] + 115:
            raise httpx.ReadError("down")

    rig.provider.fault = fault
    rig.apply(settle_s=120.0)
    assert len(rig.provider.batches) == 1


@pytest.mark.parametrize("lose", ["lockfile", "store", "both"])
@pytest.mark.parametrize("when", ["live", "ended", "done"])
def test_g1_g2_what_is_lost_on_disk_is_found_again_at_the_provider(rig: Rig, lose: str, when: str) -> None:
    rig.apply()
    if when != "live":
        rig.finish_all()
    if when == "done":
        rig.apply()
    if lose in ("lockfile", "both"):
        rig.lose_lockfile()
    if lose in ("store", "both"):
        rig.lose_store()
    converges(rig)
    assert len(rig.provider.batches) == 1
    assert set(rig.provider.batches) == {record.batch_id for record in rig.project().recorded().job("labels").batches}


def test_g1_tags_are_found_in_file_names_where_metadata_is_not_shown(rig: Rig) -> None:
    rig.provider.shows_metadata = False
    rig.apply()
    rig.lose_lockfile()
    rig.lose_store()
    converges(rig)
    assert len(rig.provider.batches) == 1


def test_g1_an_older_lockfile_is_caught_up_with_what_the_provider_has(rig: Rig) -> None:
    rig.apply()
    old = rig.lockfile.read_bytes()
    rig.rows |= {"d": "four", "e": "five"}
    rig.finish_all()
    rig.apply()
    rig.lockfile.write_bytes(old)
    rig.lose_store()
    converges(rig)
    assert len(rig.provider.batches) == 2


def test_one_changed_row_is_one_request(rig: Rig) -> None:
    converges(rig)
    rig.rows["b"] = "changed"
    rig.apply()
    assert [len(batch.requests) for batch in rig.provider.batches.values()] == [3, 1]
    converges_with_history(rig)


def converges_with_history(rig: Rig) -> None:
    rig.finish_all()
    rig.apply()
    assert not rig.plan().changes
    paid_once(rig)


def test_a_moved_row_costs_nothing(rig: Rig) -> None:
    converges(rig)
    rig.rows = dict(reversed(rig.rows.items()))
    converges(rig)
    assert len(rig.provider.batches) == 1


def test_nothing_is_created_while_the_list_cannot_be_read(rig: Rig) -> None:
    def fault(at: int, method: str, path: str, done: bool) -> None:
        if (method, path) == ("GET", "/batches"):
            raise httpx.ReadError("down")

    rig.provider.fault = fault
    (report,) = rig.apply().jobs
    assert report.exit_code == 5
    assert isinstance(report.failures[0], AmbiguousRemote)
    assert rig.provider.writes() == []


def test_failed_and_expired_requests_are_retried_alone_and_what_was_paid_is_kept(rig: Rig) -> None:
    rig.apply()
    (batch,) = rig.provider.live()
    rig.provider.finish(batch, status="expired", answered=0.67)
    rig.apply()
    first, second = rig.provider.batches.values()
    assert (len(first.requests), len(second.requests)) == (3, 1)
    converges(rig)


def test_retries_are_bounded_and_permanent_failures_are_not_retried(rig: Rig) -> None:
    rig.retry = Retry(max_attempts=2)
    for _ in range(4):
        rig.apply()
        rig.finish_all(fail=lambda at: 500)
    rig.apply()
    assert len(rig.provider.batches) == 2
    assert rig.plan().tally.failed == 3
    rig.rows["b"] = "asked anew"
    rig.apply()
    rig.finish_all(fail=lambda at: 400)
    rig.apply()
    assert len(rig.provider.batches) == 3


def test_cancelled_is_an_end(rig: Rig) -> None:
    rig.apply()
    (batch,) = rig.provider.live()
    rig.provider.finish(batch, status="cancelled", answered=0.34)
    rig.apply()
    assert rig.plan().tally.cancelled == 2
    assert not rig.plan().changes
    assert len(rig.provider.batches) == 1


def test_capacity_is_no_attempt_and_the_same_file_is_sent_again(rig: Rig) -> None:
    rig.retry = Retry(max_attempts=1)
    for _ in range(3):
        rig.apply()
        for batch in rig.provider.live():
            rig.provider.reject(batch, "token_limit_exceeded")
    converges(rig)
    assert len({batch.file for batch in rig.provider.batches.values()}) == 1


def test_a_batch_that_fails_validation_is_not_sent_again(rig: Rig) -> None:
    rig.apply()
    for batch in rig.provider.live():
        rig.provider.reject(batch, "invalid_json_line")
    rig.apply()
    told = [event.text for event in rig.events if isinstance(event, Notice)]
    assert any("invalid_json_line" in text for text in told)
    rig.apply()
    assert len(rig.provider.batches) == 1
    assert rig.plan().tally.failed == 3


def test_one_bad_row_costs_its_neighbours_nothing_once_it_is_mended(rig: Rig) -> None:
    rig.apply()
    for batch in rig.provider.live():
        rig.provider.reject(batch, "invalid_json_line")
    rig.apply()
    rig.rows["b"] = "mended"
    rig.apply()
    assert [len(batch.requests) for batch in rig.provider.live()] == [3]
    converges(rig)


def test_live_requests_that_nobody_wants_any_more_are_cancelled_and_others_never(rig: Rig) -> None:
    rig.max_requests = 1
    rig.apply()
    assert len(rig.provider.live()) == 3
    del rig.rows["b"]
    rig.apply()
    assert [batch.status for batch in rig.provider.batches.values()] == ["validating", "cancelling", "validating"]


def test_g5_plan_makes_no_remote_write_and_touches_no_file(rig: Rig) -> None:
    before = rig.snapshot()
    assert [action.kind for action in rig.plan().actions] == [Kind.CREATE]
    assert rig.snapshot() == before
    assert rig.provider.writes() == []
    rig.apply()
    rig.finish_all()
    before, writes = rig.snapshot(), len(rig.provider.writes())
    assert Kind.FETCH in [action.kind for action in rig.plan().actions]
    rig.lose_lockfile()
    del before["job.lock.json"]
    plan = rig.plan()
    assert [action.kind for action in plan.actions] == [Kind.ADOPT]
    assert rig.snapshot() == before
    assert len(rig.provider.writes()) == writes


def test_g2_a_forgotten_job_with_live_batches_stays_recorded(rig: Rig) -> None:
    rig.apply()
    project = rig.project()
    record = project.recorded().job("labels")
    lockfile = json.loads(rig.lockfile.read_text())
    lockfile["jobs"]["gone"] = lockfile["jobs"].pop("labels")
    rig.lockfile.write_text(json.dumps(lockfile))
    rig.apply()
    assert rig.project().recorded().job("gone").batches == record.batches


def created_at_once(rig: Rig, folder: Path) -> Rig:
    """A second clone, whose whole apply came just before the create of the first."""
    other = Rig(folder, provider=rig.provider, rows=dict(rig.rows))
    (other.folder / "job.yaml").write_text("")
    entered = iter([True])

    def fault(at: int, method: str, path: str, done: bool) -> None:
        if (method, path) == ("POST", "/batches") and not done and next(entered, False):
            other.apply()

    rig.provider.fault = fault
    rig.apply()
    rig.provider.fault = None
    return other


def test_g1_two_clones_that_create_at_once_keep_the_older_batch(
    rig: Rig, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = created_at_once(rig, tmp_path_factory.mktemp("clone"))
    statuses = [batch.status for batch in sorted(rig.provider.batches.values(), key=lambda one: one.id)]
    assert statuses == ["validating", "cancelling"]
    paid_once(rig)
    for batch in rig.provider.live():
        rig.provider.finish(batch, answered=0.0 if batch.status == "cancelling" else 1.0)
    converges(rig)
    converges(other)
    paid_once(rig)


def test_g6_of_two_clones_that_create_at_once_both_retry_what_failed_in_the_batch_that_stayed(
    rig: Rig, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = created_at_once(rig, tmp_path_factory.mktemp("clone"))
    older, younger = sorted(rig.provider.live(), key=lambda batch: batch.created_at)
    rig.provider.finish(younger, answered=0.0)
    rig.provider.finish(older, fail=lambda at: 500 if at == 0 else None)
    other.apply()
    (retry,) = rig.provider.live()
    assert len(retry.requests) == 1
    converges(other)
    converges(rig)
    paid_once(rig)


def test_a_full_queue_is_no_failure_and_what_is_left_is_sent_later(rig: Rig) -> None:
    rig.max_requests = 1
    rig.provider.refuse = {2: ("token_limit_exceeded", 400)}
    (report,) = rig.apply().jobs
    assert report.failures == ()
    assert len(rig.provider.batches) == 1
    assert report.plan is not None
    assert [action.kind for action in report.plan.sending] == [Kind.CREATE, Kind.CREATE]
    converges(rig)
    assert len(rig.provider.batches) == 3
