"""Columns that line up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from batchctl.show.safe import width


def aligned(rows: Sequence[Sequence[str]], gap: int = 2) -> list[str]:
    """Each row as one line; the cells are safe already."""
    wide = [max(width(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [
        "".join(cell + " " * (size - width(cell) + gap) for cell, size in zip(row, wide, strict=True)).rstrip()
        for row in rows]


def fitting(variants: Iterable[Sequence[Sequence[str]]], columns: int | None, *, indent: int = 0) -> list[str]:
    """The first of these tables, from the widest to the narrowest, whose lines are no longer than `columns` with their
    indent (None: all are), else the last one."""
    lines: list[str] = []
    for rows in variants:
        lines = aligned(rows)
        if columns is None or max(map(width, lines), default=0) + indent <= columns:
            break
    return lines
