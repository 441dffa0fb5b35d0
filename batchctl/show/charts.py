"""The geometry of charts: bars of a distribution, shares of a whole, and spans of time, in units of a view box."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from batchctl.act.report.distribution import Distribution
from batchctl.act.report.facts import Ran
from batchctl.show import figures

#: The height of a bar chart and the width of a time line, in units of their view boxes.
HEIGHT = 100
WIDTH = 1000
#: A bar that stands for something is never too thin to be seen.
_LEAST = 1.5
_BARS = 24
#: What takes less, in seconds, needs no line of time.
_SHORTEST_S = 60
#: Steps of a scale of seconds: what people count time in.
_SECONDS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, 43_200, 86_400, 172_800,
            432_000, 864_000)

Words = Callable[[int], str]


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a bar chart, from the left edge of its place on; `label` says what it counts."""

    x: float
    y: float
    width: float
    height: float
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Bars:
    """A distribution as bars. `first` and `last` are the ends of the scale, `summary` the whole in a sentence."""

    title: str
    bars: tuple[Bar, ...]
    width: int
    first: str
    last: str
    tallest: int
    summary: str


def bars(title: str, of: Distribution, words: Words, *, seconds: bool = False) -> Bars | None:
    """Bars of equal width up to the 99th percentile, and one for what lies above; None where nothing was measured.
    `words` says a number with its unit; `seconds` are counted in minutes and hours."""
    if not of.count:
        return None
    cuts = list(_cuts(of, seconds))
    counts = [of.within(low, above) for low, above in pairwise(cuts)]
    labels = [words(low) if above - low == 1 else f"{words(low)} to {words(above - 1)}"
              for low, above in pairwise(cuts)]
    rest = of.count - sum(counts)
    if rest:
        counts.append(rest)
        labels.append(f"{words(cuts[-1])} and more")
    tallest = max(counts)
    made = tuple(
        Bar(number * 10 + 0.5, HEIGHT - height, 9, height, label, count)
        for number, (label, count) in enumerate(zip(labels, counts, strict=True))
        for height in [max(_LEAST, HEIGHT * count / tallest) if count else 0])
    summary = (f"median {words(of.quantile(0.5))}, 90th percentile {words(of.quantile(0.9))}, "
               f"from {words(of.smallest)} to {words(of.largest)}")
    last = f"{words(cuts[-1])} and more" if rest else words(cuts[-1] - 1)
    return Bars(title, made, len(made) * 10, words(cuts[0]), last, tallest, summary)


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole, in units of WIDTH; `name` is also its colour."""

    name: str
    number: int
    percent: str
    x: float
    width: float


def shares(parts: Sequence[tuple[str, int]]) -> tuple[Share, ...]:
    """The parts that are there, side by side, each wide enough to be seen."""
    there = [(name, number) for name, number in parts if number]
    total = sum(number for _, number in there)
    widths = [max(8.0, WIDTH * number / total) for _, number in there]
    made: list[Share] = []
    x = 0.0
    for (name, number), width in zip(there, widths, strict=True):
        width *= WIDTH / sum(widths)
        made.append(Share(name, number, percent(number, total), round(x, 2), round(width, 2)))
        x += width
    return tuple(made)


def percent(number: int, total: int) -> str:
    """Never 0 % of something, and 100 % of all alone."""
    if not total or number == total:
        return "100 %" if total else "-"
    share = 100 * number / total
    if share < 0.1:
        return "< 0.1 %"
    return "> 99.9 %" if share > 99.9 else f"{share:.1f} %"


@dataclass(frozen=True, slots=True)
class Span:
    """A batch on a time line; `open`: its end is not known."""

    batch: Ran
    x: float
    width: float
    open: bool
    took: str


@dataclass(frozen=True, slots=True)
class TimeLine:
    """Batches in time, in units of WIDTH; `first` and `last` are the ends of the scale, `untold` those left out."""

    spans: tuple[Span, ...]
    first: str
    last: str
    untold: int


def time_line(batches: Sequence[Ran], longest: int) -> TimeLine | None:
    """The first `longest` batches that have a time; None where none has one, and where all was over at once."""
    timed = [batch for batch in batches if batch.created_at is not None][:longest]
    if not timed:
        return None
    begin = min(batch.created_at or 0 for batch in timed)
    end = max(batch.ended_at or batch.created_at or 0 for batch in timed)
    if end - begin < _SHORTEST_S:
        return None
    scale = WIDTH / (end - begin)
    spans = []
    for batch in timed:
        start = batch.created_at or 0
        stop = end if batch.ended_at is None else max(start, batch.ended_at)
        x = min((start - begin) * scale, WIDTH - 6)
        took = "-" if batch.ended_at is None else elapsed(stop - start)
        spans.append(Span(batch, round(x, 2), round(max(6.0, min((stop - start) * scale, WIDTH - x)), 2),
                          batch.ended_at is None, took))
    return TimeLine(tuple(spans), figures.moment(begin), figures.moment(end), len(batches) - len(timed))


def elapsed(seconds: int) -> str:
    """`45 s`, `12 min`, `3 h 20 min`, `2 d 4 h`."""
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86_400
    if seconds < 120:
        return f"{seconds} s"
    if hours < 2:
        return f"{minutes} min"
    if days < 2:
        return f"{hours} h {minutes % 60} min" if minutes % 60 else f"{hours} h"
    return f"{days} d {hours % 24} h" if hours % 24 else f"{days} d"


def _cuts(of: Distribution, seconds: bool) -> Iterator[int]:
    """The edges of the bars, the last of which lies above the 99th percentile."""
    most = of.quantile(0.99)
    first = 0 if of.smallest < most / 3 else of.smallest
    step = _step(most - first + 1, seconds)
    at = first // step * step
    yield at
    while at <= most:
        at += step
        yield at


def _step(length: int, seconds: bool) -> int:
    """A round number of which at most `_BARS` make up a length."""
    if seconds:
        for step in _SECONDS:
            if step * _BARS >= length:
                return step
    power = 1
    while True:
        for digit in (1, 2, 5):
            if digit * power * _BARS >= length:
                return digit * power
        power *= 10
