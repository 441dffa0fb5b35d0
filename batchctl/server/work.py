"""Gets the lines of one batch answered: some at a time, and each stored before it counts."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Any

import orjson

from batchctl.server.batches import Batch
from batchctl.server.lines import Line
from batchctl.server.source import LineSource
from batchctl.server.upstream import Answer, LineRequest, UnreachableError, kept, no_answer, streaming_refused
from batchctl.server.workshop import Workshop

log = logging.getLogger("batchctl.server")


@dataclass(slots=True)
class _Errand:
    """A line on its way to its answer."""

    line: Line
    request: LineRequest
    spent: int = 0
    """How many of its tries reached the upstream."""
    refusals: int = 0
    """How often in a row the upstream could not be connected to."""


class LineWork:
    """The work on one batch's lines, until all are answered or `stop` is set."""

    def __init__(self, shop: Workshop, batch: Batch, stop: asyncio.Event) -> None:
        self._shop = shop
        self._batch = batch
        self._stop = stop
        self._in_flight: set[asyncio.Future[None]] = set()

    async def run(self, allowed: int | None) -> None:
        """Answers all lines that have no answer, or so many of them; what is on its way at a stop has a grace."""
        shop, batch = self._shop, self._batch
        with shop.shelf.path(batch.input_file_id).open("rb") as stream:
            source = LineSource(shop.database, batch.key, stream, allowed)
            workers = [asyncio.create_task(self._work(source)) for _ in range(shop.concurrency)]
            stopped = asyncio.create_task(self._stop.wait())
            done = asyncio.gather(*workers)
            try:
                waited_for: set[asyncio.Future[Any]] = {done, stopped}
                await asyncio.wait(waited_for, return_when=asyncio.FIRST_COMPLETED)
                if done.done():
                    done.result()
                else:
                    source.close()
                    await self.settle(shop.grace_s)
            finally:
                for task in (*workers, stopped):
                    task.cancel()
                # Also of `done` itself: asyncio complains of an exception that nobody looks at.
                await asyncio.gather(done, *workers, stopped, return_exceptions=True)
        await shop.journal.on_disk()

    async def settle(self, grace_s: float) -> None:
        """Returns when nothing is with the upstream any more, or the grace is over."""
        if self._in_flight:
            await asyncio.wait(set(self._in_flight), timeout=grace_s)

    async def _work(self, source: LineSource) -> None:
        while (line := source.next()) is not None:
            row = orjson.loads(source.read(line))
            errand = _Errand(line, LineRequest(row["custom_id"], row["url"], row["body"]))
            while not await self._try(errand):
                pass

    async def _try(self, errand: _Errand) -> bool:
        """False when the upstream cannot be connected to, after a pause: the line is where it was."""
        try:
            await self._in_turn(errand)
        except UnreachableError as error:
            await self._shop.outage.wait(error, errand.refusals)
            return False
        return True

    async def _in_turn(self, errand: _Errand) -> None:
        async with self._shop.slots:
            await self._shop.gate.wait()
            if self._stop.is_set():
                return
            arrived: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._in_flight.add(arrived)
            try:
                await self._answer(errand)
            finally:
                self._in_flight.discard(arrived)
                arrived.set_result(None)

    async def _answer(self, errand: _Errand) -> None:
        shop, line = self._shop, errand.line
        if errand.request.body.get("stream"):
            answer = streaming_refused("in a batch")
        else:
            answer = await self._ask(errand)
        salt = self._batch.id if shop.upstream.costs else ""
        record = kept(self._batch.key, line.number, line.custom_id, answer, salt=salt)
        await shop.journal.keep(record, wait=shop.upstream.costs)

    async def _ask(self, errand: _Errand) -> Answer:
        shop = self._shop
        # A line that waits for its upstream between two tries is marked already.
        if shop.upstream.costs and errand.spent == 0:
            await self._mark(errand)
        try:
            answer = await shop.upstream.answer(errand.request, errand.spent)
        except UnreachableError as error:
            if error.spent == 0:
                shop.journal.unmark(self._batch.key, errand.line.number)
            errand.refusals = errand.refusals + 1 if error.spent == errand.spent else 1
            errand.spent = error.spent
            raise
        except Exception:
            # A fault of ours must not make the batch start over: that would send the line again, for ever.
            log.exception("a line of %s failed", self._batch.id)
            return no_answer("server_error", "The server failed to handle this request.")
        shop.outage.over()
        return answer

    async def _mark(self, errand: _Errand) -> None:
        line = errand.line
        if line.sent and not errand.refusals:
            log.warning(
                "line %d of %s was in flight when the server stopped; sent again", line.number, self._batch.id
            )
        await self._shop.journal.mark_sent(self._batch.key, line.number)
