"""The table of awaited batches: it fits every screen, and what is cut from it is what matters least."""

from __future__ import annotations

import re

import pytest

from batchctl.show.awaited import Awaited, Seen, states
from batchctl.show.batch_table import batch_lines
from batchctl.show.figures import rate, span
from batchctl.show.safe import width
from batchctl.words.events import Awaiting, BatchState, Step
from tests.hostile import CONTROL, EVIL

NOW = 1_000_000.0
IDENTITY = "batch_68f2a1c44e8c8190b7d1f0a2b3c4d5e6"


def seen(number: int = 0, status: str = "in_progress", done: int = 412, failed: int = 0, job: str = "review-sentiment",
         due_at: int | None = int(NOW) + 80_000, identity: str = IDENTITY) -> Seen:
    state = BatchState(job, f"{identity}{number}", status, done - failed, failed, 1319, int(NOW) - 190, due_at)
    return Seen(state, NOW - 190, ((0.0, 0), (100.0, done)))


def text(*batches: Seen, columns: int = 200, most: int = 40) -> list[str]:
    return [line.text for line in batch_lines(batches, columns, most, NOW)]


def test_a_wide_screen_shows_all_of_a_batch() -> None:
    assert text(seen(failed=3)) == [
        "JOB               BATCH                                    STATE        FOR    DONE       FAILED  RATE  LEFT",
        f"review-sentiment  {IDENTITY}0  in_progress  3 min  412/1,319  3       4/s   22 h 13"]
    assert text(seen())[0].split() == ["JOB", "BATCH", "STATE", "FOR", "DONE", "RATE", "LEFT"]


def test_a_narrow_screen_lacks_what_is_missed_least_and_keeps_the_state_and_how_far_it_is() -> None:
    heads = [text(seen(job="n" * 48), columns=columns)[0].split() for columns in (200, 100, 79, 70, 64, 48, 30, 24)]
    assert heads == [
        ["JOB", "BATCH", "STATE", "FOR", "DONE", "RATE", "LEFT"],
        ["JOB", "BATCH", "STATE", "FOR", "DONE", "RATE", "LEFT"],
        ["JOB", "BATCH", "STATE", "DONE", "RATE", "LEFT"],
        ["JOB", "BATCH", "STATE", "DONE", "LEFT"],
        ["JOB", "BATCH", "STATE", "DONE"], ["JOB", "STATE", "DONE"], ["STATE", "DONE"], ["STATE", "DONE"]]


@pytest.mark.parametrize("columns", [12, 20, 40, 80, 200])
@pytest.mark.parametrize("most", [2, 3, 10, 500])
def test_no_screen_is_too_small_for_hundreds_of_batches(columns: int, most: int) -> None:
    batches = [seen(number, "validating" if number % 3 else "in_progress", job="名" * 48) for number in range(300)]
    lines = text(*batches, columns=columns, most=most)
    assert len(lines) == min(most, 301)
    assert max(map(width, lines)) <= columns


def test_of_too_many_batches_those_that_go_wrong_and_those_near_their_end_are_shown_and_the_rest_is_counted() -> None:
    batches = [seen(number, "validating", 0, identity="b") for number in range(20)]
    batches[17] = seen(17, "cancelling", identity="b")
    batches[11] = seen(11, "in_progress", failed=1, identity="b")
    batches[5] = seen(5, "in_progress", due_at=int(NOW) + 60, identity="b")
    batches[14] = seen(14, "in_progress", identity="b")
    shown = text(*batches, most=5)
    assert [line.split()[1] for line in shown[1:-1]] == ["b5", "b11", "b17"], "in their own order"
    assert shown[-1] == "… and 17 more: 16 validating, 1 in_progress"


def test_colour_only_repeats_what_the_words_say() -> None:
    batches = [seen(status=status) for status in ("in_progress", "finalizing", "cancelling", "validating", "odd")]
    lines = batch_lines(batches, 200, 40, NOW)
    assert len({line.style for line in lines[1:]}) > 2
    assert all(one.state.status in line.text for one, line in zip(batches, lines[1:], strict=True))


