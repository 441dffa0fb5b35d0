"""A number with its noun, as people read it."""

from __future__ import annotations


def count(number: int, one: str, many: str | None = None) -> str:
    """`1 batch`, `1,319 rows`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
