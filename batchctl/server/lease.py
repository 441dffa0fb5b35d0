"""Who is using the server: open connections that say by their mere being there that it should go on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from batchctl.server.errors import ApiError

LINGER_S = 1.0
FIRST_WITHIN_S = 20.0
MODES = ("run", "look")


class Leases:
    """Counts the open leases; only those of mode `run` want lines to run."""

    def __init__(self, on_change: Callable[[], None] = lambda: None) -> None:
        self._open = dict.fromkeys(MODES, 0)
        self._changed = asyncio.Event()
        self.on_change = on_change
        self.closed = asyncio.Event()

    @property
    def running(self) -> bool:
        """Whether somebody wants lines to run."""
        return self._open["run"] > 0

    @contextmanager
    def hold(self, mode: str) -> Iterator[None]:
        """A lease for the time of the block.

        Raises `ApiError` 400 for an unknown mode, 503 if the server is about to end.
        """
        if mode not in MODES:
            raise ApiError(400, f"Unknown lease mode '{mode}'.", param="mode")
        if self.closed.is_set():
            raise ApiError(503, "The server is about to end.", kind="server_error")
        self._count(mode, 1)
        try:
            yield
        finally:
            self._count(mode, -1)

    async def until_unused(
        self, *, first_within_s: float = FIRST_WITHIN_S, linger_s: float = LINGER_S
    ) -> None:
        """Returns when the last lease has been closed for a moment, or none ever came; no more are given."""
        patience_s = first_within_s
        while True:
            self._changed.clear()
            if self._used():
                patience_s = linger_s
                await self._changed.wait()
                continue
            try:
                await asyncio.wait_for(self._changed.wait(), patience_s)
            except TimeoutError:
                # Somebody may have come between the time running out and our hearing of it.
                if not self._used():
                    break
        self.closed.set()

    def _used(self) -> bool:
        return any(self._open.values())

    def _count(self, mode: str, difference: int) -> None:
        self._open[mode] += difference
        self._changed.set()
        self.on_change()


class LeaseResponse(Response):
    """Answers 200 at once and then goes on until the client is gone, however it went."""

    def __init__(self, leases: Leases, mode: str, instance: str) -> None:
        super().__init__(headers={"content-type": "text/plain", "x-batchctl-instance": instance})
        del self.headers["content-length"]
        self._leases = leases
        self._mode = mode

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Counted before the client reads the status, so that whoever has read it holds a lease."""
        with self._leases.hold(self._mode):
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await send({"type": "http.response.body", "body": b"leased\n", "more_body": True})
            gone = asyncio.create_task(_until_gone(receive))
            closed = asyncio.create_task(self._leases.closed.wait())
            try:
                await asyncio.wait({gone, closed}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                gone.cancel()
                closed.cancel()
        if self._leases.closed.is_set():
            await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
