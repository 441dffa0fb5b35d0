"""Which format a file has by its name, and which are plain text, compressed, or read by one worker alone."""

from __future__ import annotations

from pathlib import PurePath
from typing import Literal

from batchctl.desired.job import InputFormat

Compression = Literal["gzip", "zstd", "bzip2", "xz"]

#: What a source is read as: a file of some format, the manifest's own rows, or a query over files.
SourceKind = InputFormat | Literal["rows", "query"]

_FORMATS: dict[str, InputFormat] = {
    ".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json",
}  # fmt: skip
_COMPRESSIONS: dict[str, Compression] = {
    ".gz": "gzip", ".zst": "zstd", ".zstd": "zstd", ".bz2": "bzip2", ".xz": "xz",
}  # fmt: skip

#: Formats in which a line without an end is a mistake, not a long value.
BY_LINES: frozenset[SourceKind] = frozenset(("csv", "jsonl"))

#: What each worker would have to take in as a whole, or asks a query that need not give its rows in the same order
#: twice: one worker reads such inputs alone.
ALONE: frozenset[SourceKind] = frozenset(("excel", "sqlite", "duckdb", "query"))

#: Formats that are text, of which the bytes that were read tell how far a reader has come.
TEXTS: frozenset[SourceKind] = frozenset(("csv", "jsonl", "json"))


def told_by_name(name: str) -> tuple[InputFormat | None, Compression | None]:
    """Format and compression as the suffixes say: `reviews.csv.gz` is CSV within gzip."""
    path = PurePath(name)
    compression = _COMPRESSIONS.get(path.suffix.lower())
    if compression:
        path = path.with_suffix("")
    return _FORMATS.get(path.suffix.lower()), compression
