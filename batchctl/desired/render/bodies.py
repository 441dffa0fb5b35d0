"""A request body as static canonical JSON with gaps, one for each template in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from batchctl.desired.job import BodyNode, Template
from batchctl.words.digest import canonical_json

#: Keys and indices that lead to a place in a body.
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Gap:
    """A template in a body, and where it stands."""

    path: Path
    template: Template


def spliced(body: BodyNode) -> tuple[list[bytes], list[Gap]]:
    """The static pieces, of which there is one more than gaps, and the gaps between them, in canonical order.

    Raises ValueError for what is no JSON, such as NaN.
    """
    pieces = [bytearray()]
    gaps: list[Gap] = []
    for part in _parts(body, ()):
        if isinstance(part, Gap):
            gaps.append(part)
            pieces.append(bytearray())
        else:
            pieces[-1] += part
    return [bytes(piece) for piece in pieces], gaps


def with_gaps(body: BodyNode, fill: Any) -> Any:
    """The body in plain dicts and lists, with `fill(gap)` in place of each template."""
    return _filled(body, (), fill)


def path_text(path: Path) -> str:
    """`messages[0].content`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")


def _parts(node: BodyNode, path: Path) -> Iterator[bytes | Gap]:
    if isinstance(node, Template):
        yield Gap(path, node)
    elif isinstance(node, Mapping):
        yield b"{"
        for position, key in enumerate(sorted(node)):
            yield (b"," if position else b"") + canonical_json(key) + b":"
            yield from _parts(node[key], (*path, key))
        yield b"}"
    elif isinstance(node, (list, tuple)):
        yield b"["
        for position, item in enumerate(node):
            if position:
                yield b","
            yield from _parts(item, (*path, position))
        yield b"]"
    else:
        yield canonical_json(node)


def _filled(node: BodyNode, path: Path, fill: Any) -> Any:
    if isinstance(node, Template):
        return fill(Gap(path, node))
    if isinstance(node, Mapping):
        return {key: _filled(inner, (*path, key), fill) for key, inner in node.items()}
    if isinstance(node, (list, tuple)):
        return [_filled(inner, (*path, position), fill) for position, inner in enumerate(node)]
    return node
