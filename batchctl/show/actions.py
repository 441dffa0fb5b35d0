"""Actions as lines: a symbol, a verb, what it is about, and why; alike batches become one line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from batchctl.decide.plan import SENDING, Action, JobPlan, Kind
from batchctl.show import figures, money
from batchctl.show.safe import safe

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


#: What took less is as good as at once.
_WORTH_TELLING_S = 60


@dataclass(frozen=True, slots=True)
class Line:
    """One line about actions of one kind."""

    kind: Kind
    what: str
    why: str

    @property
    def symbol(self) -> str:
        return SYMBOLS[self.kind]


def lines(plan: JobPlan, *, each: bool = False, window: bool = False) -> Iterator[Line]:
    """The plan's actions; `each` batch by itself instead of alike ones together. `window`: say also within which time
    what is sent will be answered, where that does not stand elsewhere."""
    for (kind, reason), alike in groupby(plan.actions, lambda action: (action.kind, _why(action))):
        group = list(alike)
        if kind in (Kind.WRITE, Kind.FORGET) or each:
            yield from (Line(kind, _one(action) + _price(plan, [action]), _when(plan, [action], reason, window))
                        for action in group)
        else:
            yield Line(kind, _together(group) + _price(plan, group), _when(plan, group, reason, window))


def _why(action: Action) -> str:
    reason = action.reason
    if action.kind is Kind.WAIT and reason == "live" and action.status:
        return safe(action.status)
    if action.kind is Kind.RETRY:
        return f"after {reason.replace('+', ', ').replace('_', ' ')}"
    return safe(_REASONS.get(reason, reason.replace("-", " ").replace("_", " ")))


def _price(plan: JobPlan, group: Sequence[Action]) -> str:
    """What is sent, in tokens and money."""
    if group[0].kind not in SENDING:
        return ""
    tokens = sum(action.tokens for action in group)
    return f", {figures.tokens(tokens)}, {money.cost(plan.bill(*group))}"


def _when(plan: JobPlan, group: Sequence[Action], why: str, window: bool) -> str:
    """The reason, and by when it can be expected: what is sent as soon as before, what runs by the end of its window.
    """
    if group[0].kind in SENDING:
        within = f", within {plan.window}" if window and plan.window[:1].isdigit() else ""
        took = plan.took_s or 0
        before = f", ~{figures.rough(took)} as before" if took >= _WORTH_TELLING_S else ""
        return f"{why}{within}{before}"
    ends = [end for action in group if (end := due_at(action)) is not None]
    return f"{why}, by {figures.moment(max(ends))}" if ends else why


def due_at(action: Action) -> int | None:
    """When the window of a batch that is awaited ends, in Unix time."""
    return action.remote.due_at if action.kind is Kind.WAIT and action.remote is not None else None


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
