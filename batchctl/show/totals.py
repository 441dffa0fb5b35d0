"""What several plans come to: the numbers of the last line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from batchctl.decide.costs import Bill
from batchctl.decide.plan import SENDING, JobPlan, Kind
from batchctl.decide.plan_digest import plans_digest
from batchctl.show import figures, money


@dataclass(frozen=True, slots=True)
class Totals:
    """Actions by kind, and what would be sent; `estimate` is what that would cost, and `digest` stands for it."""

    actions: dict[Kind, int]
    requests: int
    bytes: int
    tokens: int
    estimate: Bill
    digest: str

    @classmethod
    def of(cls, plans: Iterable[JobPlan]) -> Totals:
        plans = list(plans)
        actions = [action for plan in plans for action in plan.actions]
        counts = Counter(action.kind for action in actions)
        sent = [action for action in actions if action.kind in SENDING]
        return cls({kind: counts[kind] for kind in Kind if counts[kind]}, sum(action.requests for action in sent),
                   sum(action.bytes for action in sent), sum(action.tokens for action in sent),
                   sum((plan.bill(*plan.sending) for plan in plans), Bill()), plans_digest(plans))

    @property
    def line(self) -> str:
        """`Plan: 2 create, 1 fetch. New requests: 1,716 (1.2 MB, ~301k tokens, ~$2.51). Digest
        9f2c41ab03de.`"""
        if not self.actions:
            return "No changes."
        made = "Plan: " + ", ".join(f"{number:,} {kind}" for kind, number in self.actions.items()) + "."
        if self.requests:
            made += (f" New requests: {self.requests:,} ({figures.size(self.bytes)}, {figures.tokens(self.tokens)}, "
                     f"{money.cost(self.estimate)}).")
        return f"{made} Digest {self.digest}." if self.digest else made
