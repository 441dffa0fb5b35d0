"""A provider's list of batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from batchctl.show import figures
from batchctl.show.colour import PLAIN, Palette
from batchctl.show.plan_json import dumped
from batchctl.show.safe import safe, shortened
from batchctl.show.tables import fitting
from batchctl.words.remote import RemoteBatch


@dataclass(frozen=True, slots=True)
class Listed:
    """One batch: whose it is (None: not batchctl's), and whether a lockfile here has it."""

    provider: str
    batch: RemoteBatch
    job: str | None
    recorded: bool


def batches_text(found: Sequence[Listed], paint: Palette = PLAIN, columns: int | None = None) -> str:
    """`*` marks those in a lockfile here, `+` those with a job's tag alone. Lines fit into so many columns (None: any)
    as far as the ids do."""
    if not found:
        return "No batches.\n"
    rows = fitting(_variants(found), columns)
    lines = [paint("bold" if one.recorded else "dim", row) for one, row in zip(found, rows, strict=True)]
    return "\n".join(lines) + "\n\n* in a lockfile here   + has a job's tag, and is in no lockfile here\n"


def _variants(found: Sequence[Listed]) -> Iterator[list[list[str]]]:
    """The table from wide to narrow: without a provider that all have, without the time, with shorter names of jobs."""
    whole = [[_mark(one), safe(one.batch.id), safe(one.batch.status), _counts(one.batch),
              figures.moment(one.batch.created_at), safe(one.provider), safe(one.job or "-")] for one in found]
    yield whole
    several = len({one.provider for one in found}) > 1
    where = [[row[5]] if several else [] for row in whole]
    yield [[*row[:5], *at, row[6]] for row, at in zip(whole, where, strict=True)]
    for longest in (48, 20, 10):
        yield [[*row[:4], *at, shortened(one.job or "-", longest)]
               for one, row, at in zip(found, whole, where, strict=True)]
    yield [[*row[:3], shortened(one.job or "-", 10)] for one, row in zip(found, whole, strict=True)]


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
