"""CSV as rows: strict about its header and its shape, and quick to pass over what others read."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from itertools import chain
from typing import Any

from batchctl.desired.inputs.encoding import not_utf8
from batchctl.desired.inputs.files import SourceFile
from batchctl.desired.inputs.row import Chunk, Record, SourceFailed
from batchctl.desired.inputs.streams import failed
from batchctl.words.diagnostics import Diagnostic, Span

#: Characters of one cell.
MAX_CELL = 10_000_000

_BLANK = frozenset(("\n", "\r\n", "\r"))

#: A line in which each cell is either without a quote or within quotes.
_WHOLE = re.compile(r'''(?: (?: "(?:[^"]++|"")*+" | [^",\r\n]*+ ) (?:,|[\r\n]+|\Z) )+''', re.VERBOSE)


class CsvRows:
    """The records of one CSV file. Raises SourceFailed for a header that cannot be used."""

    def __init__(self, content: io.BufferedReader[Any], file: SourceFile) -> None:
        self._text = io.TextIOWrapper(content, encoding="utf-8-sig", errors="strict", newline="")
        self._text._CHUNK_SIZE = 2**16  # type: ignore[attr-defined]  # eight times fewer decoding calls
        self._file = file
        self._row = 0
        self._line = 0
        self._start = 1
        self._over: SourceFailed | None = None
        csv.field_size_limit(MAX_CELL)
        self._columns = self._header()

    def read(self, count: int) -> Chunk:
        """The next `count` records, or those that are left."""
        chunk = Chunk()
        if self._over is None:
            try:
                self._read(count, chunk)
            except (csv.Error, UnicodeDecodeError, SourceFailed) as error:
                self._over = self._failure(error)
                chunk.findings.append(self._over.finding)
        return chunk

    def skip(self, count: int) -> int:
        """Pass over `count` records, or those that are left; the number passed."""
        skipped = 0
        try:
            while self._over is None and skipped < count and self._pass_over():
                skipped += 1
        except (csv.Error, UnicodeDecodeError, SourceFailed) as error:
            self._over = self._failure(error)
        self._row += skipped
        return skipped

    def _read(self, count: int, chunk: Chunk) -> None:
        reader = csv.reader(self._text, strict=True)
        columns, width, base, line, row = self._columns, len(self._columns), self._line, self._line + 1, self._row
        last, add = row + count, chunk.records.append
        try:
            for cells in reader:
                if cells:
                    row += 1
                    if len(cells) == width:
                        add(Record(row, line, dict(zip(columns, cells))))  # noqa: B905  # `strict` costs a tenth of all
                    else:
                        chunk.findings.append(self._ragged(row, line, len(cells)))
                    if row == last:
                        break
                line = base + reader.line_num + 1
        finally:
            chunk.consumed = row - self._row
            self._row = row
            self._start = line
            self._line = base + reader.line_num

    def _pass_over(self) -> bool:
        """Pass over one record. A line is one where all cells with quotes begin and end in it, as they do where there
        is no quote; else the reader finds the end."""
        for line in self._text:
            self._line += 1
            if '"' in line and _WHOLE.fullmatch(line) is None:
                return self._pass_over_quoted(line)
            if line not in _BLANK:
                return True
        return False

    def _pass_over_quoted(self, first: str) -> bool:
        rest: Iterable[str] = chain((first,), self._text)
        reader = csv.reader(rest, strict=True)
        next(reader)
        self._line += reader.line_num - 1
        return True

    def _header(self) -> list[str]:
        reader = csv.reader(self._text, strict=True)
        try:
            columns = next((cells for cells in reader if cells), None)
        except (csv.Error, UnicodeDecodeError) as error:
            raise self._failure(error) from None
        self._line = reader.line_num
        if columns is None:
            raise failed("csv-header", self._file, "the file is empty; its first line must name the columns")
        if "" in columns:
            place = columns.index("") + 1
            raise failed("csv-header", self._file, f"column {place} has no name in the first line")
        twice = next((name for name in columns if columns.count(name) > 1), None)
        if twice is not None:
            raise failed("csv-header", self._file, f'two columns are named "{twice}"')
        return columns

    def _ragged(self, row: int, line: int, cells: int) -> Diagnostic:
        message = f"{self._file.shown}: row {row} has {cells} cells, the header {len(self._columns)}"
        note = "a cell that holds a comma or a line end must stand in double quotes"
        return Diagnostic("csv-ragged", message, Span(self._file.shown, line), notes=(note,))

    def _failure(self, error: Exception) -> SourceFailed:
        if isinstance(error, SourceFailed):
            return error
        if isinstance(error, UnicodeDecodeError):
            return not_utf8(self._file)
        problem = str(error)
        if "field larger" in problem:
            message = f"row {self._row + 1}: a cell is longer than {MAX_CELL:,} characters"
            return failed("csv-cell", self._file, message, self._start)
        if "unexpected end" in problem:
            problem = "a quote is opened and not closed"
        return failed("csv-quoting", self._file, f"row {self._row + 1}: {problem}", self._start)
