"""Keeps batches from running their lines until somebody says so: an aid for tests of what happens meanwhile."""

from __future__ import annotations

import asyncio


class Hold:
    """Holds every batch that is made, until the next release; those made after it, until the one after."""

    def __init__(self) -> None:
        self._next = asyncio.Event()

    def next_release(self) -> asyncio.Event:
        """Set by the release that comes next."""
        return self._next

    def release(self) -> None:
        """Lets all run that are held now."""
        self._next.set()
        self._next = asyncio.Event()
