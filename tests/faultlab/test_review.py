"""What a review found broken: lost knowledge that blocked or leaked work, and failures that spread too far."""

from __future__ import annotations

import json
import os
import resource
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from batchctl.act.sinks.formats import Csv
from batchctl.desired.job import Budget, Job, Retry
from batchctl.recorded import durable
from batchctl.words.errors import ExitCode, StateError, worst
from tests.faultlab.provider import Killed
from tests.faultlab.rig import Rig


def with_job(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> None:
    """Every rig's job has these values from now on."""
    made = Rig.job

    def job(rig: Rig) -> Job:
        return replace(made(rig), **changes)

    monkeypatch.setattr(Rig, "job", job)


def lose_all_trace_of_what_was_asked(rig: Rig) -> None:
    """Nobody can tell any more which requests the batches hold: the store, the input files and the rows are gone."""
    rig.lose_store()
    for batch in rig.provider.batches.values():
        rig.provider.files.pop(batch.file, None)
    rig.rows["b"] = "changed"


def test_a_batch_that_was_turned_away_as_a_whole_loses_nothing(rig: Rig) -> None:
    rig.apply()
    rig.provider.reject(rig.provider.live()[0], "token_limit_exceeded")
    rig.apply(approve=lambda plans: False)
    lose_all_trace_of_what_was_asked(rig)
    plan = rig.plan()
    assert plan.tally.lost == 0
    assert sum(action.requests for action in plan.sending) == 3


def test_what_was_given_up_with_resend_lost_hides_no_later_row(rig: Rig) -> None:
    rig.apply()
    rig.finish_all()
    rig.apply()
    lose_all_trace_of_what_was_asked(rig)
    rig.provider.files.clear()
    assert rig.plan().tally.lost == 3
    rig.apply(resend_lost=True)
    rig.finish_all()
    rig.apply()
    rig.rows["z"] = "new"
    plan = rig.plan()
    assert (plan.tally.lost, sum(action.requests for action in plan.sending)) == (0, 1)


def test_what_is_lost_is_sent_again_at_a_new_revision(rig: Rig) -> None:
    rig.apply()
    rig.finish_all()
    rig.apply()
    lose_all_trace_of_what_was_asked(rig)
    rig.provider.files.clear()
    assert rig.plan().tally.lost == 3
    rig.revision = 2
    rig.apply()
    rig.finish_all()
    rig.apply()
    assert rig.plan().tally.ok == 3
    assert not rig.plan().changes


def test_a_budget_covers_what_the_rows_asked_before_they_changed_and_ends_with_the_revision(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_job(monkeypatch, budget=Budget(max_requests=5))
    rig.apply()
    rig.finish_all()
    rig.apply()
    rig.rows = {key: text + " or so" for key, text in rig.rows.items()}
    (report,) = rig.apply().jobs
    assert (report.exit_code, len(rig.provider.batches)) == (ExitCode.REFUSED, 1)
    rig.lose_lockfile()
    rig.lose_store()
    rig.rows["a"] = "one"
    (report,) = rig.apply().jobs
    assert report.failures == ()
    assert len(rig.provider.batches[max(rig.provider.batches)].requests) == 2
    rig.revision = 2
    assert not rig.plan().over_budget


def test_a_batch_of_an_unfinished_create_counts_for_the_budget_of_the_revision_that_it_was_begun_at(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_job(monkeypatch, budget=Budget(max_requests=3))

    def dies_after_the_create(at: int, method: str, path: str, done: bool) -> None:
        if (method, path) == ("POST", "/batches") and done:
            raise Killed

    rig.provider.fault = dies_after_the_create
    with pytest.raises(Killed):
        rig.apply()
    rig.provider.fault = None
    rig.revision = 2
    assert not rig.plan().over_budget
    (report,) = rig.apply().jobs
    assert report.failures == ()
    assert [batch.status for batch in rig.provider.batches.values()] == ["cancelling", "validating"]


def test_a_budget_is_not_spent_by_batches_that_were_turned_away(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    with_job(monkeypatch, budget=Budget(max_requests=3))
    for _ in range(2):
        rig.apply()
        rig.provider.reject(rig.provider.live()[0], "token_limit_exceeded")
    rig.apply()
    rig.finish_all()
    rig.apply()
    assert rig.plan().tally.ok == 3


def test_destroy_cancels_a_batch_of_which_nobody_can_tell_what_it_holds(rig: Rig) -> None:
    rig.apply()
    lose_all_trace_of_what_was_asked(rig)
    rig.apply(destroy=True)
    assert [batch.status for batch in rig.provider.batches.values()] == ["cancelling"]


@pytest.mark.parametrize("cause", ["down", "unseen"])
def test_g10_destroy_is_no_success_while_a_batch_may_run_where_it_cannot_be_seen(rig: Rig, cause: str) -> None:
    rig.apply()
    batch = rig.provider.batches["batch_0001"]

    def fault(at: int, method: str, path: str, done: bool) -> None:
        if path.startswith("/batches"):
            raise httpx.ReadError("down")

    if cause == "down":
        rig.provider.fault = fault
    else:
        del rig.provider.batches["batch_0001"]
    (report,) = rig.apply(destroy=True).jobs
    assert report.exit_code == ExitCode.REFUSED
    assert "batch_0001 is not cancelled" in report.failures[0].message
    assert ("ReadError: down" if cause == "down" else "FAKE_KEY") in report.failures[0].message
    rig.provider.fault = None
    rig.provider.batches["batch_0001"] = batch
    (report,) = rig.apply(destroy=True).jobs
    assert (report.exit_code, batch.status) == (ExitCode.DONE, "cancelling")


def test_after_an_unknown_outcome_no_more_creates_are_sent_in_the_pass(rig: Rig) -> None:
    rig.max_requests = 1

    def fault(at: int, method: str, path: str, done: bool) -> None:
        if (method, path) == ("POST", "/batches"):
            raise httpx.ReadTimeout("slow")

    rig.provider.fault = fault
    (report,) = rig.apply().jobs
    assert [failure.exit_code for failure in report.failures] == [ExitCode.REFUSED]
    assert rig.provider.calls.count(("POST", "/batches")) == 3
    rig.provider.fault = None
    rig.apply()
    assert set(rig.provider.paid().values()) == {1}
    assert len(rig.provider.batches) == 3


def test_what_has_ended_is_fetched_while_a_create_stays_unclear(rig: Rig) -> None:
    rig.apply()

    def fault(at: int, method: str, path: str, done: bool) -> None:
        if path == "/batches" and rig.provider.creates > 1 and (done or method == "GET"):
            raise httpx.ReadError("cut")

    rig.provider.fault = fault
    rig.rows["d"] = "four"
    rig.apply()
    rig.provider.finish(rig.provider.batches["batch_0001"])
    (report,) = rig.apply().jobs
    assert report.exit_code == ExitCode.REFUSED
    assert report.plan is not None
    assert (report.plan.tally.ok, report.plan.tally.waiting) == (3, 1)
    assert len(rig.provider.batches) == 2


def test_g1_nothing_is_created_once_the_list_cannot_be_read_after_a_create(rig: Rig) -> None:
    rig.max_requests = 1
    posted = iter([True])

    def fault(at: int, method: str, path: str, done: bool) -> None:
        if (method, path) == ("POST", "/batches") and next(posted, False):
            raise httpx.ReadTimeout("slow")
        if (method, path) == ("GET", "/batches") and ("POST", "/batches") in rig.provider.calls:
            raise httpx.ReadError("down")

    rig.provider.fault = fault
    rig.apply()
    assert rig.provider.calls.count(("POST", "/batches")) == 1


def test_more_shards_than_files_may_be_open(rig: Rig) -> None:
    rig.max_requests = 1
    rig.rows = {str(number): "text" for number in range(120)}
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/dev/fd")) + 40, hard))
    try:
        (report,) = rig.apply().jobs
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert report.failures == ()
    assert len(rig.provider.batches) == 120


def test_g4_an_older_file_of_failures_does_not_outlive_the_lockfile(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    (sink,) = rig.job().sinks
    with_job(monkeypatch, sinks=(replace(sink, records="ok"),))
    rig.retry = Retry(max_attempts=1)
    rig.apply()
    rig.finish_all(fail=lambda at: 500 if at == 0 else None)
    rig.apply()
    rig.lose_lockfile()
    rig.retry = Retry(max_attempts=2)
    for _ in range(3):
        rig.apply()
        rig.finish_all()
    failed = rig.folder / "out.jsonl.failed.jsonl"
    ended = [json.loads(line)["id"] for file in (rig.sink, failed) for line in file.read_text().splitlines()]
    assert sorted(ended) == ["a", "b", "c"]


@pytest.mark.parametrize("changes", [
    {"completion_window": "7d"}, {"endpoint": "/v1/responses"},
])
def test_a_saved_plan_is_for_the_window_and_the_place_that_it_showed(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any]
) -> None:
    before = rig.plan().digest
    with_job(monkeypatch, **changes)
    assert rig.plan().digest != before


def test_a_saved_plan_is_for_one_provider(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    before = rig.plan().digest
    provider = rig.job().provider
    with_job(monkeypatch, provider=replace(provider, where=replace(provider.where, project="other")))
    assert rig.plan().digest != before


def test_a_job_that_left_the_manifest_is_forgotten_without_its_key(rig: Rig) -> None:
    rig.apply()
    rig.finish_all()
    rig.apply()
    lockfile = json.loads(rig.lockfile.read_text())
    gone = json.loads(json.dumps(lockfile["jobs"]["labels"]))
    gone["batches"][0] |= {"batch_id": "batch_elsewhere", "shard": "0" * 64}
    gone["batches"][0]["provider"]["api_key_env"] = "NOT_SET"
    lockfile["jobs"]["gone"] = gone
    rig.lockfile.write_text(json.dumps(lockfile))
    assert [report.failures for report in rig.apply().jobs] == [(), ()]
    assert set(rig.project().recorded().jobs) == {"labels"}


def test_one_damaged_result_file_does_not_stop_new_rows(rig: Rig) -> None:
    rig.apply()
    (batch,) = rig.provider.live()
    rig.provider.finish(batch)
    assert batch.output is not None
    rig.provider.files[batch.output] = ("page.jsonl", b"<html>not now</html>\n")
    rig.rows["z"] = "new"
    (report,) = rig.apply().jobs
    assert report.exit_code == ExitCode.FAILED
    assert [len(batch.requests) for batch in rig.provider.batches.values()] == [3, 1]


def test_a_sink_that_cannot_be_read_is_a_failure_and_no_bug(rig: Rig) -> None:
    rig.sink.symlink_to(rig.sink)
    (report,) = rig.apply().jobs
    assert report.plan is None
    assert all(isinstance(failure, StateError) for failure in report.failures)


def test_a_pipe_or_a_device_is_never_replaced_by_a_file(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="not a regular file"):
        durable.write(pipe, b"data")
    assert pipe.is_fifo()
    assert list(tmp_path.iterdir()) == [pipe]


def test_g10_a_failure_with_a_code_outside_the_order_is_no_success() -> None:
    assert worst([ExitCode.DONE, ExitCode.USAGE]) == ExitCode.USAGE
    assert worst([ExitCode.USAGE, ExitCode.FAILED]) == ExitCode.FAILED
    assert worst([]) == ExitCode.DONE


@pytest.mark.parametrize("text", ["\n=1+1", "\0=1+1", "\n\n@SUM(1)", "\uff1d1+1", "\uff0b1", "\uff0d1", "\uff20a"])
def test_g9_formulas_behind_what_spreadsheets_skip_are_text(text: str) -> None:
    assert b"'" + text.encode() in Csv(formula_safe=True).line({"label": text}, ["label"])


@pytest.mark.parametrize("text", ["\npositive", "\n", "a=1"])
def test_g9_an_answer_on_its_own_line_is_left_alone(text: str) -> None:
    assert b"'" not in Csv(formula_safe=True).line({"label": text}, ["label"])
