"""The dialects as a table, for people and for machines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from batchctl.show import figures
from batchctl.show.plan_json import dumped
from batchctl.show.tables import aligned
from batchctl.words.dialects import DAY_S, Dialect


def providers_text(dialects: Sequence[Dialect]) -> str:
    """A line a provider."""
    head = ["NAME", "WINDOW", "REQUESTS", "FILE", "ENDPOINTS", "KEY"]
    rows = [[one.name, windows(one), requests(one), figures.size(one.limits.max_bytes), str(len(one.endpoints)),
             one.api_key_env or "-"] for one in dialects]
    return "\n".join([*aligned([head, *rows]), "", "`batchctl providers NAME` tells more, with a manifest."]) + "\n"


def providers_json(dialects: Sequence[Dialect]) -> str:
    return dumped({"version": 1, "providers": [_document(one) for one in dialects]})


def windows(one: Dialect) -> str:
    """`24h`, or `24h to 7d`, and the words that are windows too."""
    shortest, longest = (_window(seconds) for seconds in one.windows_s)
    return " or ".join((shortest if shortest == longest else f"{shortest} to {longest}", *one.window_words))


def requests(one: Dialect) -> str:
    """How many requests a batch may have."""
    return f"{one.limits.min_requests:,} to {one.limits.max_requests:,}"


def _document(one: Dialect) -> dict[str, Any]:
    made = asdict(one)
    made["endpoints"] = dict(one.endpoints)
    made["capacity_codes"] = sorted(one.capacity_codes)
    made["cancel"] = [{"method": method, "path": path} for method, path in one.cancel]
    made["discount"] = None if one.discount is None else float(one.discount)
    made["auth"] = {"header": one.auth[0], "prefix": one.auth[1]}
    return made


def _window(seconds: int) -> str:
    return f"{seconds // DAY_S}d" if seconds % DAY_S == 0 and seconds > DAY_S else f"{seconds // 3600}h"
