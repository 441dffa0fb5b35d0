"""A plan as JSON: what `plan --format json` prints is what `plan --out` saves (schemas/plan.v1.schema.json)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from batchctl import __version__
from batchctl.act.saved import VERSION, lockfile_digest, ranges, tagged
from batchctl.decide.plan import SENDING, Action, JobPlan
from batchctl.recorded.records import JobRecord
from batchctl.show.bills import bill_json, budget_json
from batchctl.show.diagnostics import diagnostic_json
from batchctl.show.difference import difference_json
from batchctl.show.ending import due_at, last_due_at, within_s
from batchctl.show.reports import Shown, plans_of
from batchctl.show.totals import Totals
from batchctl.show.why import changed_json
from batchctl.words.outcomes import Tally


@dataclass(frozen=True, slots=True)
class PlanContext:
    """What a plan was made from; paths are relative to where the document stands. `diff`: show a changed request of
    each job, which is more than a saved plan holds."""

    manifests: tuple[str, ...]
    lockfile: str | None
    variables: Mapping[str, Any]
    whole_file: bool
    resend_lost: bool
    prune: bool
    offline: bool
    diff: bool = False


def dumped(document: Any) -> str:
    """Two spaces, sorted keys, a newline. Control characters and what could reorder text on a terminal are escapes, as
    is all that is not ASCII."""
    return json.dumps(document, indent=2, sort_keys=True).replace("\x7f", "\\u007f") + "\n"


def plan_document(jobs: Sequence[Shown], records: Mapping[str, JobRecord], context: PlanContext) -> dict[str, Any]:
    """Digests, counts, paths and variables; no prompts, but those that `diff` asks for."""
    plans = plans_of(jobs)
    totals = Totals.of(plans)
    return {
        "version": VERSION, "batchctl": __version__, "offline": context.offline,
        "actionable": any(plan.changes for plan in plans),
        "manifests": list(context.manifests), "lockfile": context.lockfile, "variables": dict(context.variables),
        "whole_file": context.whole_file, "resend_lost": context.resend_lost, "prune": context.prune,
        "jobs": [_job(job, records.get(job.job, JobRecord())) | ({"diff": difference_json(job)} if context.diff else {})
                 for job in jobs],
        "totals": {
            "actions": {str(kind): number for kind, number in totals.actions.items()},
            "requests": totals.requests, "bytes": totals.bytes, "tokens": totals.tokens,
            "estimate": bill_json(totals.estimate), "digest": totals.digest or None,
        },
    }


def tally_json(tally: Tally) -> dict[str, int]:
    """The numbers by which every row is accounted for."""
    return {name: getattr(tally, name) for name in (
        "rows", "ok", "failed", "expired", "cancelled", "waiting", "held", "lost")}


def _job(job: Shown, record: JobRecord) -> dict[str, Any]:
    made: dict[str, Any] = {
        "job": job.job, "manifest": job.manifest, "provider": job.where.name if job.where else None,
        "model": job.model, "endpoint": job.endpoint, "lockfile_digest": lockfile_digest(record), "tagged": [],
        "errors": diagnostic_json(finding for failure in job.report.failures for finding in failure.diagnostics()),
    }
    if job.plan is not None:
        made |= _plan(job.plan)
        made["changed"] = changed_json(job.changed) if job.changed is not None else None
    return made


def _plan(plan: JobPlan) -> dict[str, Any]:
    return {
        "requests": plan.requests, "tally": tally_json(plan.tally), "digest": plan.digest,
        "tagged": list(tagged(plan)), "actions": [_action(action, plan) for action in plan.actions],
        "held": [{"reason": held.reason, "requests": held.requests} for held in plan.held],
        "foreign": sorted(plan.foreign), "blocked": plan.blocked or None, "over_budget": plan.over_budget or None,
        "notes": list(plan.notes), "estimate": bill_json(plan.bill(*plan.sending)), "spent": bill_json(plan.spent),
        "budget": budget_json(plan), "completion_window": plan.window or None, "took_s": plan.took_s,
        "due_at": last_due_at(plan.actions), "within_s": within_s(plan),
    }


def _action(action: Action, plan: JobPlan) -> dict[str, Any]:
    made: dict[str, Any] = {"kind": str(action.kind), "reason": action.reason, "change": action.change}
    for name in ("shard", "attempt", "batch_id", "status", "sink"):
        if getattr(action, name) is not None:
            made[name] = getattr(action, name)
    for name in ("requests", "bytes", "tokens"):
        if getattr(action, name):
            made[name] = getattr(action, name)
    if action.kind in SENDING:
        made["estimate"] = bill_json(plan.bill(action))
    if (due := due_at(action)) is not None:
        made["due_at"] = due
    if action.positions is not None:
        made["ranges"] = ranges(action.positions)
    return made
