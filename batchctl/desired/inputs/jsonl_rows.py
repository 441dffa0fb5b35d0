"""JSON Lines as rows: one object a line, blank lines passed over."""

from __future__ import annotations

import io
from typing import Any

from batchctl.desired.inputs.encoding import not_utf8
from batchctl.desired.inputs.files import SourceFile
from batchctl.desired.inputs.json_values import NotJson, parse
from batchctl.desired.inputs.row import Chunk, Record, SourceFailed
from batchctl.words.diagnostics import Diagnostic, Span

_BOM = b"\xef\xbb\xbf"


class JsonlRows:
    """The records of one JSONL file. A bad line is a finding, and reading goes on after it."""

    def __init__(self, content: io.BufferedReader[Any], file: SourceFile) -> None:
        if content.peek(3).startswith(_BOM):
            content.read(3)
        self._content = content
        self._file = file
        self._row = 0
        self._line = 0
        self._over = False

    def read(self, count: int) -> Chunk:
        """The next `count` records, or those that are left."""
        chunk = Chunk()
        try:
            while not self._over and chunk.consumed < count:
                raw = self._next()
                if raw is None:
                    break
                chunk.consumed += 1
                self._parse(raw, chunk)
        except SourceFailed as failure:
            self._over = True
            chunk.findings.append(failure.finding)
        return chunk

    def skip(self, count: int) -> int:
        """Pass over `count` records, or those that are left; the number passed."""
        skipped = 0
        try:
            while not self._over and skipped < count and self._next() is not None:
                skipped += 1
        except SourceFailed:
            self._over = True
        return skipped

    def _next(self) -> bytes | None:
        for raw in self._content:
            self._line += 1
            if not raw.isspace():
                self._row += 1
                return raw
        return None

    def _parse(self, raw: bytes, chunk: Chunk) -> None:
        try:
            value = parse(raw)
        except NotJson as error:
            note = 'for one JSON array in a file write "format: json"'
            notes = (note,) if self._row == 1 and raw.lstrip().startswith(b"[") else ()
            chunk.findings.append(self._finding("json-syntax", str(error), notes))
            return
        except UnicodeDecodeError as error:
            byte = error.object[error.start]
            first = not_utf8(self._file).finding
            mine = self._finding("input-encoding", f"not UTF-8: byte 0x{byte:02x} at offset {error.start} of the line")
            chunk.findings.append(first if first.span == mine.span else mine)
            return
        if type(value) is dict:
            chunk.records.append(Record(self._row, self._line, value))
        else:
            note = 'for one JSON array in a file write "format: json"'
            notes = (note,) if isinstance(value, list) else ()
            chunk.findings.append(self._finding("json-not-object", "a row must be a JSON object", notes))

    def _finding(self, code: str, message: str, notes: tuple[str, ...] = ()) -> Diagnostic:
        where = f"{self._file.shown}: row {self._row}: {message}"
        return Diagnostic(code, where, Span(self._file.shown, self._line), notes=notes)
