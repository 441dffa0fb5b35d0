"""What a gateway's own configuration may do to a call that spends money, and the keys in it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

#: The header of a Portkey call with its config: JSON, or the id of one that is stored there.
CONFIG_HEADER = "x-portkey-config"
#: The header of a Portkey call that asks for retries (hosted; the gateway that one runs oneself passes it over).
RETRY_HEADER = "x-portkey-retry-count"

_CREDENTIAL = re.compile(r"(?i)(?:api|virtual|access|private)[-_]?key|token$|secret|passw|credential|authorization")


def double_maker(header: str, value: str) -> str | None:
    """What in a header of a Portkey call can carry a create out twice, or hide a batch that it made: `retry` in a
    config repeats any call after a 5xx, and several `targets` are different accounts (Portkey-AI/gateway,
    `handlers/retryHandler.ts` and `handlers/handlerUtils.ts`). None where there is nothing, and for the id of a config,
    into which nobody here can look.
    """
    if header.lower() == RETRY_HEADER and value.strip() != "0":
        return RETRY_HEADER
    for name, entry in _entries(_parsed(value) if header.lower() == CONFIG_HEADER else None):
        if name == "retry" and not (isinstance(entry, dict) and entry.get("attempts") == 0):
            return "retry"
        if name == "targets" and isinstance(entry, list) and len(entry) > 1:
            return "targets"
    return None


def credentials(header: str, value: str) -> list[str]:
    """The keys that stand in a Portkey config."""
    entries = _entries(_parsed(value) if header.lower() == CONFIG_HEADER else None)
    return [entry for name, entry in entries if isinstance(entry, str) and entry and _CREDENTIAL.search(name)]


def _parsed(config: str) -> Any:
    try:
        return json.loads(config)
    except (ValueError, RecursionError):
        return None


def _entries(value: Any) -> Iterator[tuple[str, Any]]:
    """The pairs of all objects, at any depth."""
    todo = [value]
    while todo:
        one = todo.pop()
        if isinstance(one, dict):
            yield from one.items()
            todo += one.values()
        elif isinstance(one, list):
            todo += one
