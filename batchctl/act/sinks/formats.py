"""Records as lines: JSONL, and CSV that no spreadsheet takes for formulas."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Sequence
from typing import Any, Protocol

import orjson

#: The full-width forms are read as the same where East Asian text is usual.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
#: What may stand before them without making them harmless.
_SKIPPED = "\n\0"
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
#: What a cell begins with that has to be looked at more closely.
_SUSPECT = frozenset((*_FORMULA, *_SKIPPED))
_SURROGATE = re.compile("[\ud800-\udfff]")


class Format(Protocol):
    """Encodes records; both methods give whole lines, newline included."""

    def header(self, names: Sequence[str]) -> bytes: ...

    def line(self, record: dict[str, Any], names: Sequence[str]) -> bytes: ...


class Jsonl:
    """One JSON object a line, its entries in the order of the fields."""

    def header(self, names: Sequence[str]) -> bytes:
        return b""

    def line(self, record: dict[str, Any], names: Sequence[str]) -> bytes:
        return _json(record) + b"\n"


class Csv:
    """RFC 4180 with LF line ends. What is neither text nor a number is written as JSON, and nothing as empty.

    `formula_safe` puts a `'` before text that a spreadsheet would run as a formula (OWASP, CSV injection); plain
    numbers are left alone.
    """

    def __init__(self, formula_safe: bool) -> None:
        self._safe = formula_safe
        # With CRLF as its line end the writer quotes cells with either character; a bare CR would end the row.
        self._writer = csv.writer(_GivesBack(), lineterminator="\r\n")

    def header(self, names: Sequence[str]) -> bytes:
        return self._encoded(names)

    def line(self, record: dict[str, Any], names: Sequence[str]) -> bytes:
        return self._encoded([as_text(record.get(name)) for name in names])

    def _encoded(self, cells: Sequence[str]) -> bytes:
        if self._safe:
            cells = [_made_safe(cell) if cell[:1] in _SUSPECT else cell for cell in cells]
        text = f"{self._writer.writerow(cells)[:-2]}\n"
        try:
            return text.encode()
        except UnicodeEncodeError:
            return _SURROGATE.sub("\ufffd", text).encode()


class _GivesBack:
    """A file whose `write`, and so a CSV writer's `writerow`, returns the text."""

    def write(self, text: str) -> str:
        return text


def _made_safe(cell: str) -> str:
    risky = cell.lstrip(_SKIPPED).startswith(_FORMULA) and not _NUMBER.fullmatch(cell)
    return f"'{cell}" if risky else cell


def as_text(value: Any) -> str:
    """A value as one cell: text as it is, nothing as empty, anything else as JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return _json(value).decode()


def _json(value: Any) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:
        # Lone surrogates and integers beyond 64 bits: as escapes and digits they are still JSON.
        return json.dumps(value, separators=(",", ":"), default=str).encode()
