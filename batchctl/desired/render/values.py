"""The kinds of values that a template can put into a request, and where any of a kind is valid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from batchctl.desired.render.bodies import Path

ValueKind = Literal["text", "empty", "integer", "float", "boolean", "null"]

#: By place of a gap, the kinds of values that are valid there whatever they are.
Rules = Mapping[Path, frozenset[ValueKind]]


def kind_of(value: Any) -> ValueKind | None:
    """The kind of a scalar; None for lists and objects, which no rule covers."""
    if isinstance(value, str):
        return "text" if value else "empty"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    return "float" if isinstance(value, float) else None
