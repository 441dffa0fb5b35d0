"""Parquet as rows: decoded in pieces of a row group, and only those row groups from which a row is read."""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import accumulate
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from batchctl.desired.inputs.arrow_rows import BatchRows, values_of
from batchctl.desired.inputs.looks import START, look_of
from batchctl.desired.inputs.opening import Opened, Opening, mistaken, unusable
from batchctl.desired.inputs.row import Chunk, SourceFailed
from batchctl.desired.inputs.streams import Stored, open_regular

#: Rows that are decoded at once, and the bytes that they may have, about.
_BATCH_ROWS = 1024
_BATCH_BYTES = 16 * 2**20

#: Bytes of a column that are read at once.
_BUFFER = 2**20

#: What damaged files make pyarrow raise, and those with row groups of many gigabytes.
_DAMAGES = (OSError, pa.ArrowException, ValueError, OverflowError, MemoryError)


@contextmanager
def open_parquet(opening: Opening) -> Iterator[Opened]:
    """The rows of a Parquet file, in their order. Raises SourceFailed."""
    with open_regular(opening.file) as opened:
        start = opened.read(START)
        look = look_of(start)
        if look is None or look.format != "parquet":
            raise mistaken(opening, start, "Parquet")
        opened.seek(0)
        try:
            # Not `memory_map`: a file that is cut meanwhile would end the process.
            file = pq.ParquetFile(opened, buffer_size=_BUFFER, pre_buffer=False, page_checksum_verification=True)
            rows = ParquetRows(file, opening)
        except _DAMAGES as error:
            raise _damaged(opening, error, 0) from None
        yield Opened(rows, lambda: rows.size, lambda: _digest(opened, opening))


class ParquetRows:
    """The rows of an open file. Passing over rows costs nothing until a later one is read."""

    def __init__(self, file: Any, opening: Opening) -> None:
        self._file = file
        self._opening = opening
        self._values = values_of(file.schema_arrow, opening)
        metadata = file.metadata
        groups = [metadata.row_group(at) for at in range(metadata.num_row_groups)]
        #: How many rows there are up to the end of each row group.
        self._ends: list[int] = list(accumulate(group.num_rows for group in groups))
        self._sizes: list[int] = [max(1, group.total_byte_size // max(group.num_rows, 1)) for group in groups]
        self._before: list[int] = [0, *accumulate(group.total_byte_size for group in groups)]
        self._total = self._ends[-1] if groups else 0
        self._row = 0
        self._group = -1
        self._batches: BatchRows | None = None
        self._passed = 0

    @property
    def size(self) -> int:
        """Bytes of the rows that were read or passed over, about: what the file says that they have, or what they had
        where that is more."""
        decoded = self._passed + (self._batches.size if self._batches else 0)
        group = min(bisect.bisect_right(self._ends, self._row), len(self._ends) - 1)
        if group < 0:
            return decoded
        within = self._row - (self._ends[group - 1] if group else 0)
        return max(decoded, self._before[group] + within * self._sizes[group])

    def read(self, count: int) -> Chunk:
        """The next `count` rows, or those that are left."""
        chunk = Chunk()
        count = min(count, self._total - self._row)
        try:
            while chunk.consumed < count:
                before = chunk.consumed
                self._at_row().read(min(count - before, self._ends[self._group] - self._row), chunk)
                self._row += chunk.consumed - before
                if chunk.consumed == before:
                    raise OSError("there are fewer rows than it says")
        except _DAMAGES as error:
            chunk.findings.append(_damaged(self._opening, error, self._row + 1).finding)
            self._row = self._total
        return chunk

    def skip(self, count: int) -> int:
        """Pass over `count` rows, or those that are left; the number passed."""
        count = min(count, self._total - self._row)
        self._row += count
        return count

    def _at_row(self) -> BatchRows:
        """The batches of the row group that has the next row, at that row."""
        group = bisect.bisect_right(self._ends, self._row)
        if self._batches is None or group != self._group:
            self._passed += self._batches.size if self._batches else 0
            self._group = group
            batch = min(_BATCH_ROWS, max(1, _BATCH_BYTES // self._sizes[group]))
            batches = self._file.iter_batches(batch_size=batch, row_groups=[group], use_threads=False)
            first = self._ends[group - 1] if group else 0
            self._batches = BatchRows(batches, self._values, self._opening, first)
        self._batches.skip(self._row - self._batches.row)
        return self._batches


def _damaged(opening: Opening, error: Exception, row: int) -> SourceFailed:
    if isinstance(error, MemoryError):
        message = f"from row {row:,} on its row group needs more memory than a worker may use"
        return unusable(opening, "worker-memory", message, "write the file with smaller row groups")
    where = f"from row {row:,} on it cannot be read" if row else "is damaged, or was cut off"
    return unusable(opening, "input-damaged", f"{where}: {str(error)[:300]}", "write the file again")


def _digest(opened: Any, opening: Opening) -> bytes:
    opened.seek(0)
    return Stored(opened, digested=True).digest(opening.alive)
