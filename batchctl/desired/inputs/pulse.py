"""Signs of life while a call into another library takes long, from a thread beside it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

#: Seconds between two signs.
_EVERY_S = 0.5


class Pulse:
    """Calls `alive` now and then, but only within `busy`: a row that is stuck is not to look alive. For libraries that
    let other threads run meanwhile. Close it in the end."""

    def __init__(self, alive: Callable[[], None], every_s: float = _EVERY_S) -> None:
        self._alive = alive
        self._every_s = every_s
        self._guard = threading.Lock()
        self._is_busy = False
        self._ended = threading.Event()
        threading.Thread(target=self._beat, name="pulse", daemon=True).start()

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Signs of life are given in here, and none after it."""
        self._set(busy=True)
        try:
            yield
        finally:
            self._set(busy=False)

    def close(self) -> None:
        """No more signs."""
        self._ended.set()

    def _set(self, *, busy: bool) -> None:
        with self._guard:
            self._is_busy = busy

    def _beat(self) -> None:
        while not self._ended.wait(self._every_s):
            with self._guard:
                if self._is_busy:
                    self._alive()
