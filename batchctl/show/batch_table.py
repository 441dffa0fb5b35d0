"""Awaited batches as lines of a table that fit a screen.

A narrow one lacks columns, a low one the batches that matter least."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from batchctl.show import figures
from batchctl.show.awaited import LONGEST_STATE, Seen, states
from batchctl.show.safe import both_ends, shortened, width
from batchctl.show.tables import fitting

#: Paints the states; a style only repeats what the word says.
_STYLES = {"in_progress": "cyan", "finalizing": "green", "cancelling": "yellow", "cannot be seen": "red"}
_FIRST = frozenset({"validating", "queued"})
_CALM = frozenset({"in_progress", "finalizing"}) | _FIRST
_UNSURE = "-"


@dataclass(frozen=True, slots=True)
class Line:
    """One line as it is shown, and how it is painted."""

    text: str
    style: str = ""


Cell = Callable[[Seen, float], str]


@dataclass(frozen=True, slots=True)
class _Layout:
    """Which columns there are, and how long a job's name and a batch's id may be."""

    columns: tuple[str, ...]
    name: int = 48
    identity: int = 48

    def table(self, chosen: Sequence[Seen], now: float) -> list[list[str]]:
        """A head and a row a batch; how many have failed is a column only where some have."""
        failed = any(seen.state.failed for seen in chosen)
        here = replace(self, columns=tuple(column for column in self.columns if failed or column != "FAILED"))
        return [list(here.columns), *(here.cells(seen, now) for seen in chosen)]

    def cells(self, seen: Seen, now: float) -> list[str]:
        made = {"JOB": shortened(seen.state.job, self.name), "BATCH": both_ends(seen.state.batch_id, self.identity)}
        return [made.get(column) or _CELLS[column](seen, now) for column in self.columns]


def _rate(seen: Seen, now: float) -> str:
    return _UNSURE if seen.rate is None else figures.rate(seen.rate)


def _age(seen: Seen, now: float) -> str:
    return figures.span(now - seen.since)


def _left(seen: Seen, now: float) -> str:
    if seen.state.due_at is None:
        return _UNSURE
    left = seen.state.due_at - now
    return figures.span(left) if left > 0 else "over"


_CELLS: Mapping[str, Cell] = {
    "STATE": lambda seen, now: shortened(seen.state.status, LONGEST_STATE), "FOR": _age,
    "DONE": lambda seen, now: f"{seen.done:,}/{seen.state.total:,}",
    "FAILED": lambda seen, now: f"{seen.state.failed:,}", "RATE": _rate, "LEFT": _left}

_ALL = ("JOB", "BATCH", "STATE", "FOR", "DONE", "FAILED", "RATE", "LEFT")

#: From wide to narrow: whole names, short ones, and then without what is missed least.
_LAYOUTS = (
    _Layout(_ALL), _Layout(_ALL, identity=17), _Layout(_ALL, 20, 13),
    _Layout(("JOB", "BATCH", "STATE", "DONE", "FAILED", "RATE", "LEFT"), 20, 13),
    _Layout(("JOB", "BATCH", "STATE", "DONE", "FAILED", "LEFT"), 20, 13),
    _Layout(("JOB", "BATCH", "STATE", "DONE", "FAILED"), 20, 13),
    _Layout(("JOB", "STATE", "DONE", "FAILED"), 20), _Layout(("JOB", "STATE", "DONE", "FAILED"), 10),
    _Layout(("STATE", "DONE", "FAILED")),
)


def batch_lines(batches: Sequence[Seen], columns: int, most: int, now: float) -> list[Line]:
    """A head, a line a batch, and how many more there are: no line longer than `columns`, and at most `most` lines.
    `now` is in Unix seconds."""
    if not batches or most < 2:
        return []
    chosen = _most_telling(batches, most - 2, now) if len(batches) > most - 1 else list(batches)
    rows = _fitting(chosen, columns, now)
    lines = [Line(rows[0], "dim"), *(Line(row, _STYLES.get(seen.state.status, ""))
                                     for row, seen in zip(rows[1:], chosen, strict=True))]
    if more := len(batches) - len(chosen):
        kept = {id(seen) for seen in chosen}
        rest = states(seen for seen in batches if id(seen) not in kept)
        lines.append(Line(_cut(f"… and {more:,} more: {rest}", columns), "dim"))
    return lines


def _fitting(chosen: Sequence[Seen], columns: int, now: float) -> list[str]:
    """The rows below their head, in the first layout that is narrow enough, else cut."""
    rows = fitting((layout.table(chosen, now) for layout in _LAYOUTS), columns)
    return [_cut(row, columns) for row in rows]


def _most_telling(batches: Sequence[Seen], most: int, now: float) -> list[Seen]:
    """Those to look at where not all find room, in their own order: what goes wrong, what is nearest to its end, and
    what has begun before what has not."""
    def rank(seen: Seen) -> tuple[bool, bool, bool, float]:
        state = seen.state
        return (state.status in _CALM and not state.failed, state.status in _FIRST, not seen.done,
                float("inf") if state.due_at is None else state.due_at)

    kept = {id(seen) for seen in sorted(batches, key=rank)[:most]}
    return [seen for seen in batches if id(seen) in kept]


def _cut(text: str, columns: int) -> str:
    """At most so many columns wide."""
    if width(text) <= columns:
        return text
    while width(text) > columns - 1:
        text = text[:-1]
    return text + "…"
