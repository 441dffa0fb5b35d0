"""What a file is that was given for a batch file, told by its first line."""

from __future__ import annotations

import codecs
from collections.abc import Collection

from batchctl.desired.inputs.json_values import NotJson, parse

#: Formats whose lines cannot be read as they are, by their first bytes.
_PACKED = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"PK\x03\x04": "a zip archive", b"PAR1": "Parquet"}
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def looks_like(first_line: bytes, members: Collection[str]) -> str | None:
    """What a file that begins so seems to be, in a few words, where it is no batch file at all; None where it may be
    one, with mistakes or without. `members` are those of a request: an object that has none of them is none."""
    packed = next((name for magic, name in _PACKED.items() if first_line.startswith(magic)), None)
    if packed is not None:
        return packed
    if first_line.startswith(_WIDE):
        return "UTF-16, and not UTF-8"
    try:
        text = first_line.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        return "no text in UTF-8"
    if "\0" in text:
        return "no text"
    if text.startswith("{"):
        return _looks_like_object(first_line, members)
    if text.startswith("["):
        return "one JSON array, and not a JSON object a line"
    separator = next((name for mark, name in (("\t", "tab-separated values"), (",", "CSV"), (";", "CSV"))
                      if mark in text), None)
    return separator or "no JSON"


def _looks_like_object(line: bytes, members: Collection[str]) -> str | None:
    try:
        value = parse(line.removeprefix(codecs.BOM_UTF8))
    except (NotJson, UnicodeDecodeError):
        # Cut, or mistyped; a brace alone begins a JSON object over several lines.
        return "one JSON value over several lines" if line.strip() == b"{" else None
    if isinstance(value, dict) and not value.keys() & set(members):
        return "JSONL whose objects are no requests"
    return None
