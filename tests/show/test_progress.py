"""Progress: on a terminal how fast it goes and how long it will take, off a terminal only what has been done."""

from __future__ import annotations

import contextlib
import io
import re
import time
from collections.abc import Sequence
from dataclasses import replace

import pyte
import pytest

from batchctl.show.figures import clock
from batchctl.show.live import LiveProgress
from batchctl.show.progress import Progress
from batchctl.show.terminal import Terminal
from batchctl.words.diagnostics import Diagnostic
from batchctl.words.events import (
    Awaiting,
    BatchState,
    Downloading,
    Event,
    Rendering,
    Step,
    Uploading,
    Waiting,
    Writing,
)

NAMES = ("reviews", "n" * 48)
each_width = pytest.mark.parametrize("columns", [80, 200])
each_name = pytest.mark.parametrize("name", NAMES, ids=["short", "long"])


class Screen(io.StringIO):
    """A terminal's stderr."""

    def isatty(self) -> bool:
        return True


def watched(events: Sequence[Event], columns: int, monkeypatch: pytest.MonkeyPatch) -> str:
    """What a person saw while these came, at a tenth of a second each."""
    monkeypatch.setenv("COLUMNS", str(columns))
    screen = Screen()
    with LiveProgress(Terminal({"NO_COLOR": "1"}, stderr=screen, stdin=io.StringIO(), stdout=io.StringIO())) as live:
        for event in events:
            live(event)
            time.sleep(0.1)
    return screen.getvalue()


