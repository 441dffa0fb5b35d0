"""Waiting for an upstream that cannot be connected to: nothing was sent, so nothing is lost by patience."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

FIRST_PAUSE_S = 0.5
MAX_PAUSE_S = 15.0

log = logging.getLogger("batchctl.server")


class Outage:
    """Whether the upstream can be connected to, as all lines together have found; said once each time it changes.

    There is no end to the patience but the end of a batch's window: a line that failed instead would use up
    one of the attempts that its job allows, though nothing was ever attempted.
    """

    def __init__(
        self,
        name: str,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`name` is what the upstream is called."""
        self._name = name
        self._sleep = sleep
        self._monotonic = monotonic
        self._since: float | None = None
        self.message: str | None = None
        """What there is to say while it lasts; None while the upstream answers, or nobody has asked it yet."""

    async def wait(self, refusal: Exception, refusals: int) -> None:
        """Returns when it is time for another try of a line that was refused so many times in a row."""
        if self._since is None:
            self._since = self._monotonic()
            self.message = f"{self._name} cannot be reached ({refusal}); lines wait until it can"
            log.warning(self.message)
        await self._sleep(min(MAX_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(refusals - 1, 16)))

    def over(self) -> None:
        """To be called when a connection was made."""
        if self._since is not None:
            log.warning("%s is back after %.0f s", self._name, self._monotonic() - self._since)
            self._since = self.message = None
