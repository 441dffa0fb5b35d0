"""A process with a wrong wall clock: it is off from the start, or jumps while the process runs. Durations stay true,
as the system's monotonic clock does not jump."""

from __future__ import annotations

import time
from typing import Any


def wrong(offset_s: float, after_s: float = 0.0) -> None:
    """From `after_s` seconds on, the wall clock of this process is off by `offset_s` seconds."""
    begun = time.monotonic()
    true, true_ns, true_gmtime, true_localtime = time.time, time.time_ns, time.gmtime, time.localtime
    true_strftime = time.strftime

    def off() -> float:
        return offset_s if time.monotonic() - begun >= after_s else 0.0

    def strftime(form: str, when: Any = None) -> str:
        return true_strftime(form, time.localtime() if when is None else when)

    time.time = lambda: true() + off()
    time.time_ns = lambda: true_ns() + int(off() * 1e9)
    time.gmtime = lambda seconds=None: true_gmtime(time.time() if seconds is None else seconds)  # type: ignore[assignment]
    time.localtime = (  # type: ignore[assignment]
        lambda seconds=None: true_localtime(time.time() if seconds is None else seconds))
    time.strftime = strftime  # type: ignore[assignment]