@pytest.mark.parametrize("evil", EVIL, ids=ascii)
def test_G9_hostile_text_of_a_provider_is_text_in_the_table(evil: str) -> None:
    batches = [seen(number, evil, job=evil, identity=evil) for number in range(4)]
    for columns in (24, 80, 200):
        for line in (*text(*batches, columns=columns), *text(*batches, columns=columns, most=3), states(batches)):
            assert not CONTROL.search(line)
            assert "\n" not in line


def test_a_window_that_is_over_and_one_that_nobody_knows_are_told_apart() -> None:
    assert text(seen(due_at=int(NOW) - 1))[1].endswith(" over")
    assert text(seen(due_at=None))[1].endswith(" -")


class Clock:
    """Both clocks of a tracker."""

    def __init__(self) -> None:
        self.s = 0.0

    def tracker(self) -> Awaited:
        return Awaited(lambda: self.s, lambda: NOW + self.s)


def test_the_rate_is_that_of_the_last_minutes_and_unknown_at_first() -> None:
    clock = Clock()
    awaited = clock.tracker()
    awaited(Awaiting("", (BatchState("j", "b", "in_progress", 100, 0, 9999),)))
    assert awaited.batches[0].rate is None
    for clock.s, done in ((60.0, 160), (120.0, 220), (900.0, 220), (1200.0, 820)):
        awaited(BatchState("j", "b", "in_progress", done, 0, 9999))
    assert awaited.batches[0].rate == 2.0, "600 in the last 300 s, of which there is a look"


def test_a_batch_that_ran_before_this_command_has_a_rate_at_once() -> None:
    awaited = Clock().tracker()
    awaited(Awaiting("", (BatchState("j", "b", "in_progress", 100, 0, 9999, since=int(NOW) - 50),)))
    assert awaited.batches[0].rate == 2.0


def test_the_age_of_a_state_is_the_providers_or_counts_from_the_first_sight_of_it() -> None:
    clock = Clock()
    awaited = clock.tracker()
    awaited(Awaiting("", (BatchState("j", "told", "validating", 0, 0, 3, since=7), BatchState("j", "b", "x", 0, 0, 3))))
    clock.s = 40.0
    awaited(BatchState("j", "b", "x", 0, 0, 3))
    assert [one.since for one in awaited.batches] == [7, NOW]
    awaited(BatchState("j", "b", "y", 0, 0, 3))
    assert awaited.batches[1].since == NOW + 40


def test_what_has_ended_or_is_awaited_no_longer_is_gone_and_what_was_just_begun_runs() -> None:
    awaited = Clock().tracker()
    awaited(Step("j", "create", "3 requests", "a"))
    awaited(Step("k", "retry", "3 requests", "b"))
    assert (awaited.running, awaited.jobs, awaited.batches) == (2, {"j", "k"}, ())
    states = tuple(BatchState("j", identity, "in_progress", 0, 0, 3) for identity in "abcd")
    awaited(Awaiting("", states))
    awaited(BatchState("j", "a", "completed", 3, 0, 3))
    awaited(Step("j", "fetch", "3 of 3 ok", "b"))
    assert [one.state.batch_id for one in awaited.batches] == ["c", "d"]
    awaited(Awaiting("", states[3:]))
    assert [one.state.batch_id for one in awaited.batches] == ["d"]
    assert awaited.running == 1


@pytest.mark.parametrize(("seconds", "shown"), [
    (-3, "0 s"), (45, "45 s"), (190, "3 min"), (11_100, "3 h 05"), (187_000, "2 d 3 h")])
def test_a_span_is_told_in_the_units_that_matter(seconds: float, shown: str) -> None:
    assert span(seconds) == shown


@pytest.mark.parametrize(("a_second", "shown"), [
    (1234, "1,234/s"), (0.7, "42/min"), (0.001, "4/h"), (0.0, "0/s")])
def test_a_rate_is_told_in_the_unit_in_which_it_is_a_number(a_second: float, shown: str) -> None:
    assert rate(a_second) == shown


def test_the_statuses_of_many_are_counted() -> None:
    assert re.fullmatch("2 in_progress, 1 validating", states([seen(), seen(), seen(status="validating")]))
