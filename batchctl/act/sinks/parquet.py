"""Records as one Parquet file. A column has the type of its values, so all are read before the first is written.

A column is `bool`, `int64` or `double` where all its values are that or nothing; whole numbers beside broken ones count
as these, up to 2**53. Every other column is `string`: texts as they are, anything else as JSON, as in CSV. A column
without any value is `string` too.

The same records give the same bytes with the same version of pyarrow: row groups are cut by what is in them, and what
pyarrow could add of its own (its schema, statistics of a run) is left out or fixed. Memory is bounded by one row group.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat
from typing import IO, Any

import orjson

from batchctl.act.sinks.formats import as_text
from batchctl.words.errors import StateError

#: A row group ends with the record that reaches either: many short rows, or this many bytes of cells.
GROUP_ROWS = 1 << 16
GROUP_BYTES = 32 << 20

#: Beyond it not every whole number is a double.
_EXACT = 2**53
_INT64 = range(-(2**63), 2**63)
_SURROGATE = re.compile("[\ud800-\udfff]")

#: What a column may be, by the type of its values.
_KINDS = {frozenset({"bool"}): "bool", frozenset({"int"}): "int64", frozenset({"long"}): "int64",
          frozenset({"int", "long"}): "int64", frozenset({"float"}): "float64", frozenset({"int", "float"}): "float64"}

#: How to get what this format needs.
ADVICE = "pip install 'batchctl[parquet]'"


class Cells:
    """The way from the workers: one JSON array a record, with its cells in the order of the names. What Parquet has no
    type for here is text already."""

    def header(self, names: Sequence[str]) -> bytes:
        return b""

    def line(self, record: dict[str, Any], names: Sequence[str]) -> bytes:
        return orjson.dumps([_plain(record.get(name)) for name in names]) + b"\n"


def problem() -> str | None:
    """Why no Parquet file can be written here; None where one can."""
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError as error:
        return f'parquet needs the extra "parquet": pyarrow cannot be imported ({error})'
    return None


def encoded(names: Sequence[str], pieces: Iterable[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
    """The file in pieces, each with the number of records that came in for it; `pieces` are those of Cells. Raises
    StateError where pyarrow is missing, and OSError where the scratch file finds no room."""
    if missing := problem():
        raise StateError(missing, notes=(ADVICE,))
    seen: list[set[str]] = [set() for _ in names]
    with tempfile.TemporaryFile(prefix="batchctl-parquet-") as scratch:
        for count, data in pieces:
            for line in data.splitlines():
                for kinds, value in zip(seen, orjson.loads(line), strict=True):
                    if value is not None:
                        kinds.add(_kind(value))
            scratch.write(data)
            yield count, b""
        scratch.seek(0)
        yield from zip(repeat(0), _file(names, [_KINDS.get(frozenset(kinds), "string") for kinds in seen], scratch))


def _file(names: Sequence[str], types: Sequence[str], lines: IO[bytes]) -> Iterator[bytes]:
    import pyarrow
    from pyarrow import parquet

    schema = pyarrow.schema([(_SURROGATE.sub("\ufffd", name), pyarrow.type_for_alias(kind))
                             for name, kind in zip(names, types, strict=True)])
    out = _Taken()
    with parquet.ParquetWriter(out, schema, version="2.6", data_page_version="1.0", compression="zstd",
                               compression_level=3, store_schema=False) as writer:
        for rows in _groups(lines):
            columns = zip(*rows, strict=True)
            arrays = [pyarrow.array([_as(kind, value) for value in column], type=field.type)
                      for kind, column, field in zip(types, columns, schema, strict=True)]
            writer.write_table(pyarrow.Table.from_arrays(arrays, schema=schema), row_group_size=len(rows))
            yield out.take()
    yield out.take()


def _groups(lines: IO[bytes]) -> Iterator[list[list[Any]]]:
    rows: list[list[Any]] = []
    size = 0
    for line in lines:
        rows.append(orjson.loads(line))
        size += len(line)
        if len(rows) >= GROUP_ROWS or size >= GROUP_BYTES:
            yield rows
            rows, size = [], 0
    if rows:
        yield rows


class _Taken:
    """A file whose content is taken away as it grows."""

    closed = False

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._length = 0

    def write(self, data: Any) -> int:
        part = bytes(data)
        self._parts.append(part)
        self._length += len(part)
        return len(part)

    def tell(self) -> int:
        return self._length

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass

    def take(self) -> bytes:
        taken = b"".join(self._parts)
        self._parts.clear()
        return taken


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return value if value.isascii() else _SURROGATE.sub("\ufffd", value)
    if value is None or isinstance(value, bool | float) or (isinstance(value, int) and value in _INT64):
        return value
    return as_text(value)


def _kind(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return "int" if -_EXACT <= value <= _EXACT else "long"
    return type(value).__name__


def _as(kind: str, value: Any) -> Any:
    return value if kind != "string" or value is None else as_text(value)
