"""What a gateway's own configuration may do to a call that spends money."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

#: The header of a Portkey call with its config: JSON, or the id of one that is stored there.
CONFIG_HEADER = "x-portkey-config"


def double_maker(config: str) -> str | None:
    """What in a Portkey config can carry a create out twice, or hide a batch that it made: `retry` repeats any call
    after a 5xx, and several `targets` are different accounts (Portkey-AI/gateway, `handlers/retryHandler.ts` and
    `handlers/handlerUtils.ts`). None where there is nothing, and for an id, into which nobody here can look.
    """
    try:
        parsed = json.loads(config)
    except (ValueError, RecursionError):
        return None
    for name, value in _entries(parsed):
        if name == "retry" and not (isinstance(value, dict) and value.get("attempts") == 0):
            return "retry"
        if name == "targets" and isinstance(value, list) and len(value) > 1:
            return "targets"
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
