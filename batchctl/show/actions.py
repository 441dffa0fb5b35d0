"""Actions as lines: a symbol, a verb, what it is about, and why; alike batches become one line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import groupby

from batchctl.decide.costs import Bill
from batchctl.decide.plan import SENDING, Action, JobPlan, Kind
from batchctl.show import ending, figures, money
from batchctl.show.reports import Shown
from batchctl.show.safe import safe
from batchctl.show.why import why

SYMBOLS = {Kind.CREATE: "+", Kind.ADOPT: "=", Kind.FETCH: "↓", Kind.RETRY: "~", Kind.CANCEL: "-", Kind.WRITE: "»",
           Kind.WAIT: "…", Kind.FORGET: "✕"}

STYLES = {Kind.CREATE: "green", Kind.ADOPT: "cyan", Kind.FETCH: "cyan", Kind.RETRY: "yellow", Kind.CANCEL: "red",
          Kind.WRITE: "blue", Kind.WAIT: "dim", Kind.FORGET: "red"}

#: What the machine-readable reasons mean.
_REASONS = {
    "new": "new", "changed": "not asked before", "unfinished": "an earlier create did not finish",
    "capacity": "turned away for want of capacity", "lockfile-missing": "ours, but not in the lockfile",
    "intent": "answers an unfinished create", "unwanted": "nothing in it is wanted any more",
    "pruned": "its job has left the manifest", "made-twice": "an older batch asks the same",
    "refill": "fetched before, and gone from the store", "removed-from-manifest": "it has left the manifest",
    "unchecked": "answers not checked yet against their schema",
    "live": "running", "unreachable": "cannot be seen",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line about actions of one kind. `bill` is for what they send, None where they send nothing; `amount` is its
    cost as the line tells it, rounded so that those of all lines add up."""

    kind: Kind
    what: str
    why: str
    bill: Bill | None = None
    amount: Decimal = Decimal(0)

    @property
    def symbol(self) -> str:
        return SYMBOLS[self.kind]


def lines(jobs: Sequence[Shown], *, each: bool = False) -> list[list[Line]]:
    """The actions of each job, none where it has no plan; `each` batch by itself instead of alike ones together. The
    amounts of all lines add up to that of all jobs."""
    found = [list(_lines(job, job.plan, each)) if job.plan is not None else [] for job in jobs]
    costs = [line.bill.cost for one in found for line in one if line.bill is not None]
    amounts, total = iter(money.shares(costs)), sum(costs, Decimal(0))
    return [[_priced(line, line.bill, next(amounts), total) if line.bill is not None else line for line in one]
            for one in found]


def _lines(job: Shown, plan: JobPlan, each: bool) -> Iterator[Line]:
    for (kind, reason), alike in groupby(plan.actions, lambda action: (action.kind, _why(job, action))):
        group = list(alike)
        if kind in (Kind.WRITE, Kind.FORGET) or each:
            yield from (_line(plan, [action], _one(action), reason) for action in group)
        else:
            yield _line(plan, group, _together(group), reason)


def _line(plan: JobPlan, group: Sequence[Action], what: str, reason: str) -> Line:
    kind = group[0].kind
    if kind in SENDING:
        what += f", {figures.tokens(sum(action.tokens for action in group))}"
    return Line(kind, what, _when(plan, group, reason), plan.bill(*group) if kind in SENDING else None)


def _priced(line: Line, bill: Bill, amount: Decimal, total: Decimal) -> Line:
    cost = money.cost(bill, money.share(bill.cost, amount, total))
    return replace(line, what=f"{line.what}, {cost}", amount=amount)


def _why(job: Shown, action: Action) -> str:
    reason = action.reason
    if action.kind is Kind.CREATE and reason == "changed" and job.changed is not None:
        return why(job.changed)
    if action.kind is Kind.WAIT and reason == "live" and action.status:
        return safe(action.status)
    if action.kind is Kind.RETRY:
        return f"after {reason.replace('+', ', ').replace('_', ' ')}"
    return safe(_REASONS.get(reason, reason.replace("-", " ").replace("_", " ")))


def _when(plan: JobPlan, group: Sequence[Action], why: str) -> str:
    """The reason, and by when what is sent, or runs, can be expected."""
    ends = ending.before(plan) if group[0].kind in SENDING else ending.by(group)
    return ", ".join(filter(None, (why, ends)))


def _one(action: Action) -> str:
    if action.kind is Kind.WRITE:
        return safe(action.sink)
    if action.kind is Kind.FORGET:
        return figures.count(action.requests, "request")
    return _together([action])


def _together(group: Iterable[Action]) -> str:
    actions = list(group)
    requests = figures.count(sum(action.requests for action in actions), "request")
    if len(actions) > 1:
        return f"{requests} in {figures.batches(len(actions))}"
    identity = actions[0].batch_id
    return f"{requests} in {safe(identity)}" if identity else f"{requests} in 1 batch"
