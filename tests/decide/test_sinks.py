"""When a sink is written, and why."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from batchctl.decide.known import KnownBatch, SinkFile
from batchctl.decide.plan import JobPlan, Kind
from batchctl.decide.planner import Situation, plan_job
from batchctl.decide.wanted import SinkWish
from batchctl.words.outcomes import Outcome
from tests.decide.worlds import job, known, settled

SINK = SinkWish("out.csv", "shape")
DONE = settled([0, 1], Outcome.OK)


def planned(*batches: KnownBatch, file: SinkFile | None = None, wish: SinkWish = SINK, **more: Any) -> JobPlan:
    files = {} if file is None else {wish.path: file}
    return plan_job(job(2, sinks=(wish,), **more), Situation(known=batches, sinks=files))


def writes(*batches: KnownBatch, **more: Any) -> list[tuple[str, bool]]:
    return [(action.reason, action.change) for action in planned(*batches, **more).of(Kind.WRITE)]


def written(*batches: KnownBatch, **more: Any) -> SinkFile:
    """The sink as it stands after it was written for these batches."""
    (action,) = planned(*batches, **more).of(Kind.WRITE)
    return SinkFile("sha256:x", action.made_from, "sha256:x")


def test_g10_a_sink_is_written_once_everything_has_settled() -> None:
    assert writes(DONE) == [("new", True)]
    assert not writes(known([0, 1]))
    assert not writes(settled([0], Outcome.OK), known([1], at=2))
    assert not writes(settled([0, 1], Outcome.OK, Outcome.EXPIRED))


def test_g7_a_sink_that_is_what_the_results_say_is_left_alone() -> None:
    assert not writes(DONE, file=written(DONE))


def test_a_sink_that_was_lost_or_edited_is_refilled_which_is_no_change() -> None:
    good = written(DONE)
    for on_disk in (None, "sha256:edited"):
        assert writes(DONE, file=replace(good, on_disk=on_disk)) == [("refill", False)]


def test_a_sink_is_written_again_when_rows_answers_or_wishes_change() -> None:
    good = written(DONE)
    assert writes(DONE, file=good, wish=replace(SINK, shape="other")) == [("results-changed", True)]
    assert writes(DONE, file=good, inputs_digest="other") == [("results-changed", True)]
    failed = settled([0, 1], Outcome.OK, Outcome.REJECTED)
    assert writes(failed, file=good) == [("results-changed", True)]
    assert writes(settled([0, 1], Outcome.OK, Outcome.INVALID_OUTPUT), file=written(failed)) == [
        ("results-changed", True)]


def test_a_file_that_batchctl_did_not_record_is_told_apart() -> None:
    assert writes(DONE, file=SinkFile(on_disk="sha256:somebody")) == [("not-recorded", True)]


def test_g4_a_sink_is_never_replaced_by_one_that_has_lost_answers() -> None:
    lost = settled([0, 1], Outcome.OK, Outcome.LOST)
    assert writes(lost) == [("new", True)]
    assert not writes(lost, file=written(DONE))
    assert writes(lost, file=SinkFile("sha256:x", "sha256:old", None)) == [("results-changed", True)]


def test_a_partial_sink_is_written_at_every_pass_that_brings_something() -> None:
    wish = replace(SINK, partial=True)
    some, live = settled([0], Outcome.OK), known([1], at=2)
    assert writes(some, live, wish=wish) == [("new", True)]
    assert not writes(some, live, wish=wish, file=written(some, live, wish=wish))
    assert writes(some, settled([1], Outcome.OK, at=2), wish=wish,
                  file=written(some, live, wish=wish)) == [("results-changed", True)]


def test_the_implied_sink_for_failures_is_made_only_for_failures_and_kept_true_afterwards() -> None:
    wish = replace(SINK, only_when_failed=True)
    failed = settled([0, 1], Outcome.OK, Outcome.REJECTED)
    assert not writes(DONE, wish=wish)
    assert writes(failed, wish=wish) == [("new", True)]
    assert writes(DONE, wish=wish, file=written(failed, wish=wish)) == [("results-changed", True)]


def test_what_a_sink_needs_and_the_store_has_lost_is_fetched_first() -> None:
    plan = planned(replace(DONE, stored=False))
    assert [(action.kind, action.reason, action.change) for action in plan.actions] == [
        (Kind.WRITE, "new", True), (Kind.FETCH, "refill", False)]
    assert not planned(replace(DONE, stored=False), file=written(DONE)).actions
