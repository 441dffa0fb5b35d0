"""What many JSON values have in common: a value with a mark wherever they differ."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Path = tuple[str | int, ...]


class _Varies:
    """Stands where values differ."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "VARIES"


VARIES = _Varies()


def merged(shape: Any, value: Any) -> Any:
    """A shape that fits one more value. Mappings differ as a whole where their keys do, and lists where one of their
    items does as a whole: what is left says something."""
    if shape is VARIES:
        return VARIES
    if isinstance(shape, dict) and isinstance(value, dict) and shape.keys() == value.keys():
        return {key: merged(inner, value[key]) for key, inner in shape.items()}
    if isinstance(shape, list) and isinstance(value, list) and len(shape) == len(value):
        items = [merged(inner, item) for inner, item in zip(shape, value, strict=True)]
        return VARIES if any(item is VARIES for item in items) else items
    return shape if _same(shape, value) else VARIES


def settled(shape: Any) -> Any:
    """The shape with parts that differ in what they are, such as messages in their roles, differing as a whole."""
    if isinstance(shape, dict):
        made = {key: settled(inner) for key, inner in shape.items()}
        return VARIES if made.get("role") is VARIES or made.get("type") is VARIES else made
    if isinstance(shape, list):
        items = [settled(inner) for inner in shape]
        return VARIES if any(item is VARIES for item in items) else items
    return shape


def differences(shape: Any, path: Path = ()) -> Iterator[Path]:
    """The places of the marks, in order."""
    if shape is VARIES:
        yield path
    elif isinstance(shape, dict):
        for key, inner in shape.items():
            yield from differences(inner, (*path, key))
    elif isinstance(shape, list):
        for at, inner in enumerate(shape):
            yield from differences(inner, (*path, at))


def at(value: Any, path: Path) -> Any:
    """The part of a value at a place."""
    for step in path:
        value = value[step]
    return value


def _same(one: Any, other: Any) -> bool:
    """Equal as JSON: 1, 1.0 and true are three values, and so are 0.0 and -0.0."""
    if type(one) is not type(other):
        return False
    return repr(one) == repr(other) if isinstance(one, float) else bool(one == other)
