"""Actions as lines: a symbol, a verb, what it is about, and why; alike batches become one line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from batchctl.decide.plan import Action, JobPlan, Kind
from batchctl.show import figures
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
    "live": "running", "unreachable": "cannot be seen",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line about actions of one kind."""

    kind: Kind
    what: str
    why: str

    @property
    def symbol(self) -> str:
        return SYMBOLS[self.kind]


def lines(plan: JobPlan, *, each: bool = False) -> Iterator[Line]:
    """The plan's actions; `each` batch by itself instead of alike ones together."""
    for (kind, reason), alike in groupby(plan.actions, lambda action: (action.kind, _why(action))):
        group = list(alike)
        if kind in (Kind.WRITE, Kind.FORGET) or each:
            yield from (Line(kind, _one(action), reason) for action in group)
        else:
            yield Line(kind, _together(group), reason)


def _why(action: Action) -> str:
    reason = action.reason
    if action.kind is Kind.WAIT and reason == "live" and action.status:
        return safe(action.status)
    if action.kind is Kind.RETRY:
        return f"after {reason.replace('+', ', ').replace('_', ' ')}"
    return safe(_REASONS.get(reason, reason.replace("-", " ").replace("_", " ")))


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
