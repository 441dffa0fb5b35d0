"""What a collection deletes, here and at the providers."""

from __future__ import annotations

from collections.abc import Sequence

from batchctl.act.provider_files import Unneeded
from batchctl.act.store_files import Garbage
from batchctl.show import figures
from batchctl.show.plan_json import dumped
from batchctl.show.safe import both_ends, safe
from batchctl.show.tables import fitting


def garbage_text(found: Sequence[Garbage], there: Sequence[Unneeded] = (), *, dry_run: bool,
                 columns: int | None = None) -> str:
    """A line an entry, here and at the providers, and what it comes to. Names are shortened where that makes a line fit
    into so many columns (None: any)."""
    rows = [[figures.size(one.bytes), safe(one.shown), safe(one.why)] for one in found]
    rows += [[figures.size(one.file.bytes) if one.file.bytes is not None else "?",
              safe(f"{one.provider}: {one.file.filename or one.file.id}"), safe(one.why)] for one in there]
    verb = "Would delete" if dry_run else "Deleted"
    parts = [f"{figures.count(len(found), 'entry', 'entries')}, {figures.size(_bytes(found))}"] if found else []
    if there:
        size = figures.size(sum(one.file.bytes or 0 for one in there))
        parts.append(f"{figures.count(len(there), 'file')} at providers, {size}")
    variants = ([[size, name if longest is None else both_ends(name, longest), why] for size, name, why in rows]
                for longest in (None, 60, 40, 24))
    last = f"{verb} {'; '.join(parts)}." if parts else "Nothing to delete."
    return "\n".join([*fitting(variants, columns), last]) + "\n"


def garbage_json(found: Sequence[Garbage], there: Sequence[Unneeded] = (), *, dry_run: bool) -> str:
    return dumped({
        "version": 1, "dry_run": dry_run, "bytes": _bytes(found),
        "entries": [{"path": one.shown, "bytes": one.bytes, "why": one.why} for one in found],
        "files": [{"provider": one.provider, "file_id": one.file.id, "filename": one.file.filename,
                   "bytes": one.file.bytes, "created_at": one.file.created_at, "why": one.why} for one in there]})


def _bytes(found: Sequence[Garbage]) -> int:
    return sum(one.bytes for one in found)
