"""A YAML document as a tree of values that know where they stand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True, eq=False)
class Node:
    """A value and the characters that it was written with.

    `broken` says that a mistake in it was reported already, so nobody needs to look at it again.
    """

    start: int
    end: int
    broken: bool = field(default=False, init=False)


@dataclass(slots=True, eq=False)
class Scalar(Node):
    """A text, number, boolean or null. `text` is the scalar before it got its type, `style` YAML's indicator."""

    text: str
    style: str
    value: str | int | float | bool | None


@dataclass(slots=True, eq=False)
class Sequence(Node):
    """A list."""

    items: list[Node]


@dataclass(slots=True, eq=False)
class Mapping(Node):
    """A mapping from texts to values; keys are nodes too, since most mistakes are shown at a key."""

    entries: dict[str, tuple[Scalar, Node]]

    def get(self, key: str) -> Node | None:
        """The value of `key`, or None."""
        entry = self.entries.get(key)
        return entry[1] if entry else None

    def key(self, key: str) -> Scalar | None:
        """The node of `key` itself, or None."""
        entry = self.entries.get(key)
        return entry[0] if entry else None


def plain(node: Node) -> Any:
    """The value without its places, as JSON types."""
    if isinstance(node, Mapping):
        return {key: plain(value) for key, (_, value) in node.entries.items()}
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    return node.value if isinstance(node, Scalar) else None


def below(node: Node, path: Iterable[str | int]) -> Node:
    """The value at a path, or the last one on the way to it."""
    for step in path:
        found: Node | None = None
        if isinstance(node, Mapping):
            found = node.get(str(step))
        elif isinstance(node, Sequence) and isinstance(step, int) and step < len(node.items):
            found = node.items[step]
        if found is None:
            return node
        node = found
    return node


def scalars(node: Node) -> Iterator[Scalar]:
    """All scalars of a value, in order, but not its keys."""
    waiting = [node]
    while waiting:
        found = waiting.pop()
        if isinstance(found, Scalar):
            yield found
        elif isinstance(found, Sequence):
            waiting.extend(reversed(found.items))
        elif isinstance(found, Mapping):
            waiting.extend(value for _, value in reversed(found.entries.values()))
