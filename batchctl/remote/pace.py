"""Gives up connections that hardly move.

Timeouts of single reads and writes do not end them: a byte now and then is enough to keep those quiet for ever.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

#: Fewer bytes than this in so many seconds is no progress (about 1 kB/s).
LEAST_BYTES = 1 << 16
WITHIN_S = 60.0


class TooSlow(Exception):
    """A connection made no progress worth the name."""


def flowing(blocks: Iterable[bytes], monotonic: Callable[[], float], within_s: float = WITHIN_S) -> Iterator[bytes]:
    """The blocks of an answer as they come. Raises TooSlow where they trickle."""
    since, size = monotonic(), 0
    for block in blocks:
        yield block
        size += len(block)
        if monotonic() - since > within_s:
            if size < LEAST_BYTES:
                raise TooSlow(f"{size} bytes in {within_s:g} s")
            since, size = monotonic(), 0


@contextmanager
def begun_within(seconds: float, cut: Callable[[], None]) -> Iterator[None]:
    """Calls `cut`, from another thread, where the block is not done in time: headers are read to their end before
    anybody here sees a byte of them."""
    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


class Sending:
    """A file that is read to be sent. Raises TooSlow once `deadline_s` have passed since it was opened."""

    def __init__(self, file: BinaryIO, deadline_s: float, monotonic: Callable[[], float]) -> None:
        self._file = file
        self._deadline_s = deadline_s
        self._monotonic = monotonic
        self._end = monotonic() + deadline_s
        self.seek = file.seek

    def read(self, size: int = -1) -> bytes:
        if self._monotonic() > self._end:
            raise TooSlow(f"not sent within {self._deadline_s:g} s")
        return self._file.read(size)
