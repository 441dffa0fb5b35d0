"""Whether it makes sense to wait for batches: a provider that answers, and does not show them, will not do so later."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from batchctl.act.desk import SETTLE_S
from batchctl.act.waiting import Unasked
from batchctl.decide.known import Phase
from batchctl.decide.plan import JobPlan, Kind
from batchctl.words.errors import Unavailable


class Sight:
    """Jobs none of whose awaited batches can be seen. A provider that is down is waited for without end; one that
    refuses is not, and one that answers without them only for as long as its list may lag."""

    def __init__(self, patience_s: float = SETTLE_S, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._patience_s = patience_s
        self._monotonic = monotonic
        self._since: dict[str, float] = {}

    def lost(self, job: str) -> bool:
        """Whether waiting for this job is pointless."""
        return job in self._since and self._monotonic() - self._since[job] >= self._patience_s

    def answered(self, plans: Iterable[JobPlan]) -> None:
        """The provider could be asked about these plans."""
        for plan in plans:
            if _hidden(plan):
                self._since.setdefault(plan.job, self._monotonic())
            else:
                self._since.pop(plan.job, None)

    def failed(self, unasked: Unasked, plans: Iterable[JobPlan]) -> bool:
        """A provider could not be asked; those of other plans, or of other batches of a plan, may be. Returns whether
        it is not waited for any longer."""
        given_up = True
        for plan in plans:
            awaited = {(plan.job, action.batch_id or "") for action in plan.of(Kind.WAIT)}
            if not awaited & unasked.watched:
                continue
            if isinstance(unasked.error, Unavailable):
                self._since.pop(plan.job, None)
            elif _hidden(plan) and awaited <= unasked.watched:
                self._since[plan.job] = float("-inf")
            given_up = given_up and self.lost(plan.job)
        return given_up


def _hidden(plan: JobPlan) -> bool:
    waits = plan.of(Kind.WAIT)
    return bool(waits) and all(action.reason == Phase.UNREACHABLE.value for action in waits)
