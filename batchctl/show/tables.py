"""Columns that line up."""

from __future__ import annotations

from collections.abc import Sequence

from batchctl.show.safe import width


def aligned(rows: Sequence[Sequence[str]], gap: int = 2) -> list[str]:
    """Each row as one line; the cells are safe already."""
    wide = [max(width(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [
        "".join(cell + " " * (size - width(cell) + gap) for cell, size in zip(row, wide, strict=True)).rstrip()
        for row in rows]
