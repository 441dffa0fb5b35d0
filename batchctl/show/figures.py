"""Numbers as people read them."""

from __future__ import annotations

import time

from batchctl.words.amounts import count as count
from batchctl.words.outcomes import Tally

_STATES = ("ok", "failed", "expired", "cancelled", "waiting", "held", "lost")


def batches(number: int) -> str:
    return count(number, "batch", "batches")


def size(number: int) -> str:
    """Bytes, in decimal units."""
    for limit, unit in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if number >= limit:
            return f"{number / limit:.1f} {unit}"
    return count(number, "byte")


def clock(seconds: float) -> str:
    """`0:12`, `1:02:03`: how long something has yet to take."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def span(seconds: float) -> str:
    """`45 s`, `12 min`, `3 h 05`, `2 d 4 h`: how long something lasts, in the two units that matter."""
    minutes, rest = divmod(max(0, int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes:02}"
    return f"{minutes} min" if minutes else f"{rest} s"


def rate(a_second: float) -> str:
    """`12/s`, `42/min`, `3/h`: in the unit in which it is a number to be read."""
    for unit_s, unit in ((1, "s"), (60, "min"), (3600, "h")):
        if (number := a_second * unit_s) >= 1:
            return f"{number:,.0f}/{unit}"
    return "0/s"


def tokens(number: int) -> str:
    """An estimate, and shown as one."""
    for limit, unit in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if number >= max(limit, 10**4):
            value = number / limit
            return f"~{value:,.0f}{unit} tokens" if value >= 100 else f"~{value:.3g}{unit} tokens"
    return f"~{number:,} tokens"


def rough(seconds: int) -> str:
    """`5 min`, `2 h`, `1 d`: about how long something took."""
    for unit_s, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= unit_s:
            return f"{round(seconds / unit_s)} {unit}"
    return f"{seconds} s"


def moment(at: int | None) -> str:
    """A provider's Unix time in UTC, or a dash where there is none that can be shown."""
    if at is None:
        return "-"
    try:
        return time.strftime("%Y-%m-%d %H:%MZ", time.gmtime(at))
    except (OverflowError, OSError, ValueError):
        return "-"


def tally(rows: Tally) -> str:
    """`rows 1,319: 1,300 ok, 12 failed, 7 waiting`."""
    parts = [f"{number:,} {name}" for name in _STATES if (number := getattr(rows, name))]
    return f"rows {rows.rows:,}" + (": " + ", ".join(parts) if parts else "")
