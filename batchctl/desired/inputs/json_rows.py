"""One JSON array as rows, decoded piece by piece so that the file may be larger than memory."""

from __future__ import annotations

import codecs
import io
import json
import re
from typing import Any

from batchctl.desired.inputs.encoding import not_utf8
from batchctl.desired.inputs.files import SourceFile
from batchctl.desired.inputs.json_values import DECODER, NotJson
from batchctl.desired.inputs.row import Chunk, Record, SourceFailed
from batchctl.desired.inputs.streams import failed
from batchctl.words.diagnostics import Diagnostic, Span

#: Characters of one element.
MAX_ELEMENT = 64 * 2**20

#: Bytes read at once.
CHUNK = 2**16
_SPACE = re.compile(r"[ \t\n\r]*")

#: An error this close to the end of the buffer may come from its being cut off there.
_NEAR_END = 16


class JsonRows:
    """The elements of one JSON array. Raises SourceFailed when the file holds something else."""

    def __init__(self, content: io.BufferedReader[Any], file: SourceFile) -> None:
        self._content = content
        self._file = file
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._buffer = ""
        self._at = 0
        self._line = 1
        self._row = 0
        self._ended = False
        self._over = False
        if self._next_character() != "[":
            raise self._failure("json-syntax", 'the file must hold one JSON array, "[…]"')
        self._at += 1

    def read(self, count: int) -> Chunk:
        """The next `count` records, or those that are left."""
        chunk = Chunk()
        try:
            while chunk.consumed < count and self._has_next():
                line, value = self._line, self._value()
                chunk.consumed += 1
                if type(value) is dict:
                    chunk.records.append(Record(self._row, line, value))
                else:
                    message = f"{self._file.shown}: row {self._row}: a row must be a JSON object"
                    chunk.findings.append(Diagnostic("json-not-object", message, Span(self._file.shown, line)))
        except SourceFailed as failure:
            self._over = True
            chunk.findings.append(failure.finding)
        return chunk

    def skip(self, count: int) -> int:
        """Pass over `count` records, or those that are left; the number passed."""
        skipped = 0
        try:
            while skipped < count and self._has_next():
                self._value()
                skipped += 1
        except SourceFailed:
            self._over = True
        return skipped

    def _has_next(self) -> bool:
        """Moves to the start of the next element; at the end of the array, checks that nothing follows."""
        if self._over:
            return False
        character = self._next_character()
        if character == "," and self._row:
            self._at += 1
            if self._next_character() in ("]", ","):
                raise self._failure("json-syntax", "an element is missing after a comma")
        elif character == "]":
            self._at += 1
            if self._next_character():
                raise self._failure("json-syntax", "there is more after the end of the array")
            self._over = True
            return False
        elif self._row:
            raise self._failure("json-syntax", 'expected "," or "]" after an element')
        if not self._next_character():
            raise self._failure("json-syntax", "the file ends inside the array")
        return True

    def _value(self) -> Any:
        while True:
            try:
                value, end = DECODER.raw_decode(self._buffer, self._at)
            except json.JSONDecodeError as error:
                if not self._cut_off(error):
                    raise self._failure("json-syntax", error.msg, error.pos) from None
            except NotJson as error:
                raise self._failure("json-syntax", str(error)) from None
            except RecursionError:
                raise self._failure("json-syntax", "nested too deeply") from None
            else:
                # A number at the very end of the buffer may go on in the next piece.
                if end < len(self._buffer) or self._ended:
                    self._move(end)
                    self._row += 1
                    return value
            self._more()

    def _cut_off(self, error: json.JSONDecodeError) -> bool:
        near_end = error.pos >= len(self._buffer) - _NEAR_END
        return not self._ended and (near_end or error.msg.startswith("Unterminated string"))

    def _next_character(self) -> str:
        """The next character that is no space, without taking it; "" at the end of the file."""
        while True:
            match = _SPACE.match(self._buffer, self._at)
            self._move(match.end() if match else self._at)
            if self._at < len(self._buffer):
                return self._buffer[self._at]
            if self._ended:
                return ""
            self._more()

    def _move(self, end: int) -> None:
        self._line += self._buffer.count("\n", self._at, end)
        self._at = end

    def _more(self) -> None:
        """Reads as much again as is unread, so that a large element is not decoded from its start too often."""
        unread = len(self._buffer) - self._at
        if unread > MAX_ELEMENT:
            raise self._failure("input-too-large", f"an element is longer than {MAX_ELEMENT >> 20} MiB")
        data = self._content.read(max(unread, CHUNK))
        self._ended = not data
        try:
            text = self._decoder.decode(data, final=self._ended)
        except UnicodeDecodeError:
            raise not_utf8(self._file) from None
        self._buffer = self._buffer[self._at :] + text
        self._at = 0

    def _failure(self, code: str, message: str, position: int | None = None) -> SourceFailed:
        lines = 0 if position is None else self._buffer.count("\n", self._at, position)
        return failed(code, self._file, f"row {self._row + 1}: {message}", self._line + lines)
