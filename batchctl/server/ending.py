"""Ends a batch: writes its result files, and registers them in the same step in which its status moves."""

from __future__ import annotations

import asyncio

from batchctl.server import batches
from batchctl.server.batches import Batch
from batchctl.server.results import ResultFile, Results, discard, write_results
from batchctl.server.workshop import Workshop


async def finish(shop: Workshop, batch: Batch, *, stopped: bool) -> None:
    """Takes a batch whose lines have been dealt with to its end; not if a cancel comes in between.

    `stopped`: lines that have no answer were given up on purpose.
    """
    outcome = _outcome(batch)
    if outcome == "expired" and not stopped:
        raise RuntimeError(f"{batch.id} has lines that are neither answered nor given up")
    if outcome == "completed" and batch.status == "in_progress":
        batches.update(
            shop.database, batch.key, ("in_progress",), status="finalizing", finalizing_at=shop.now()
        )
        batch = batches.get(shop.database, batch.key)
        outcome = _outcome(batch)
    results = await asyncio.to_thread(
        write_results, shop.database.path, shop.shelf, batch.key, batch.id, outcome
    )
    if not _end(shop, batch, outcome, results):
        discard(shop.shelf, results.output)
        discard(shop.shelf, results.error)


def _outcome(batch: Batch) -> str:
    if batch.status == "cancelling":
        return "cancelled"
    answered = batch.completed + batch.failed
    return "completed" if batch.total and answered == batch.total else "expired"


def _end(shop: Workshop, batch: Batch, outcome: str, results: Results) -> bool:
    """Registers the results and ends the batch, together; False if a cancel came in between."""
    now = shop.now()
    changes = {
        "status": outcome,
        f"{outcome}_at": now,
        "expires_at": shop.uptime.expires_at(batch),
        "output_file_id": results.output.id if results.output else None,
        "error_file_id": results.error.id if results.error else None,
    }
    with shop.database.transaction():
        if not batches.update(shop.database, batch.key, (batch.status,), **changes):
            return False
        _register(shop, batch, results.output, "output", now)
        _register(shop, batch, results.error, "error", now)
    return True


def _register(shop: Workshop, batch: Batch, file: ResultFile | None, kind: str, now: int) -> None:
    if file is None:
        return
    shop.shelf.add(
        file.id,
        purpose="batch_output",
        filename=f"{batch.id}_{kind}.jsonl",
        size=file.size,
        now=now,
        expires_at=now + batch.output_expires_s if batch.output_expires_s else None,
    )
