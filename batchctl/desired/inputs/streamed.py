"""Sources that are one stream of text: CSV, JSON Lines and JSON, compressed or not."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from batchctl.desired.inputs.csv_rows import CsvRows
from batchctl.desired.inputs.files import SourceFile
from batchctl.desired.inputs.formats import BY_LINES, SourceKind
from batchctl.desired.inputs.json_rows import JsonRows
from batchctl.desired.inputs.jsonl_rows import JsonlRows
from batchctl.desired.inputs.opening import Opened, Opening, RowSource
from batchctl.desired.inputs.streams import bytes_read, open_content, open_stored

#: How the text of each format is read; constructing raises SourceFailed.
READERS: dict[SourceKind, Callable[[io.BufferedReader[Any], SourceFile], RowSource]] = {
    "csv": CsvRows,
    "jsonl": JsonlRows,
    "json": JsonRows,
}


@contextmanager
def open_streamed(opening: Opening) -> Iterator[Opened]:
    """The records of a file of text. Its digest is that of the file as it is stored. Raises SourceFailed."""
    file = opening.file
    with (
        open_stored(file, digested=opening.digested) as stored,
        open_content(file, stored, by_lines=file.format in BY_LINES) as content,
    ):
        rows = READERS[file.format](content, file)
        yield Opened(rows, lambda: bytes_read(content), lambda: stored.digest(opening.alive))
