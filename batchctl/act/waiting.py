"""Waits until something at a provider has ended, with the run lock let go."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from batchctl.act.desk import Desk
from batchctl.decide.plan import Action, JobPlan, Kind
from batchctl.words.errors import RemoteError
from batchctl.words.events import Awaiting, BatchState, Emit, Notice, Waiting, silent
from batchctl.words.remote import Counts, RemoteBatch


class Unasked(RemoteError):
    """A provider of watched batches cannot be asked: `error` says why, and `watched` is what it was to be asked about,
    as pairs of a job and a batch id."""

    def __init__(self, error: RemoteError, watched: Iterable[tuple[str, str]]) -> None:
        super().__init__(error.message, notes=error.notes)
        self.error = error
        self.watched = frozenset(watched)


@dataclass(frozen=True, slots=True)
class Pace:
    """How long to wait between two looks, in seconds; `fixed_s` overrides the adaptive pace."""

    first_s: float = 5.0
    longest_s: float = 60.0
    growth: float = 1.5
    fixed_s: float | None = None

    def waits(self, rng: random.Random) -> Iterator[float]:
        """Grows from the first to the longest, with a tenth of jitter so that many runners do not ask in step."""
        wait_s = self.first_s
        while True:
            yield self.fixed_s if self.fixed_s is not None else wait_s * rng.uniform(0.9, 1.1)
            wait_s = min(wait_s * self.growth, self.longest_s)


#: A desk that looks, the job, and that it waits.
Watched = tuple[Desk, str, Action]

#: The local server is on this machine and answers at once.
LOCAL_PACE = Pace(first_s=0.1, longest_s=2.0)


@dataclass(slots=True)
class Watch:
    """Watches the batches that some plans wait for. `deadline` is a monotonic time, or None for no end."""

    pace: Pace
    emit: Emit = silent
    deadline: float | None = None
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic
    rng: random.Random = field(default_factory=random.Random)

    def until_something_ends(self, plans: Sequence[tuple[Desk, JobPlan]], *, in_vain: int = 0) -> bool:
        """Returns True as soon as a pass may find more to do, False when the deadline passed before. Each plan comes
        with a desk that looks for it. After so many passes `in_vain` it is waited for as long as if they had been
        looks. Raises Unasked for the first provider that cannot be asked."""
        watched = [(desk, plan.job, action) for desk, plan in plans for action in plan.of(Kind.WAIT)]
        if watched:
            self.emit(Awaiting("", tuple(_state(job, action, action.remote) for _, job, action in watched)))
        for wait_s in islice(self.pace.waits(self.rng), in_vain, None):
            if self.deadline is not None:
                wait_s = min(wait_s, self.deadline - self.monotonic())
                if wait_s <= 0:
                    return False
            self.emit(Waiting("", wait_s, len(watched)))
            self.sleep(wait_s)
            if not watched or self._look(watched):
                return True
        return False

    def _look(self, watched: Sequence[Watched]) -> bool:
        ended = False
        for (_, job, action), shown in _shown(watched):
            if shown is None:
                # It may be gone, or the list may lag: a pass tells.
                ended = True
                continue
            self.emit(_state(job, action, shown))
            if not shown.ended:
                for text in shown.complaints():
                    self.emit(Notice(job, "warning", text))
            ended = ended or shown.ended
        return ended


def _state(job: str, action: Action, shown: RemoteBatch | None) -> BatchState:
    """Where a watched batch stands; None: the provider does not show it."""
    if shown is None:
        return BatchState(job, action.batch_id or "", "cannot be seen", 0, 0, action.requests)
    counts = shown.counts or Counts()
    return BatchState(job, shown.id, shown.status, counts.completed, counts.failed, counts.total or action.requests,
                      shown.since, shown.due_at)


def _shown(watched: Sequence[Watched]) -> Iterator[tuple[Watched, RemoteBatch | None]]:
    """The watched batches as they are now, asked together where they are of one account. Raises Unasked."""
    accounts: dict[object, list[Watched]] = {}
    for desk, job, action in watched:
        assert action.record is not None
        account = (desk.account(action.record.provider, job), desk.store.folder)
        accounts.setdefault(account, []).append((desk, job, action))
    for asked in accounts.values():
        desk, job, action = asked[0]
        assert action.record is not None
        try:
            found = desk.provider(action.record.provider, job).statuses([one.batch_id or "" for _, _, one in asked])
        except RemoteError as error:
            raise Unasked(error, [(name, one.batch_id or "") for _, name, one in asked]) from error
        # Servers may use the same ids: each answers for its own batches.
        yield from ((one, found.get(one[2].batch_id or "")) for one in asked)
