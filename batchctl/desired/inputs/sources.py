"""What every input format offers, and which class reads which format."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any, Protocol

from batchctl.desired.inputs.csv_rows import CsvRows
from batchctl.desired.inputs.files import SourceFile
from batchctl.desired.inputs.json_rows import JsonRows
from batchctl.desired.inputs.jsonl_rows import JsonlRows
from batchctl.desired.inputs.row import Chunk
from batchctl.desired.job import InputFormat


class RowSource(Protocol):
    """An ordered run of records, of which some are read and some only passed over.

    A record that cannot be used is a finding and still counts, so that whoever reads and whoever passes over
    agree on what record `n` is. A mistake after which nothing can be told ends the source: `read` tells it,
    `skip` does not.
    """

    def read(self, count: int) -> Chunk:
        """The next `count` records; fewer are consumed only at the end."""
        ...

    def skip(self, count: int) -> int:
        """Pass over `count` records; fewer only at the end."""
        ...


#: How a file of each format is read; constructing raises SourceFailed.
FILE_SOURCES: dict[InputFormat, Callable[[io.BufferedReader[Any], SourceFile], RowSource]] = {
    "csv": CsvRows,
    "jsonl": JsonlRows,
    "json": JsonRows,
}

#: Formats in which a line without an end is a mistake, not a long value.
BY_LINES: frozenset[InputFormat] = frozenset(("csv", "jsonl"))
