"""One batch's way from `validating` to its end, step by step."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Sequence

from batchctl.server import batches, lines
from batchctl.server.batches import LIVE, Batch, BatchError, errors_json
from batchctl.server.ending import finish
from batchctl.server.validation import check_input
from batchctl.server.work import LineWork
from batchctl.server.workshop import Workshop

log = logging.getLogger("batchctl.server")


class BatchRun:
    """Carries one batch as far as it goes; made again from the database after a restart."""

    def __init__(self, shop: Workshop, batch: Batch) -> None:
        self._shop = shop
        self._key = batch.key
        self._stop = asyncio.Event()
        if batch.status == "cancelling":
            self._stop.set()
        self._release = shop.hold.next_release() if shop.hold else None
        self._work = LineWork(shop, batch, self._stop)

    def stop(self) -> None:
        """Starts no further line; the batch ends as its row says: cancelled, or else expired."""
        self._stop.set()

    async def settle(self, grace_s: float) -> None:
        """Returns when none of its lines is with the upstream any more, or the grace is over."""
        await self._work.settle(grace_s)

    async def live(self) -> None:
        """Returns when the batch has ended. May be called again after an exception."""
        if self._batch().status == "validating":
            await _first_of(self._shop.gate.wait(), self._stop.wait())
            if not self._stop.is_set():
                await self._validate(self._batch())
        if self._batch().status == "queued" and not self._stop.is_set():
            await self._queue()
        if self._batch().status == "in_progress" and self._release is not None:
            await _first_of(self._release.wait(), self._stop.wait())
        if self._batch().status == "in_progress" and not self._stop.is_set():
            await self._answer_lines(self._batch())
        while (batch := self._batch()).status in LIVE:
            await finish(self._shop, batch, stopped=self._stop.is_set())
        for _ in lines.prune(self._shop.database, self._key):
            await asyncio.sleep(0)

    def _batch(self) -> Batch:
        return batches.get(self._shop.database, self._key)

    async def _validate(self, batch: Batch) -> None:
        shop = self._shop
        path = shop.shelf.path(batch.input_file_id)
        try:
            checked = await asyncio.to_thread(check_input, path, batch.endpoint, shop.dialect)
        except OSError as error:
            unreadable = BatchError("invalid_request", f"The input file cannot be read: {error.strerror}.")
            self._fail(batch, [unreadable])
            return
        if checked.refused:
            self._fail(batch, checked.errors)
            return
        step: dict[str, object] = {"status": "queued"}
        if shop.dialect.queued_s is None:
            step = {"status": "in_progress", "in_progress_at": shop.now()}
        lines.begin(shop.database, self._key, checked, errors=errors_json(checked.errors), **step)

    def _fail(self, batch: Batch, errors: Sequence[BatchError]) -> None:
        batches.update(
            self._shop.database,
            self._key,
            ("validating",),
            status="failed",
            failed_at=self._shop.now(),
            expires_at=self._shop.uptime.expires_at(batch),
            errors=errors_json(errors),
        )

    async def _queue(self) -> None:
        """Returns when it is the batch's turn; several wait side by side, for there is no scarcity here."""
        shop = self._shop
        await _first_of(asyncio.sleep(shop.dialect.queued_s or 0), self._stop.wait())
        await _first_of(shop.gate.wait(), self._stop.wait())
        if not self._stop.is_set():
            batches.update(
                shop.database, self._key, ("queued",), status="in_progress", in_progress_at=shop.now()
            )

    async def _answer_lines(self, batch: Batch) -> None:
        limit = self._shop.expire_after
        allowed = None if limit is None else max(0, limit - batch.completed - batch.failed)
        try:
            await self._work.run(allowed)
        except FileNotFoundError as error:
            # Nobody can answer them any more; what is answered has been paid for, and is not to wait for the window.
            log.error("%s is gone; the lines of %s that have no answer are given up", error.filename, batch.id)
            self._stop.set()
        if allowed is not None:
            self._stop.set()


async def _first_of(*awaitables: Awaitable[object]) -> None:
    """Waits until one is done, and cancels the others."""
    tasks = [asyncio.ensure_future(awaitable) for awaitable in awaitables]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
