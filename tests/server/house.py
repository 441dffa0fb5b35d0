"""The inside of a server, with clocks that a test moves."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from batchctl.server import batches
from batchctl.server.batches import NewBatch
from batchctl.server.clock import Clock
from batchctl.server.database import Database
from batchctl.server.dialects import OPENAI
from batchctl.server.echo import Echo
from batchctl.server.engine import Engine
from batchctl.server.files import FileShelf
from batchctl.server.folder import DataFolder
from batchctl.server.journal import Journal
from batchctl.server.outage import Outage
from batchctl.server.uptime import Uptime
from batchctl.server.workshop import Workshop

HOUR_S = 3600


class Time:
    """Both clocks; a wall clock that went on while the server was down is `skip`."""

    def __init__(self) -> None:
        self.wall, self.monotonic = 1_000_000.25, 50.0
        self.clock = Clock(lambda: self.wall, lambda: self.monotonic)

    def pass_(self, seconds: float) -> None:
        self.wall += seconds
        self.monotonic += seconds

    def skip(self, seconds: float) -> None:
        self.wall += seconds


class House:
    """One run of a server on a folder, without HTTP and without leases."""

    def __init__(self, root, time: Time, upstream=None, outage=None) -> None:
        folder = DataFolder(root)
        folder.prepare()
        self.time = time
        self.database = Database(folder.database)
        self.shelf = FileShelf(self.database, folder.files)
        self.uptime = Uptime(self.database, time.clock)
        self.shop = Workshop(
            database=self.database,
            shelf=self.shelf,
            dialect=OPENAI,
            upstream=upstream or Echo(),
            outage=outage or Outage("the upstream"),
            journal=Journal(self.database),
            uptime=self.uptime,
            clock=time.clock,
            concurrency=4,
            slots=asyncio.Semaphore(4),
            gate=asyncio.Event(),
            grace_s=0.05,
        )
        self.engine = Engine(self.shop)

    def add_file(self, content: bytes, expires_at: int | None = None) -> str:
        file_id = f"file-{len(list(self.shelf.folder.iterdir()))}"
        self.shelf.path(file_id).write_bytes(content)
        self.shelf.add(
            file_id,
            purpose="batch",
            filename="x",
            size=len(content),
            now=self.shop.now(),
            expires_at=expires_at,
        )
        return file_id

    def add_batch(self, content: bytes, window_s: int = HOUR_S, **options):
        new = NewBatch("/v1/chat/completions", self.add_file(content), "1h", window_s, None, None)
        batch = batches.add(
            self.database,
            replace(new, **options),
            now=self.shop.now(),
            uptime_s=self.uptime.seconds(),
            anchor=self.uptime.anchor(),
        )
        self.engine.adopt(batch)
        return batch

    def look(self, batch):
        return batches.get(self.database, batch.key)

    async def until(self, batch, status: str):
        async with asyncio.timeout(5):
            while self.look(batch).status != status:
                await asyncio.sleep(0.005)
        return self.look(batch)

    async def close(self) -> None:
        await self.engine.stop()
        self.database.close()
