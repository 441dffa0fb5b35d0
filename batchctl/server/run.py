"""One batch's way from `validating` to its end: check the input, answer the lines, write the results."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, BinaryIO

import orjson

from batchctl.server import batches, lines
from batchctl.server.batches import LIVE, Batch
from batchctl.server.clock import Clock
from batchctl.server.database import Database
from batchctl.server.dialects import ServerDialect
from batchctl.server.files import FileShelf
from batchctl.server.hold import Hold
from batchctl.server.journal import Journal
from batchctl.server.lines import Line
from batchctl.server.results import ResultFile, Results, write_results
from batchctl.server.upstream import Answer, LineRequest, Upstream, failure, kept, no_answer
from batchctl.server.uptime import Uptime
from batchctl.server.validation import InputError, check_input

PAGE_LINES = 1_000
# An answer that is on its way when the batch is cancelled or expires is probably paid for: wait a little.
GRACE_S = 10.0

log = logging.getLogger("batchctl.server")


@dataclass(frozen=True, slots=True)
class Workshop:
    """What all running batches share."""

    database: Database
    shelf: FileShelf
    dialect: ServerDialect
    upstream: Upstream
    journal: Journal
    uptime: Uptime
    clock: Clock
    concurrency: int
    slots: asyncio.Semaphore
    """One for each line that may be with the upstream at a time."""
    gate: asyncio.Event
    """Set while lines may run."""
    grace_s: float = GRACE_S
    expire_after: int | None = None
    """Every batch expires when this many of its lines have been answered: for tests of expiry."""
    hold: Hold | None = None
    """What batches wait for once they are `in_progress`."""

    def now(self) -> int:
        """Unix seconds, as in the objects a client sees."""
        return int(self.clock.wall())


class BatchRun:
    """Carries one batch as far as it goes; made again from the database after a restart."""

    def __init__(self, shop: Workshop, batch: Batch) -> None:
        self._shop = shop
        self._key = batch.key
        self._id = batch.id
        self._stop = asyncio.Event()
        if batch.status == "cancelling":
            self._stop.set()
        self._release = shop.hold.next_release() if shop.hold else None
        self._in_flight: set[asyncio.Task[None]] = set()

    def stop(self) -> None:
        """Starts no further line; the batch ends as its row says: cancelled, or else expired."""
        self._stop.set()

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
            await self._answer_lines()
        while self._batch().status in LIVE:
            await self._finish(self._batch())
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
            unreadable = InputError("invalid_request", f"The input file cannot be read: {error.strerror}.")
            self._fail(batch, [unreadable])
            return
        if checked.refused:
            self._fail(batch, checked.errors)
            return
        step: dict[str, object] = {"status": "queued"}
        if shop.dialect.queued_s is None:
            step = {"status": "in_progress", "in_progress_at": shop.now()}
        lines.begin(shop.database, self._key, checked, errors=_json(checked.errors), **step)

    def _fail(self, batch: Batch, errors: Sequence[InputError]) -> None:
        batches.update(
            self._shop.database,
            self._key,
            ("validating",),
            status="failed",
            failed_at=self._shop.now(),
            expires_at=self._shop.uptime.expires_at(batch),
            errors=_json(errors),
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

    async def _answer_lines(self) -> None:
        shop = self._shop
        batch = self._batch()
        allowed = None
        if shop.expire_after is not None:
            allowed = max(0, shop.expire_after - batch.completed - batch.failed)
        with shop.shelf.path(batch.input_file_id).open("rb") as stream:
            source = LineSource(shop.database, self._key, stream, allowed)
            workers = [asyncio.create_task(self._work(source)) for _ in range(shop.concurrency)]
            stopped = asyncio.create_task(self._stop.wait())
            try:
                done = asyncio.gather(*workers)
                waited_for: set[asyncio.Future[Any]] = {done, stopped}
                await asyncio.wait(waited_for, return_when=asyncio.FIRST_COMPLETED)
                if done.done():
                    done.result()
                else:
                    source.close()
                    await self._let_in_flight_finish()
            finally:
                for task in (*workers, stopped):
                    task.cancel()
                await asyncio.gather(*workers, stopped, return_exceptions=True)
        await shop.journal.on_disk()
        if allowed is not None:
            self._stop.set()

    async def _let_in_flight_finish(self) -> None:
        if self._in_flight:
            await asyncio.wait(set(self._in_flight), timeout=self._shop.grace_s)

    async def _work(self, source: LineSource) -> None:
        me = asyncio.current_task()
        assert me is not None
        while (line := source.next()) is not None:
            async with self._shop.slots:
                await self._shop.gate.wait()
                if self._stop.is_set():
                    return
                self._in_flight.add(me)
                try:
                    await self._answer(line, source.read(line))
                finally:
                    self._in_flight.discard(me)

    async def _answer(self, line: Line, raw: bytes) -> None:
        shop = self._shop
        row = orjson.loads(raw)
        request = LineRequest(row["custom_id"], row["url"], row["body"])
        if request.body.get("stream"):
            answer = failure(
                400, "Streaming is not supported in a batch.", code="invalid_value", param="stream"
            )
        else:
            if shop.upstream.costs:
                await self._mark(line)
            answer = await self._ask(request)
        salt = self._id if shop.upstream.costs else ""
        record = kept(self._key, line.number, line.custom_id, answer, salt=salt)
        await shop.journal.keep(record, wait=shop.upstream.costs)

    async def _mark(self, line: Line) -> None:
        if line.sent:
            log.warning(
                "line %d of %s was in flight when the server stopped; sent again", line.number, self._id
            )
        await self._shop.journal.mark_sent(self._key, line.number)

    async def _ask(self, request: LineRequest) -> Answer:
        try:
            return await self._shop.upstream.answer(request)
        except Exception:
            # A fault of ours must not make the batch start over: that would send the line again, for ever.
            log.exception("a line of %s failed", self._id)
            return no_answer("server_error", "The server failed to handle this request.")

    async def _finish(self, batch: Batch) -> None:
        shop = self._shop
        outcome = _outcome(batch)
        if outcome == "expired" and not self._stop.is_set():
            raise RuntimeError(f"{self._id} has lines that are neither answered nor given up")
        if outcome == "completed" and batch.status == "in_progress":
            batches.update(
                shop.database, self._key, ("in_progress",), status="finalizing", finalizing_at=shop.now()
            )
            batch = self._batch()
            outcome = _outcome(batch)
        results = await asyncio.to_thread(
            write_results, shop.database.path, shop.shelf, self._key, self._id, outcome
        )
        if not self._end(batch, outcome, results):
            for file in (results.output, results.error):
                if file is not None:
                    shop.shelf.path(file.id).unlink(missing_ok=True)

    def _end(self, batch: Batch, outcome: str, results: Results) -> bool:
        """Registers the results and ends the batch, together; False if a cancel came in between."""
        shop, now = self._shop, self._shop.now()
        changes = {
            "status": outcome,
            f"{outcome}_at": now,
            "expires_at": shop.uptime.expires_at(batch),
            "output_file_id": results.output.id if results.output else None,
            "error_file_id": results.error.id if results.error else None,
        }
        with shop.database.transaction():
            if not batches.update(shop.database, self._key, (batch.status,), **changes):
                return False
            self._register(batch, results.output, "output", now)
            self._register(batch, results.error, "error", now)
        return True

    def _register(self, batch: Batch, file: ResultFile | None, kind: str, now: int) -> None:
        if file is None:
            return
        self._shop.shelf.add(
            file.id,
            purpose="batch_output",
            filename=f"{batch.id}_{kind}.jsonl",
            size=file.size,
            now=now,
            expires_at=now + batch.output_expires_s if batch.output_expires_s else None,
        )


class LineSource:
    """Hands out a batch's unanswered lines, each once, in file order, without holding them all.

    With `allowed`, so many of them at most.
    """

    def __init__(
        self, database: Database, key: int, stream: BinaryIO, allowed: int | None = None
    ) -> None:
        self._database = database
        self._key = key
        self._stream = stream
        self._page: list[Line] = []
        self._last = 0
        self._allowed = allowed
        self._closed = False

    def next(self) -> Line | None:
        """The next line; None when there is none, or the source is closed."""
        if self._closed or self._allowed == 0:
            return None
        if not self._page:
            self._page = lines.unanswered(self._database, self._key, after=self._last, limit=PAGE_LINES)
            self._page.reverse()
        if not self._page:
            return None
        line = self._page.pop()
        self._last = line.number
        if self._allowed is not None:
            self._allowed -= 1
        return line

    def read(self, line: Line) -> bytes:
        """The bytes of a line in the input file."""
        self._stream.seek(line.start)
        return self._stream.read(line.size)

    def close(self) -> None:
        """Hands out nothing more."""
        self._closed = True


def _outcome(batch: Batch) -> str:
    if batch.status == "cancelling":
        return "cancelled"
    answered = batch.completed + batch.failed
    return "completed" if batch.total and answered == batch.total else "expired"


def _json(errors: Sequence[InputError]) -> str | None:
    return orjson.dumps([asdict(error) for error in errors]).decode() if errors else None


async def _first_of(*awaitables: Awaitable[object]) -> None:
    """Waits until one is done, and cancels the others."""
    tasks = [asyncio.ensure_future(awaitable) for awaitable in awaitables]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