@each_width
@each_name
def test_rows_show_their_rate_and_what_is_left(name: str, columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for seen in (watched([Rendering(name, rows, 10**6) for rows in (0, 5_000, 10_000, 15_000)], columns, monkeypatch),
                 watched([Writing(name, "out/labels.csv", rows, 10**6) for rows in (0, 5_000, 10_000)], columns,
                         monkeypatch)):
        assert "rows/s" in seen
        assert " left" in seen


def test_something_moves_while_many_small_jobs_are_rendered(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = watched([Rendering(f"job-{number}", 2, done=True) for number in range(10)], 80, monkeypatch)
    assert re.search(r"\d jobs rendered", seen)
    assert "1 jobs" not in seen


@each_width
def test_a_rate_is_shown_also_where_nobody_knows_how_many_rows_there_are(
        columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = watched([Rendering("reviews", rows) for rows in (0, 5_000, 10_000)], columns, monkeypatch)
    assert "rows/s" in seen
    assert " left" not in seen


@each_width
@each_name
def test_transfers_show_shard_bytes_rate_and_what_is_left(
        name: str, columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = [Uploading(name, "ab", sent, 28_500_000, 3, 20) for sent in (0, 2_100_000, 5_200_000)]
    seen = watched(sent, columns, monkeypatch)
    assert "shard 3/20, 5.2 of 28.5 MB" in seen
    assert "MB/s" in seen
    assert " left" in seen
    got = [Downloading(name, "batch_1", got, 28_500_000) for got in (0, 2_100_000, 5_200_000)]
    seen = watched(got, columns, monkeypatch)
    assert "5.2 of 28.5 MB" in seen
    assert "MB/s" in seen


def test_a_batch_that_was_fetched_is_no_longer_shown_as_it_was_before(monkeypatch: pytest.MonkeyPatch) -> None:
    before = BatchState("reviews", "batch_1", "finalizing", 3, 0, 3)
    seen = watched([Awaiting("", (before,)), Waiting("", 5, 1), before, before,
                    Step("reviews", "fetch", "3 of 3 ok", "batch_1"), Writing("reviews", "out.csv", 1, 3)],
                   80, monkeypatch)
    assert "finalizing" in seen
    assert "finalizing" not in seen[seen.index("writing"):]


def test_an_error_while_batches_are_waited_for_leaves_nothing_of_the_table_on_the_screen() -> None:
    screen, shown = Screen(), pyte.Screen(100, 20)
    live = LiveProgress(Terminal({}, stderr=screen, stdin=io.StringIO(), stdout=io.StringIO()))
    with contextlib.suppress(ZeroDivisionError), live:
        live(Awaiting("", (BatchState("reviews", "batch_1", "in_progress", 3, 0, 3),)))
        live(Waiting("", 5, 1))
        live(Step("reviews", "create", "3 requests", "batch_2"))
        raise ZeroDivisionError
    assert "LEFT" in screen.getvalue()
    pyte.Stream(shown).feed(screen.getvalue().replace("\n", "\r\n"))
    assert [line.strip() for line in shown.display if line.strip()] == ["reviews: + create batch_2: 3 requests"]
    assert not shown.cursor.hidden


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (200, 50), (40, 5), (20, 3)])
def test_hundreds_of_batches_scroll_nothing_off_the_screen(
        columns: int, rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("LINES", str(rows))
    screen, shown = Screen(), pyte.HistoryScreen(columns, rows)
    batches = [BatchState(f"job-{number % 7}", f"batch_{number:032}", "in_progress", number, number % 2, 1319)
               for number in range(300)]
    with LiveProgress(Terminal({}, stderr=screen, stdin=io.StringIO(), stdout=io.StringIO())) as live:
        live(Awaiting("", tuple(batches)))
        live(Waiting("", 5, len(batches)))
        for state in batches[:250]:
            live(replace(state, status="completed"))
        time.sleep(0.6)
    pyte.Stream(shown).feed(screen.getvalue().replace("\n", "\r\n"))
    assert screen.getvalue().count("waiting for ") >= 2
    assert not shown.history.top
    assert not any(line.strip() for line in shown.display), "nor is anything left"


def test_a_table_that_was_taken_off_for_a_question_comes_back_below_it() -> None:
    screen, shown = Screen(), pyte.Screen(100, 20)
    with LiveProgress(Terminal({}, stderr=screen, stdin=io.StringIO(), stdout=io.StringIO())) as live:
        live(Awaiting("", (BatchState("reviews", "batch_1", "in_progress", 3, 0, 3),)))
        live(Waiting("", 5, 1))
        live.close()
        screen.write("Send 3 requests? yes\n")
        live(Waiting("", 5, 1))
        pyte.Stream(shown).feed(screen.getvalue().replace("\n", "\r\n"))
    assert [line.split(" ")[0] for line in shown.display if line.strip()] == ["Send", "JOB", "reviews", "waiting"]


def test_what_is_said_while_batches_are_waited_for_stands_above_the_table_in_whole_lines() -> None:
    screen, shown = Screen(), pyte.Screen(100, 20)
    terminal = Terminal({}, stderr=screen, stdin=io.StringIO(), stdout=io.StringIO())
    with LiveProgress(terminal) as live:
        live(Awaiting("", (BatchState("reviews", "batch_1", "in_progress", 3, 0, 3),)))
        live(Waiting("", 5, 1))
        terminal.diagnostics([Diagnostic("code", "one", severity="warning"), Diagnostic("code", "two")])
        pyte.Stream(shown).feed(screen.getvalue().replace("\n", "\r\n"))
    assert [line.strip() for line in shown.display if line.strip()][:4] == [
        "warning[code]: one", "error[code]: two", "1 error, 1 warning.",
        "JOB      BATCH    STATE        FOR  DONE  RATE  LEFT"]
    terminal.err("afterwards\n")
    assert screen.getvalue().endswith("afterwards\n")


class Log:
    """Plain progress with a clock that is set by hand."""

    def __init__(self) -> None:
        self.s = 0.0
        self.stream = io.StringIO()
        self.plain = Progress(Terminal({}, stderr=self.stream, stdin=io.StringIO(), stdout=io.StringIO()),
                              lambda: self.s, lambda: self.s)

    def polls(self, *batches: BatchState, every_s: float = 60.0) -> list[str]:
        """What one look at these batches has added."""
        before = len(self.stream.getvalue())
        self.s += every_s
        self.plain(Waiting("", every_s, len(batches)))
        for state in batches:
            self.plain(state)
        return self.stream.getvalue()[before:].splitlines()


def test_off_a_terminal_a_batch_gets_a_line_a_change_and_none_a_look() -> None:
    log = Log()
    log.plain(Awaiting("", (BatchState("j", "b", "validating", 0, 0, 9),)))
    assert log.polls(BatchState("j", "b", "validating", 0, 0, 9)) == ["… waiting for 1 batch",
                                                                      "j: … b: validating, 0/9"]
    assert log.polls(BatchState("j", "b", "in_progress", 1, 0, 9)) == ["j: … b: in_progress, 1/9"]
    assert [line for done in (2, 3, 4, 5) for line in log.polls(BatchState("j", "b", "in_progress", done, 0, 9))] == []
    assert log.polls(BatchState("j", "b", "in_progress", 6, 1, 9)) == ["j: … b: in_progress, 7/9 (1 failed)"]


def test_off_a_terminal_one_line_says_how_far_many_batches_are() -> None:
    log = Log()
    before = [BatchState("j", f"b{number}", "in_progress", 0, 0, 9) for number in range(6)]
    log.plain(Awaiting("", tuple(before)))
    assert len(log.polls(*before)) == 7
    moved = [replace(state, completed=5, failed=1) for state in before[1:]]
    assert [line for _ in range(3) for line in log.polls(before[0], *moved)] == []
    assert log.polls(before[0], *moved) == ["… 6 batches: 6 in_progress; 30/54 (5 failed)"]
    assert log.polls(before[0], *moved) == []


def test_off_a_terminal_only_what_is_done_is_a_line() -> None:
    log = io.StringIO()
    with Progress(Terminal({}, stderr=log, stdin=io.StringIO(), stdout=io.StringIO())) as plain:
        for event in (Rendering("reviews", 5, 10), Uploading("reviews", "ab", 1, 2), Writing("reviews", "o.csv", 1, 2),
                      Downloading("reviews", "batch_1", 1), Step("reviews", "create", "3 requests", "batch_1")):
            plain(event)
    assert log.getvalue() == "reviews: + create batch_1: 3 requests\n"


@pytest.mark.parametrize(("seconds", "shown"), [(0, "0:00"), (11.6, "0:12"), (725, "12:05"), (3723, "1:02:03")])
def test_durations_are_read_as_on_a_clock(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown
