"""A request as lines, so that a changed prompt can be read: texts line by line, and all else as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from batchctl.decide.parts import Asked

_INDENT = "  "
#: What comes first of a body, as it is what changes most.
_FIRST = ("instructions", "messages", "prompt", "input")


def request_lines(asked: Asked) -> list[str]:
    """The endpoint, then what is asked, then the parameters by name. The lines hold whatever the request holds."""
    body = asked.body
    names = [name for name in _FIRST if name in body] + sorted(name for name in body if name not in _FIRST)
    return [f"endpoint {asked.url}", *(line for name in names for line in _piece(name, body[name]))]


def _piece(label: str, value: Any) -> Iterator[str]:
    if isinstance(value, str) and (label.partition("[")[0] in _FIRST or "\n" in value):
        yield label
        yield from (_INDENT + line for line in value.split("\n"))
    elif isinstance(value, list) and label.partition("[")[0] in _FIRST and _is_told(value):
        for at, item in enumerate(value):
            yield from _item(f"{label}[{at}]", item)
    else:
        first, *others = _json(value)
        yield f"{label} {first}"
        yield from others


def _is_told(value: list[Any]) -> bool:
    """Whether it is messages, parts of one, or texts; and no list of token numbers, for one."""
    return bool(value) and all(isinstance(item, (str, dict)) for item in value)


def _item(label: str, item: Any) -> Iterator[str]:
    """A message, or a part of one, or a text."""
    if not isinstance(item, Mapping):
        yield from _piece(label, item)
        return
    left = dict(item)
    role, kind = left.pop("role", None), left.get("type")
    name = f"{label} {role}" if isinstance(role, str) else label
    if isinstance(left.get("text"), str) and isinstance(kind, str):
        del left["type"]
        yield from _piece(f"{name} {kind}", left.pop("text"))
    elif "content" in left and (isinstance(left["content"], str) or (
            isinstance(left["content"], list) and _is_told(left["content"]))):
        yield from _piece(name, left.pop("content"))
    if left:
        yield from _piece(name, left)


def _json(value: Any) -> list[str]:
    try:
        return json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True).split("\n")
    except RecursionError:
        return ["… (nested too deep to be shown)"]
