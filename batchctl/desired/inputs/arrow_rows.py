"""A run of Arrow record batches as rows, with what is wrong with them said in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from batchctl.desired.inputs.arrow_values import ArrowValues, BadCell, NoJson
from batchctl.desired.inputs.opening import Opening, unusable
from batchctl.desired.inputs.row import Chunk, Record
from batchctl.words.diagnostics import Diagnostic

_ADVICE = "leave the column out in a query, or make text of it there"


def values_of(schema: Any, opening: Opening) -> ArrowValues:
    """What makes rows of batches with this schema. Raises SourceFailed."""
    twice = next((name for name in schema.names if schema.names.count(name) > 1), None)
    if twice is not None:
        raise unusable(opening, "input-columns", f'two columns are named "{twice}"', "give one another name")
    try:
        return ArrowValues(schema)
    except NoJson as error:
        raise unusable(opening, "input-columns", str(error), _ADVICE) from None


class BatchRows:
    """The rows of batches that are read one after another. `first` is the number of the first row less one; what
    reading a batch raises is for the caller. `size` is how many bytes the batches had so far."""

    def __init__(self, batches: Iterator[Any], values: ArrowValues, opening: Opening, first: int = 0) -> None:
        self._batches = batches
        self._values = values
        self._opening = opening
        self._batch: Any = None
        self._used = 0
        self.row = first
        self.size = 0

    def read(self, count: int, chunk: Chunk) -> None:
        """Adds the next `count` rows, or those that are left."""
        wanted = chunk.consumed + count
        while chunk.consumed < wanted and (piece := self._take(wanted - chunk.consumed)) is not None:
            for cells in self._values.rows(piece):
                self.row += 1
                if isinstance(cells, BadCell):
                    chunk.findings.append(self._bad(cells))
                else:
                    chunk.records.append(Record(self.row, 0, cells))
            chunk.consumed += piece.num_rows

    def skip(self, count: int) -> int:
        """Pass over `count` rows, or those that are left; the number passed."""
        skipped = 0
        while skipped < count and (piece := self._take(count - skipped)) is not None:
            skipped += piece.num_rows
        self.row += skipped
        return skipped

    def _take(self, most: int) -> Any:
        """Up to `most` rows, of one batch; None at the end."""
        while self._batch is None or self._used == self._batch.num_rows:
            self._batch = next(self._batches, None)
            if self._batch is None:
                return None
            self._used = 0
            self.size += self._batch.nbytes
        piece = self._batch.slice(self._used, most)
        self._used += piece.num_rows
        return piece

    def _bad(self, cell: BadCell) -> Diagnostic:
        opening = self._opening
        message = f'{opening.file.shown}: column "{cell.column}" {cell.problem}'
        return Diagnostic("input-value", message, opening.entry.span, notes=(_ADVICE, f"in row {self.row}"))
