"""Hands out the lines of a batch that are still to be answered, without holding them all."""

from __future__ import annotations

from typing import BinaryIO

from batchctl.server import lines
from batchctl.server.database import Database
from batchctl.server.lines import Line

PAGE_LINES = 1_000


class LineSource:
    """Gives each unanswered line of a batch once, in file order.

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
