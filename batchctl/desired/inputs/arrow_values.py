"""Arrow's values as JSON has them: what Parquet files and DuckDB's results hold, by rules that the README lists.

Integers of any size, booleans and texts stay what they are; so do floats, but NaN is null, and infinity is refused. A
decimal without places is an integer, any other a text with all its digits. Dates and times are ISO 8601, an instant
with a zone in UTC with a "Z", to the microsecond; a duration is its seconds. Bytes are base64.
"""

from __future__ import annotations

import base64
import math
import struct
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

import pyarrow as pa
from pyarrow import types

from batchctl.desired.inputs.durations import seconds

Convert = Callable[[Any], Any]


class NoJson(ValueError):
    """A value or a type that JSON has nothing for; says what it is."""


class BadCell(NamedTuple):
    """Stands for a row of which a cell cannot be used."""

    column: str
    problem: str


class _Plan(NamedTuple):
    """How values of a type become JSON: `cast` in Arrow first (None: not), `convert` in Python then."""

    cast: Any
    convert: Convert | None


class ArrowValues:
    """Makes rows of record batches that have one schema. Raises NoJson for a type that no rule covers."""

    def __init__(self, schema: Any) -> None:
        self.names: list[str] = schema.names
        self._plans = []
        for field in schema:
            try:
                self._plans.append(_plan(field.type))
            except NoJson as error:
                raise NoJson(f'column "{field.name}" {error}') from None

    def rows(self, batch: Any) -> list[dict[str, Any] | BadCell]:
        """One a row. Raises nothing for what a row holds."""
        try:
            columns = [self._column(batch, at) for at in range(len(self.names))]
        except (ValueError, OverflowError):
            return [self._row(batch.slice(at, 1)) for at in range(batch.num_rows)]
        if not columns:
            return [{}] * batch.num_rows
        return [dict(zip(self.names, cells)) for cells in zip(*columns)]  # noqa: B905  # as for CSV

    def _row(self, batch: Any) -> dict[str, Any] | BadCell:
        row = {}
        for at, name in enumerate(self.names):
            try:
                (row[name],) = self._column(batch, at)
            except (ValueError, OverflowError) as error:
                return BadCell(name, _problem(error))
        return row

    def _column(self, batch: Any, at: int) -> list[Any]:
        column, (cast, convert) = batch.column(at), self._plans[at]
        if isinstance(column.type, pa.BaseExtensionType) and not _is_uuid(column.type):
            column = column.storage
        if cast is not None and column.type != cast:
            column = column.cast(cast, safe=False)
        values: list[Any] = column.to_pylist()
        return values if convert is None else [None if value is None else convert(value) for value in values]


def _plan(kind: Any) -> _Plan:
    if isinstance(kind, pa.BaseExtensionType):
        return _Plan(None, str) if _is_uuid(kind) else _plan(kind.storage_type)
    if types.is_dictionary(kind):
        cast, convert = _plan(kind.value_type)
        return _Plan(cast or kind.value_type, convert)
    if types.is_nested(kind):
        return _nested(kind)
    if types.is_decimal(kind):
        return _Plan(None, int if kind.scale <= 0 else _decimal)
    if types.is_temporal(kind):
        return _temporal(kind)
    if types.is_float64(kind):
        return _Plan(None, _finite)
    if types.is_floating(kind):
        return _Plan(pa.float32(), _single)
    if _is_bytes(kind):
        return _Plan(None, _base64)
    if types.is_null(kind) or types.is_boolean(kind) or types.is_integer(kind) or _is_text(kind):
        return _Plan(None, None)
    raise NoJson(f"has the type {kind}, which JSON has no value for")


def _temporal(kind: Any) -> _Plan:
    if types.is_timestamp(kind):
        # The cast leaves the instant in UTC, whatever the zone.
        return _Plan(pa.timestamp("us"), _iso if kind.tz is None else lambda value: value.isoformat() + "Z")
    if types.is_time(kind):
        return _Plan(pa.time64("us"), _iso)
    if types.is_duration(kind):
        return _Plan(pa.duration("us"), seconds)
    if types.is_date(kind):
        return _Plan(None, _iso)
    return _Plan(None, lambda value: {"months": value.months, "days": value.days, "nanoseconds": value.nanoseconds})


def _nested(kind: Any) -> _Plan:
    """Lists, objects, and maps: an object where the keys are texts, else a list of `{key, value}`."""
    if types.is_struct(kind):
        fields = [(field, _plan(field.type)) for field in kind]
        cast = pa.struct([field.with_type(inner.cast or field.type) for field, inner in fields])
        converts = {field.name: inner.convert for field, inner in fields}
        return _Plan(cast, lambda value: {name: _inner(converts[name], cell) for name, cell in value.items()})
    if types.is_map(kind):
        keys, values = _plan(kind.key_type), _plan(kind.item_type)
        cast = pa.map_(keys.cast or kind.key_type, values.cast or kind.item_type)
        pairs = _object if _is_text(kind.key_type) else _pairs
        return _Plan(cast, lambda value: pairs(
            (_inner(keys.convert, key), _inner(values.convert, cell)) for key, cell in value))
    if types.is_union(kind):
        raise NoJson(f"has the type {kind}, which may be several things")
    inner = _plan(kind.value_type)
    value_type = inner.cast or kind.value_type
    if types.is_fixed_size_list(kind):
        cast = pa.list_(value_type, kind.list_size)
    else:
        cast = pa.large_list(value_type) if types.is_large_list(kind) else pa.list_(value_type)
    return _Plan(cast, lambda value: [_inner(inner.convert, cell) for cell in value])


def _inner(convert: Convert | None, value: Any) -> Any:
    return value if convert is None or value is None else convert(value)


def _object(pairs: Any) -> dict[str, Any]:
    return dict(pairs)


def _pairs(pairs: Any) -> list[dict[str, Any]]:
    return [{"key": key, "value": value} for key, value in pairs]


def _is_text(kind: Any) -> bool:
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def _is_bytes(kind: Any) -> bool:
    return bool(types.is_binary(kind) or types.is_large_binary(kind) or types.is_fixed_size_binary(kind)
                or types.is_binary_view(kind))


def _is_uuid(kind: Any) -> bool:
    return bool(kind.extension_name == "arrow.uuid")


def _finite(value: float) -> float | None:
    if math.isfinite(value):
        return value
    if value != value:
        return None
    raise NoJson("is infinite, which no JSON number is")


def _single(value: float) -> float | None:
    """A 32-bit float with as few digits as tell it from its neighbours: 0.1, and not 0.10000000149011612."""
    if not math.isfinite(value):
        return _finite(value)
    for digits in (6, 7, 8):
        short = float(f"{value:.{digits}g}")
        if struct.pack("f", short) == struct.pack("f", value):
            return short
    return float(f"{value:.9g}")


def _decimal(value: Decimal) -> str:
    return format(value, "f")


def _iso(value: Any) -> str:
    text: str = value.isoformat()
    return text


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def _problem(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"holds text that is not UTF-8 (byte 0x{error.object[error.start]:02x})"
    return str(error) if isinstance(error, NoJson) else f"holds a value out of range ({str(error)[:200]})"
