"""Whether it makes sense to wait for batches: a provider that answers, and does not show them, will not do so later."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from batchctl.act.desk import SETTLE_S
from batchctl.decide.known import Phase
from batchctl.decide.plan import JobPlan, Kind
from batchctl.words.errors import RemoteError, Unavailable


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

    def failed(self, error: RemoteError, plans: Iterable[JobPlan]) -> None:
        """The provider could not be asked."""
        for plan in plans:
            if isinstance(error, Unavailable):
                self._since.pop(plan.job, None)
            elif _hidden(plan):
                self._since[plan.job] = float("-inf")


def _hidden(plan: JobPlan) -> bool:
    waits = plan.of(Kind.WAIT)
    return bool(waits) and all(action.reason == Phase.UNREACHABLE.value for action in waits)
