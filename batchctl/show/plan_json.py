"""A plan as JSON: the same document that `plan --out` saves (schemas/plan.v1.schema.json)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from batchctl.decide.plan import Action, JobPlan
from batchctl.show.diagnostics import diagnostic_json
from batchctl.show.reports import Shown
from batchctl.words.outcomes import Tally


def dumped(document: Any) -> str:
    """JSON for people and machines: two spaces, sorted keys, a newline. Control characters and what could reorder
    text on a terminal are escapes, as is all that is not ASCII."""
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def plan_jobs(jobs: Iterable[Shown]) -> list[dict[str, Any]]:
    """The plans' part of the document."""
    return [_job(job) for job in jobs]


def tally_json(tally: Tally) -> dict[str, int]:
    return {name: getattr(tally, name) for name in (
        "rows", "ok", "failed", "expired", "cancelled", "waiting", "held", "lost")}


def _job(job: Shown) -> dict[str, Any]:
    made: dict[str, Any] = {
        "job": job.job, "manifest": job.manifest, "provider": job.where.name if job.where else None,
        "model": job.model, "endpoint": job.endpoint,
        "errors": diagnostic_json(finding for failure in job.report.failures for finding in failure.diagnostics()),
    }
    if job.plan is not None:
        made |= _plan(job.plan)
    return made


def _plan(plan: JobPlan) -> dict[str, Any]:
    return {
        "requests": plan.requests, "tally": tally_json(plan.tally), "digest": plan.digest,
        "actions": [_action(action) for action in plan.actions],
        "held": [{"reason": held.reason, "requests": held.requests} for held in plan.held],
        "foreign": sorted(plan.foreign), "blocked": plan.blocked or None, "over_budget": plan.over_budget or None,
        "notes": list(plan.notes),
    }


def _action(action: Action) -> dict[str, Any]:
    made: dict[str, Any] = {"kind": str(action.kind), "reason": action.reason, "change": action.change}
    for name in ("shard", "attempt", "batch_id", "status", "sink"):
        if getattr(action, name) is not None:
            made[name] = getattr(action, name)
    for name in ("requests", "bytes", "tokens"):
        if getattr(action, name):
            made[name] = getattr(action, name)
    return made
