"""Names for what differs from request to request: the columns of the rows, short where that is clear."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from batchctl.desired.converted.shapes import Path, at

CUSTOM_ID = "custom_id"

_NOT_NAME = re.compile(r"[^A-Za-z0-9_]+")


def columns(shape: Any, places: Iterable[Path]) -> dict[Path, str]:
    """A name for each place: the role for what a message says, else the last keys on the way to it."""
    named: dict[Path, str] = {}
    taken = {CUSTOM_ID}
    for place in places:
        wish = _wish(shape, place)
        name, number = wish, 2
        while name in taken:
            name, number = f"{wish}_{number}", number + 1
        taken.add(name)
        named[place] = name
    return named


def _wish(shape: Any, place: Path) -> str:
    keys = [step for step in place if isinstance(step, str)]
    if place[:1] == ("messages",) and len(place) > 2:
        role = at(shape, place[:2]).get("role")
        keys = [role, *keys[2:]] if isinstance(role, str) and keys[1] == "content" else keys[1:]
    name = _NOT_NAME.sub("_", "_".join(keys)).strip("_").lower()
    return name if name[:1].isalpha() else f"value_{name}".rstrip("_")
