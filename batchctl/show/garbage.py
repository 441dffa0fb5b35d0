"""What a collection deletes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from batchctl.show import figures
from batchctl.show.plan_json import dumped
from batchctl.show.safe import safe
from batchctl.show.tables import aligned


@dataclass(frozen=True, slots=True)
class Garbage:
    """One file or folder of a store."""

    path: Path
    shown: str
    bytes: int
    why: str


def garbage_text(found: Sequence[Garbage], *, dry_run: bool) -> str:
    """A line an entry, and what it comes to."""
    lines = aligned([[figures.size(one.bytes), safe(one.shown), safe(one.why)] for one in found]) if found else []
    total = figures.size(sum(one.bytes for one in found))
    verb = "Would delete" if dry_run else "Deleted"
    entries = figures.count(len(found), "entry", "entries")
    lines.append(f"{verb} {entries}, {total}." if found else "Nothing to delete.")
    return "\n".join(lines) + "\n"


def garbage_json(found: Sequence[Garbage], *, dry_run: bool) -> str:
    return dumped({"version": 1, "dry_run": dry_run, "bytes": sum(one.bytes for one in found), "entries": [
        {"path": one.shown, "bytes": one.bytes, "why": one.why} for one in found]})
