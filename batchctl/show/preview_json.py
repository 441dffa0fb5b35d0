"""A preview for machines (schemas/preview.v1.schema.json)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from batchctl.act.trying import Tried
from batchctl.show.bills import amount_json
from batchctl.show.diagnostics import diagnostic_json
from batchctl.show.plan_json import dumped
from batchctl.show.preview_text import Previewed
from batchctl.words.usage import Usage


def preview_json(jobs: Sequence[Previewed]) -> str:
    return dumped({"version": 1, "jobs": [_job(job) for job in jobs]})


def _job(job: Previewed) -> dict[str, Any]:
    preview = job.preview
    failure = preview.failure
    return {
        "job": preview.job, "manifest": job.manifest, "provider": job.where.name, "model": job.model,
        "endpoint": job.endpoint, "requests": preview.requests, "exit_code": preview.exit_code,
        "errors": diagnostic_json(failure.diagnostics() if failure is not None else ()),
        "tried": [_tried(one) for one in preview.tried], "estimate": _usage(preview.estimate),
        "cost": _amount(preview.cost), "batch_cost": _amount(preview.batch_cost),
    }


def _tried(one: Tried) -> dict[str, Any]:
    response = one.end["response"] or {}
    return {
        "custom_id": one.custom_id, "url": one.url, "request": dict(one.body), "ok": one.ok,
        "response": response.get("body"), "text": one.end["text"], "json": one.end["json"], "error": one.end["error"],
        "unclear": one.unclear, "seconds": round(one.seconds, 3), "usage": _usage(one.usage),
    }


def _amount(cost: Decimal | None) -> str | None:
    return amount_json(cost) if cost is not None else None


def _usage(usage: Usage | None) -> dict[str, int] | None:
    return asdict(usage) if usage is not None else None
