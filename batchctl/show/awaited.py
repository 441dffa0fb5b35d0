"""The batches that are waited for, as they were last seen, and how fast each goes."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from batchctl.show.safe import shortened
from batchctl.words.dialects import ENDED
from batchctl.words.events import Awaiting, BatchState, Event, Step

#: Providers' words for a state are shorter.
LONGEST_STATE = 14

#: A rate is that of the last so many seconds: providers count in jumps.
_RATE_S = 600.0
#: Too short a time tells no rate.
_SHORTEST_S = 1.0

#: What was done about a batch, and what it makes of it.
_BEGUN = frozenset({"create", "retry", "adopt"})
_SETTLED = frozenset({"fetch"})


@dataclass(frozen=True, slots=True)
class Seen:
    """One batch. `since` is when it came into its status, in Unix seconds: as the provider says, else as it was first
    seen there. `looks` are monotonic times, each with the number of requests that were done by then."""

    state: BatchState
    since: float
    looks: tuple[tuple[float, int], ...]

    @property
    def done(self) -> int:
        return self.state.completed + self.state.failed

    @property
    def rate(self) -> float | None:
        """Requests a second; None while nobody can tell."""
        (before, had), (after, has) = self.looks[0], self.looks[-1]
        return (has - had) / (after - before) if after - before >= _SHORTEST_S and has >= had else None


@dataclass(frozen=True, slots=True)
class Totals:
    """What some batches come to, in requests."""

    batches: int
    done: int
    total: int
    failed: int

    @classmethod
    def of(cls, batches: Sequence[Seen]) -> Totals:
        return cls(len(batches), sum(seen.done for seen in batches), sum(seen.state.total for seen in batches),
                   sum(seen.state.failed for seen in batches))


def states(batches: Iterable[Seen]) -> str:
    """`200 in_progress, 80 validating`."""
    counts = Counter(seen.state.status for seen in batches)
    return ", ".join(f"{number:,} {shortened(status, LONGEST_STATE)}"
                     for status, number in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


@dataclass(slots=True)
class Awaited:
    """Listens to events. What is read from another thread is replaced as a whole, and never changed."""

    monotonic: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time
    _seen: Mapping[tuple[str, str], Seen] = field(default_factory=dict)
    _begun: frozenset[tuple[str, str]] = frozenset()

    @property
    def batches(self) -> tuple[Seen, ...]:
        """Those that have not ended, in the order of the jobs."""
        return tuple(self._seen.values())

    @property
    def running(self) -> int:
        """How many batches are under way as far as this run knows: those that it began are not looked at yet."""
        return len(self._seen) + len(self._begun - self._seen.keys())

    @property
    def jobs(self) -> frozenset[str]:
        """Whose batches these are."""
        return frozenset(job for job, _ in (*self._seen, *self._begun))

    def __call__(self, event: Event) -> None:
        """An `Emit`."""
        if isinstance(event, Awaiting):
            self._seen = {_key(state): self._looked(state) for state in event.batches}
            self._begun = frozenset()
        elif isinstance(event, BatchState):
            self._seen = {**self._seen, _key(event): self._looked(event)}
            if event.status in ENDED:
                self._drop(_key(event))
        elif isinstance(event, Step) and event.batch_id is not None:
            key = event.job, event.batch_id
            if event.verb in _BEGUN:
                self._begun |= {key}
            elif event.verb in _SETTLED:
                self._drop(key)

    def _drop(self, key: tuple[str, str]) -> None:
        self._seen = {other: seen for other, seen in self._seen.items() if other != key}
        self._begun -= {key}

    def _looked(self, state: BatchState) -> Seen:
        at, now = self.monotonic(), self.now()
        done = state.completed + state.failed
        before = self._seen.get(_key(state))
        if before is None:
            looks: tuple[tuple[float, int], ...] = ((at, done),)
            if state.status == "in_progress" and state.since is not None and state.since < now - _SHORTEST_S:
                looks = ((at - (now - state.since), 0), *looks)
            return Seen(state, now if state.since is None else state.since, looks)
        moved = before.state.status != state.status
        since = state.since if state.since is not None else now if moved else before.since
        kept = tuple(look for look in before.looks if look[0] >= at - _RATE_S) or before.looks[-1:]
        return Seen(state, since, (*kept, (at, done)))


def _key(state: BatchState) -> tuple[str, str]:
    return state.job, state.batch_id
