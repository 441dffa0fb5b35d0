"""Records as bytes: JSONL, and CSV that no spreadsheet takes for formulas."""

from __future__ import annotations

import csv
import io
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

    def header(self, names: Sequence[str]) -> bytes:
        return self._encoded(names)

    def line(self, record: dict[str, Any], names: Sequence[str]) -> bytes:
        return self._encoded([_cell(record.get(name)) for name in names])

    def _encoded(self, cells: Sequence[str]) -> bytes:
        if self._safe:
            cells = [f"'{cell}" if cell.lstrip(_SKIPPED).startswith(_FORMULA) and not _NUMBER.fullmatch(cell) else cell
                     for cell in cells]
        text = io.StringIO()
        # With CRLF as its line end the writer quotes cells with either character; a bare CR would end the row.
        csv.writer(text, lineterminator="\r\n").writerow(cells)
        return _SURROGATE.sub("\ufffd", text.getvalue().removesuffix("\r\n") + "\n").encode()


def format_of(name: str, *, formula_safe: bool) -> Format:
    return Csv(formula_safe) if name == "csv" else Jsonl()


def _cell(value: Any) -> str:
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
