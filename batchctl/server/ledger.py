"""Writes down each call and what came of it, so that a test can judge what a client did."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import orjson


@dataclass(frozen=True, slots=True)
class Entry:
    """One call. `status` is what the client was sent, None when the connection was cut before that."""

    method: str
    path: str
    """Below the dialect's prefix, without the query."""
    query: str
    status: int | None
    answered: int | None
    """The status that the server itself gave; None when the call never reached it."""
    carried_out: bool
    """The call reached the server, and was not refused."""
    fault: str | None
    batches: list[str]
    """Ids of the batches that the call made."""


class Ledger:
    """A file of JSON lines; None keeps nothing. An entry is in the file before the client has its whole answer."""

    def __init__(self, path: Path | None) -> None:
        """Raises `OSError`."""
        self._stream = path.open("ab", buffering=0) if path is not None else None

    def add(self, entry: Entry) -> None:
        """One line, in one write."""
        if self._stream is not None:
            self._stream.write(orjson.dumps(asdict(entry)) + b"\n")

    def close(self) -> None:
        """Lets go of the file."""
        if self._stream is not None:
            self._stream.close()
