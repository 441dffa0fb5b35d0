"""Runs all live batches, pauses them when nobody wants lines to run, and expires those whose time is up."""

from __future__ import annotations

import asyncio
import logging

from batchctl.server import batches, lines
from batchctl.server.batches import CANCELLABLE, Batch
from batchctl.server.run import BatchRun
from batchctl.server.workshop import Workshop

RETRY_S = 5.0
SWEEP_EVERY_TICKS = 60
# Shorter than what a service manager waits before it kills.
STOP_GRACE_S = 5.0

log = logging.getLogger("batchctl.server")


class Engine:
    """One `BatchRun` for each live batch, never two for the same one."""

    def __init__(self, shop: Workshop) -> None:
        self._shop = shop
        self._runs: dict[int, BatchRun] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._ticks = 0

    def start(self) -> None:
        """Cleans up after a crash and takes every live batch up where it was."""
        shop = self._shop
        shop.shelf.remove_strays()
        shop.shelf.remove_gone(shop.now())
        for key in lines.unpruned(shop.database):
            for _ in lines.prune(shop.database, key):
                pass
        for batch in batches.live(shop.database):
            self.adopt(batch)

    def adopt(self, batch: Batch) -> None:
        """Begins to work on a batch that has not ended."""
        if batch.key not in self._tasks:
            run = BatchRun(self._shop, batch)
            self._runs[batch.key] = run
            self._tasks[batch.key] = asyncio.create_task(self._carry(batch, run))

    def set_running(self, running: bool) -> None:
        """Lets lines run, or lets those in flight finish and starts no others; uptime counts accordingly."""
        if running:
            self._shop.uptime.resume()
            self._shop.gate.set()
        elif self._shop.gate.is_set():
            self._shop.gate.clear()
            self._shop.uptime.pause()

    def cancel(self, batch: Batch) -> bool:
        """Moves a batch to `cancelling`; False if it is past the point where that can be."""
        moved = batches.update(
            self._shop.database, batch.key, CANCELLABLE, status="cancelling", cancelling_at=self._shop.now()
        )
        if moved and batch.key in self._runs:
            self._runs[batch.key].stop()
        return moved

    def tick(self) -> None:
        """To be called about once a second: keeps the uptime, expires batches, removes expired files."""
        self._ticks += 1
        if self._ticks % SWEEP_EVERY_TICKS == 0:
            self._shop.shelf.remove_gone(self._shop.now())
        if not (self._runs and self._shop.gate.is_set()):
            return
        self._shop.uptime.save()
        for key, run in self._runs.items():
            if self._shop.uptime.remaining_s(batches.get(self._shop.database, key)) <= 0:
                run.stop()

    async def stop(self) -> None:
        """Starts nothing more, waits a little for what has been paid for, and writes what has been answered."""
        running = self._shop.gate.is_set()
        self._shop.gate.clear()
        if self._shop.upstream.costs:
            await asyncio.gather(*(run.settle(STOP_GRACE_S) for run in self._runs.values()))
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._shop.journal.flush()
        if running:
            self._shop.uptime.pause()
        await self._shop.upstream.close()

    async def _carry(self, batch: Batch, run: BatchRun) -> None:
        try:
            while True:
                try:
                    await run.live()
                    return
                except Exception:
                    log.exception("%s met an error; trying again in %g s", batch.id, RETRY_S)
                    await asyncio.sleep(RETRY_S)
        finally:
            del self._runs[batch.key], self._tasks[batch.key]
