"""When a job can be expected to end: what runs by the end of its window, what is sent as soon as before."""

from __future__ import annotations

from collections.abc import Iterable

from batchctl.decide.plan import Action, JobPlan, Kind
from batchctl.show import figures
from batchctl.show.safe import safe
from batchctl.words.dialects import parse_window

#: What took less is as good as at once.
_WORTH_TELLING_S = 60


def due_at(action: Action) -> int | None:
    """When the window of a batch that is awaited ends, in Unix time."""
    return action.remote.due_at if action.kind is Kind.WAIT and action.remote is not None else None


def last_due_at(actions: Iterable[Action]) -> int | None:
    """When the last of these windows ends."""
    return max((end for action in actions if (end := due_at(action)) is not None), default=None)


def within_s(plan: JobPlan) -> int | None:
    """How many seconds after an apply what is sent has ended at the latest; None where nothing is sent."""
    return parse_window(plan.window) if plan.sending else None


def by(actions: Iterable[Action]) -> str:
    """`by 2026-11-26 10:00Z`; nothing where nobody knows."""
    due = last_due_at(actions)
    return "" if due is None else f"by {figures.moment(due)}"


def before(plan: JobPlan) -> str:
    """`~2 h as before`, where batches of the job took a time that is worth telling."""
    took = plan.took_s or 0
    return f"~{figures.rough(took)} as before" if took >= _WORTH_TELLING_S else ""


def ends(plan: JobPlan) -> str:
    """By when all of a job that is sent or awaited has ended: `within 24h of apply, ~2 h as before`."""
    within = f"within {safe(plan.window)} of apply" if within_s(plan) is not None else ""
    return ", ".join(filter(None, (within, before(plan) if plan.sending else "", by(plan.actions))))
