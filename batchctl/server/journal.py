"""Writes marks and answers to the database in groups, so that durable does not mean one commit a line."""

from __future__ import annotations

import asyncio
import logging
import sqlite3

from batchctl.server import lines
from batchctl.server.database import Database
from batchctl.server.lines import KeptAnswer

GROUP_LINES = 500
DELAY_S = 0.05
RETRY_S = 1.0

log = logging.getLogger("batchctl.server")


class Journal:
    """The one writer of lines that are running.

    Whoever waits for the disk shares the next commit with all others that wait; the commit itself takes
    the time in which the next group gathers.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._marks: list[tuple[int, int, int]] = []
        self._answers: list[KeptAnswer] = []
        self._waiting: list[asyncio.Future[None]] = []
        self._timer: asyncio.Handle | None = None
        self._urgent = False

    async def mark_sent(self, batch: int, line: int) -> None:
        """Returns when it is on the disk that this line may reach the upstream."""
        self._marks.append((1, batch, line))
        await self.on_disk()

    def unmark(self, batch: int, line: int) -> None:
        """Takes a mark back, with the next commit: the line did not leave."""
        self._marks.append((-1, batch, line))

    async def keep(self, answer: KeptAnswer, *, wait: bool) -> None:
        """Takes an answer; with `wait` returns when it is on the disk, else within the next group."""
        self._answers.append(answer)
        if wait or (self._urgent and len(self._answers) >= GROUP_LINES):
            await self.on_disk()
        elif len(self._answers) >= GROUP_LINES:
            self.flush()
            # Lines that wait for nothing would otherwise never let the HTTP side speak.
            await asyncio.sleep(0)
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(DELAY_S, self.flush)

    def flush(self) -> None:
        """Commits what has gathered. A full disk loses nothing: all stays here, and is tried again."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._urgent = None, False
        if not (self._marks or self._answers):
            return
        try:
            with self._database.transaction():
                lines.count_sent(self._database, self._marks)
                for answer in self._answers:
                    lines.keep(self._database, answer)
        except sqlite3.Error as error:
            log.error("cannot write to %s: %s; trying again", self._database.path, error)
            self._timer = asyncio.get_running_loop().call_later(RETRY_S, self.flush)
            self._urgent = True
            return
        self._marks.clear()
        self._answers.clear()
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    async def on_disk(self) -> None:
        """Returns when all that was taken so far is on the disk."""
        if not (self._marks or self._answers):
            return
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        self._waiting.append(future)
        if not self._urgent:
            if self._timer is not None:
                self._timer.cancel()
            self._timer, self._urgent = loop.call_soon(self.flush), True
        await future
