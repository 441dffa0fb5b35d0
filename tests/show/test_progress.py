"""Progress: on a terminal how fast it goes and how long it will take, off a terminal only what has been done."""

from __future__ import annotations

import io
import time
from collections.abc import Sequence

import pytest

from batchctl.show.figures import clock
from batchctl.show.live import LiveProgress
from batchctl.show.progress import Progress
from batchctl.show.terminal import Terminal
from batchctl.words.events import BatchState, Downloading, Event, Rendering, Step, Uploading, Writing

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
    seen = watched([before, Step("reviews", "fetch", "3 of 3 ok", "batch_1"),
                    Writing("reviews", "out.csv", 1, 3)], 80, monkeypatch)
    assert "finalizing" in seen
    assert "finalizing" not in seen[seen.index("writing"):]


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
