"""The two clocks the server reads, as one value that tests can replace."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Clock:
    """Where time comes from.

    `wall` gives Unix seconds, for the timestamps a client sees. `monotonic` gives seconds that never
    jump, for measuring how long the server has been running lines.
    """

    wall: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
