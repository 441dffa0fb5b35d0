"""Waiting for an upstream that refuses connections: nothing was sent, so nothing is lost by patience."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable

# Longer than a restart of a model server takes, shorter than somebody waits who mistyped its address.
PATIENCE_S = 120.0
FIRST_PAUSE_S = 0.5
MAX_PAUSE_S = 15.0
# After so long without a try, an earlier outage says nothing about now.
FORGOTTEN_S = 60.0

log = logging.getLogger("batchctl.server")


class Outage:
    """Whether the upstream can be connected to, as all lines together have found; said once each time it changes."""

    def __init__(
        self,
        name: str,
        sleep: Callable[[float], Awaitable[None]],
        *,
        patience_s: float = PATIENCE_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`name` is what the log calls the upstream."""
        self._name = name
        self._sleep = sleep
        self._patience_s = patience_s
        self._monotonic = monotonic
        self._since: float | None = None
        self._last = 0.0

    async def wait(self, refusal: Exception, refusals: int) -> bool:
        """To be called when a connection was refused, `refusals` times in a row for this line.

        Returns True when it is time for another try, False when the upstream has been away for too long.
        """
        now = self._monotonic()
        if self._since is None or now - self._last > FORGOTTEN_S:
            self._since = now
            log.warning(
                "cannot connect to %s (%s); lines wait until it is back, %g s at most",
                self._name,
                refusal,
                self._patience_s,
            )
        self._last = now
        left_s = self._since + self._patience_s - now
        if left_s <= 0:
            return False
        await self._sleep(min(left_s, MAX_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(refusals - 1, 16)))
        return True

    def over(self) -> None:
        """To be called when a connection was made."""
        if self._since is not None:
            log.warning("%s is back after %.0f s", self._name, self._monotonic() - self._since)
            self._since = None
