"""Rows that stand in the manifest itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from batchctl.desired.inputs.opening import Opened, Opening
from batchctl.desired.inputs.row import Chunk, Record, SourceFailed
from batchctl.desired.job import Input
from batchctl.words.diagnostics import Diagnostic
from batchctl.words.digest import canonical_json


class InlineRows:
    """The `rows` of one input; their line is that of the input. Raises SourceFailed for what is no JSON."""

    def __init__(self, entry: Input) -> None:
        self._line = entry.span.line
        self._rows: list[dict[str, Any]] = [plain(row) for row in entry.rows or ()]
        self._at = 0
        try:
            self.canonical = canonical_json(self._rows)
        except (ValueError, TypeError) as error:
            raise SourceFailed(Diagnostic("input-format", f"inline rows must be JSON: {error}", entry.span)) from None

    def read(self, count: int) -> Chunk:
        """The next `count` records, or those that are left."""
        chosen = self._rows[self._at : self._at + count]
        records = [Record(self._at + offset + 1, self._line, data) for offset, data in enumerate(chosen)]
        self._at += len(chosen)
        return Chunk(records, [], len(chosen))

    def skip(self, count: int) -> int:
        """Pass over `count` records, or those that are left; the number passed."""
        skipped = min(count, len(self._rows) - self._at)
        self._at += skipped
        return skipped


@contextmanager
def open_inline(opening: Opening) -> Iterator[Opened]:
    """The rows of an input. Raises SourceFailed."""
    rows = InlineRows(opening.entry)
    yield Opened(rows, lambda: 0, lambda: rows.canonical)


def plain(value: Any) -> Any:
    """The same JSON value in plain dicts and lists, whatever mappings and tuples it came in."""
    if isinstance(value, Mapping):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    return value
