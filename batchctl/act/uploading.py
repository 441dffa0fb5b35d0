"""Sends files of requests to a provider while something else is done: each in a thread, over a connection of its own.

Threads record nothing and show nothing; whoever waits for a file does, in the thread that waits.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from batchctl.remote.provider import Provider

#: Seconds between two words about a file that is waited for.
_TICK_S = 0.1


class _Closed(Exception):
    """Nobody waits for this upload any more."""


class Uploads:
    """Uploads under way, each by the shard that it brings. Close it to break them off: at the next block that one would
    send. One that is stuck ends by its own timeouts; nobody waits for it.

    A connection is closed by the thread that uses it alone: OpenSSL goes on writing to the number of a descriptor that
    another thread has closed, and that the next file to be opened may have got.
    """

    def __init__(self) -> None:
        self._open: set[str] = set()
        self._sent: dict[str, int] = {}
        self._came: dict[str, str | BaseException] = {}
        self._ends: queue.SimpleQueue[tuple[str, str | BaseException]] = queue.SimpleQueue()
        self._closed = False

    def __contains__(self, shard: str) -> bool:
        return shard in self._open

    def begin(self, shard: str, provider: Provider, path: Path, filename: str) -> None:
        """Starts to send a file, under this name. Raises RuntimeError where no more threads can be had."""
        # A daemon: neither ^C nor a failure elsewhere waits for a connection that is slow.
        given = (shard, provider.twin(), path, filename)
        threading.Thread(target=self._send, args=given, daemon=True).start()
        self._open.add(shard)

    def file_id(self, shard: str, told: Callable[[int], None]) -> str:
        """Waits for an upload that was begun; `told` is called now and then with the number of bytes sent. Raises what
        the upload raised."""
        while shard not in self._came:
            self._hear(_TICK_S)
            told(self._sent.get(shard, 0))
        self._open.discard(shard)
        came = self._came.pop(shard)
        if isinstance(came, BaseException):
            raise came
        return came

    def close(self) -> dict[str, str]:
        """Breaks off what is under way. Returns the file ids of those that had come to their end, by shard."""
        self._closed = True
        while not self._ends.empty():
            self._hear(0.0)
        self._open.clear()
        return {shard: came for shard, came in self._came.items() if isinstance(came, str)}

    def _hear(self, wait_s: float) -> None:
        with suppress(queue.Empty):
            shard, came = self._ends.get(timeout=wait_s)
            self._came[shard] = came

    def _send(self, shard: str, provider: Provider, path: Path, filename: str) -> None:
        def sent(size: int) -> None:
            if self._closed:
                raise _Closed
            self._sent[shard] = size

        try:
            self._ends.put((shard, provider.upload(path, filename, sent).id))
        except BaseException as error:
            self._ends.put((shard, error))
        finally:
            provider.close()
