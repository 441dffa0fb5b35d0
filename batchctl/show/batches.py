"""A provider's list of batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from batchctl.show import figures
from batchctl.show.colour import PLAIN, Palette
from batchctl.show.plan_json import dumped
from batchctl.show.safe import safe
from batchctl.show.tables import aligned
from batchctl.words.remote import RemoteBatch


@dataclass(frozen=True, slots=True)
class Listed:
    """One batch: whose it is (None: not batchctl's), and whether a lockfile here has it."""

    provider: str
    batch: RemoteBatch
    job: str | None
    recorded: bool


def batches_text(found: Sequence[Listed], paint: Palette = PLAIN) -> str:
    """`*` marks those in a lockfile here, `+` those with a job's tag alone."""
    if not found:
        return "No batches.\n"
    rows = aligned([[_mark(one), safe(one.batch.id), safe(one.batch.status), _counts(one.batch),
                     figures.moment(one.batch.created_at), safe(one.provider), safe(one.job or "-")] for one in found])
    lines = [paint("bold" if one.recorded else "dim", row) for one, row in zip(found, rows, strict=True)]
    return "\n".join(lines) + "\n\n* in a lockfile here   + has a job's tag, and is in no lockfile here\n"


def batches_json(found: Sequence[Listed]) -> str:
    return dumped({"version": 1, "batches": [{
        "provider": one.provider, "batch_id": one.batch.id, "status": one.batch.status, "job": one.job,
        "recorded": one.recorded, "endpoint": one.batch.endpoint, "input_file_id": one.batch.input_file_id,
        "created_at": one.batch.created_at, "expires_at": one.batch.expires_at, "ended_at": one.batch.ended_at,
        "shard": one.batch.tag.shard if one.batch.tag else None,
        "completed": one.batch.counts.completed if one.batch.counts else None,
        "failed": one.batch.counts.failed if one.batch.counts else None,
        "total": one.batch.counts.total if one.batch.counts else None,
        "usage": asdict(one.batch.usage) if one.batch.usage else None,
    } for one in found]})


def _mark(one: Listed) -> str:
    return "*" if one.recorded else "+" if one.job else " "


def _counts(batch: RemoteBatch) -> str:
    return f"{batch.counts.completed:,}/{batch.counts.total:,}" if batch.counts else "-"
