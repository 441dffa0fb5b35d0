"""Where jobs and batches stand, for machines (schemas/status.v1.schema.json)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from batchctl.decide.known import KnownBatch
from batchctl.show.bills import bill_json, budget_json
from batchctl.show.diagnostics import diagnostic_json
from batchctl.show.plan_json import dumped, tally_json
from batchctl.show.reports import Shown, exit_code_of


def status_json(jobs: Sequence[Shown]) -> str:
    return dumped({"version": 1, "jobs": [_job(job) for job in jobs]})


def _job(job: Shown) -> dict[str, Any]:
    made: dict[str, Any] = {
        "job": job.job, "manifest": job.manifest, "provider": job.where.name if job.where else None,
        "model": job.model, "endpoint": job.endpoint, "exit_code": exit_code_of(job.report),
        "errors": diagnostic_json(finding for failure in job.report.failures for finding in failure.diagnostics()),
    }
    plan = job.plan
    if plan is not None:
        made |= {
            "requests": plan.requests, "tally": tally_json(plan.tally), "settled": plan.settled,
            "unsent": sum(action.requests for action in plan.sending),
            "held": [{"reason": held.reason, "requests": held.requests} for held in plan.held],
            "batches": [_batch(batch) for batch in plan.standing.batches], "notes": list(plan.notes),
            "unanswered": dict(plan.unanswered), "spent": bill_json(plan.spent), "budget": budget_json(plan),
            "completion_window": plan.window or None, "written": [
                {"sink": path, "records": records} for path, records in job.report.written],
        }
    return made


def _batch(batch: KnownBatch) -> dict[str, Any]:
    record, remote = batch.record, batch.remote
    counts = remote.counts if remote is not None else None
    return {
        "batch_id": record.batch_id, "shard": record.shard, "attempt": record.attempt, "requests": record.requests,
        "provider": record.provider.name, "origin": record.origin, "phase": batch.phase.value,
        "status": remote.status if remote is not None else record.status, "ok": record.ok,
        "completed": counts.completed if counts else None, "failed": counts.failed if counts else None,
        "created_at": record.created_at, "ended_at": record.ended_at, "stored": batch.stored,
        "expires_at": remote.expires_at if remote is not None else None, "model": record.model,
        "input_tokens": record.input_tokens, "output_tokens": record.output_tokens,
        "cached_tokens": record.cached_tokens, "reasoning_tokens": record.reasoning_tokens,
    }
