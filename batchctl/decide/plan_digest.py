"""A short name for what plans would do, so that what was read in one place can be held against another."""

from __future__ import annotations

import json
from collections.abc import Iterable

from batchctl.decide.plan import APPROVED, JobPlan
from batchctl.words.digest import text_digest

_DIGITS = 12


def plans_digest(plans: Iterable[JobPlan]) -> str:
    """Hex digits that stand for what would be sent and cancelled, for whom, and with which inputs; "" where nothing
    would. What goes by itself is no part of it: that a batch went on, or was fetched, changes no digest. Neither does
    the order of the jobs."""
    approved = sorted((plan.job, plan.digest, [
        [action.kind.value, action.shard, action.attempt, action.batch_id] for action in plan.of(*APPROVED)])
        for plan in plans if plan.of(*APPROVED))
    if not approved:
        return ""
    # ASCII: an id that some server made up may hold anything, lone surrogates too.
    return text_digest(json.dumps(approved).encode()).removeprefix("sha256:")[:_DIGITS]
