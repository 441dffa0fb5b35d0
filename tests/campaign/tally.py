"""Counts faulty runs, and which promise each was judged by and broke."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from tests.campaign.families import FAMILIES, PROMISES

T = TypeVar("T")

#: What a run breaks that raises what nobody expected: the program would have shown a traceback.
BUG = "bug"


@dataclass
class Judge:
    """One run. `holds` may be called any number of times for a promise; one that fails is enough."""

    family: str
    where: str
    judged: set[str] = field(default_factory=set)
    broken: list[tuple[str, str]] = field(default_factory=list)

    def holds(self, promise: str, fact: bool, what: str) -> None:
        """`what` says what was seen, as it is read when `fact` is false."""
        assert promise in PROMISES, promise
        self.judged.add(promise)
        if not fact:
            self.broken.append((promise, what))


@dataclass
class Tally:
    """What a test, a process, or the whole campaign has run; `broken` as lines to read."""

    runs: Counter[str] = field(default_factory=Counter)
    judged: Counter[tuple[str, str]] = field(default_factory=Counter)
    violations: Counter[tuple[str, str]] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)

    def add(self, run: Judge) -> None:
        self.runs[run.family] += 1
        self.judged.update((run.family, promise) for promise in run.judged)
        self.violations.update((run.family, promise) for promise in {promise for promise, _ in run.broken})
        self.broken += [f"{run.family} {promise} violated at {run.where}: {what}" for promise, what in run.broken]

    def merge(self, given: dict[str, Any]) -> None:
        """Adds what `as_json` gave, from another process."""
        self.runs.update(given["runs"])
        for name, counter in (("judged", self.judged), ("violations", self.violations)):
            counter.update({(family, promise): count for family, promise, count in given[name]})
        self.broken += given["broken"]

    def as_json(self) -> dict[str, Any]:
        return {"runs": dict(self.runs), "broken": self.broken,
                "judged": [[*pair, count] for pair, count in sorted(self.judged.items())],
                "violations": [[*pair, count] for pair, count in sorted(self.violations.items())]}

    def too_few(self, quick: bool) -> list[str]:
        """A line for each family that ran less often than it must."""
        least = {family.id: family.quick if quick else family.runs for family in FAMILIES.values()}
        return [f"{name}: {self.runs[name]:,} runs of at least {count:,}" for name, count in least.items()
                if self.runs[name] < count]


@dataclass
class Campaign:
    """What a test of the campaign gets: it counts its runs here."""

    quick: bool
    tally: Tally = field(default_factory=Tally)

    @contextmanager
    def run(self, family: str, where: object) -> Iterator[Judge]:
        """One faulty run. What it raises is a violation too, and the next run goes on."""
        assert family in FAMILIES, family
        judge = Judge(family, str(where))
        try:
            yield judge
        except Exception:
            judge.broken.append((BUG, traceback.format_exc(limit=-4)))
        finally:
            self.tally.add(judge)

    def sample(self, points: Sequence[T], quick: int) -> Sequence[T]:
        """All points; in the quick part so many of them, evenly spread."""
        if not self.quick or len(points) <= quick:
            return points
        return [points[at * len(points) // quick] for at in range(quick)]
