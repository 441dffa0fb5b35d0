"""F7: a list that shows a new batch only after so many reads, or so many seconds, while the create's answer is lost, or
the lockfile, or both. In process; time passes only where batchctl sleeps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from batchctl.act.passes import PassReport
from batchctl.words.errors import ExitCode
from tests.campaign.tally import Campaign, Judge
from tests.faultlab.provider import Batch, FakeProvider
from tests.faultlab.rig import Rig

pytestmark = pytest.mark.campaign

SETTLE_S = 60.0
FOREVER = 1 << 30


@dataclass
class Lagging(FakeProvider):
    """Its list shows a batch `lag` reads after it was made, or `seconds` after."""

    rig: Any = None
    seconds: float = 0.0
    made_at: dict[str, float] = field(default_factory=dict)

    def _create(self, body: dict[str, Any]) -> httpx.Response:
        answer = super()._create(body)
        for batch in self.batches.values():
            self.made_at.setdefault(batch.id, self.rig.now)
        return answer

    def _list(self, after: str | None) -> httpx.Response:
        for batch in self.batches.values():
            if self.seconds:
                batch.hidden_for = FOREVER if self._is_late(batch) else 0
        return super()._list(after)

    def hides_something(self) -> bool:
        return any(self._is_late(batch) for batch in self.batches.values())

    def catches_up(self) -> None:
        self.seconds = 0.0
        for batch in self.batches.values():
            batch.hidden_for = 0

    def _is_late(self, batch: Batch) -> bool:
        return self.rig.now < self.made_at[batch.id] + self.seconds if self.seconds else batch.hidden_for > 0

    def lose_the_first_answer(self) -> None:
        def fault(at: int, method: str, path: str, done: bool) -> None:
            if (method, path) == ("POST", "/batches") and done and self.creates == 1:
                raise httpx.ReadError("cut")

        self.fault = fault


LAGS = [*({"lag": reads} for reads in (0, 1, 2, 5)), *({"seconds": float(seconds)} for seconds in (
    1, 5, 10, 20, 30, 45, 59))]
LOSSES = ("nothing", "the answer", "the lockfile", "the lockfile and the store", "the answer and the lockfile",
          "the answer and both")


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("lag", LAGS, ids=lambda lag: " ".join(f"{name} {value:g}" for name, value in lag.items()))
def test_g1_a_list_that_lags_pays_once_or_sends_nothing(
    rig: Rig, campaign: Campaign, lag: dict[str, Any], loss: str,
) -> None:
    """With the lockfile lost while the list is blind, nothing is left that knows of the batch: the README says so. What
    is made twice then is ended by the first run that sees both, before it has cost more than its start."""
    rig.provider = Lagging(rig=rig, **lag)
    if "answer" in loss:
        rig.provider.lose_the_first_answer()
    with campaign.run("F7", f"{lag}, {loss} lost") as run:
        judged(run, rig, rig.apply(settle_s=SETTLE_S))
        rig.provider.fault = None
        blind = "nothing" not in loss and loss != "the answer" and rig.provider.hides_something()
        if "lockfile" in loss or "both" in loss:
            rig.lose_lockfile()
        if "store" in loss or "both" in loss:
            rig.lose_store()
        report = rig.apply(settle_s=SETTLE_S)
        if not blind:
            judged(run, rig, report)
        rig.provider.catches_up()
        judged(run, rig, rig.apply(settle_s=SETTLE_S))
        for batch in rig.provider.live():
            rig.provider.finish(batch, answered=0.0 if batch.status == "cancelling" else 1.0)
        judged(run, rig, rig.apply(settle_s=SETTLE_S))
        plan = rig.plan()
        run.holds("G6", not plan.changes, f"still to do: {[(action.kind, action.reason) for action in plan.actions]}")
        run.holds("G4", plan.tally.ok == plan.tally.rows == len(rig.rows), f"{plan.tally}")


def judged(run: Judge, rig: Rig, report: PassReport) -> None:
    """Paid once; and what is not clear is said."""
    twice = {str(one): count for one, count in rig.provider.paid().items() if count > 1}
    run.holds("G1", not twice, f"paid more than once: {twice}")
    (job,) = report.jobs
    run.holds("G10", job.exit_code in (ExitCode.DONE, ExitCode.RUNNING, ExitCode.REFUSED),
              f"exit {job.exit_code}: {job.failures}")
