"""Which format a file has by its name, and which are plain text, compressed, or read by one worker alone."""

from __future__ import annotations

from pathlib import PurePath
from typing import Literal

from batchctl.desired.job import InputFormat

Compression = Literal["gzip", "zstd", "bzip2", "xz"]

#: What a source is read as: a file of some format, the manifest's own rows, or a query over files.
SourceKind = InputFormat | Literal["rows", "query"]

_FORMATS: dict[str, InputFormat] = {
    ".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json", ".parquet": "parquet", ".pq": "parquet",
    ".sqlite": "sqlite", ".sqlite3": "sqlite", ".db": "sqlite",
    ".duckdb": "duckdb", ".xlsx": "excel", ".xlsm": "excel", ".xlsb": "excel", ".xls": "excel", ".ods": "excel",
}  # fmt: skip
_COMPRESSIONS: dict[str, Compression] = {
    ".gz": "gzip", ".zst": "zstd", ".zstd": "zstd", ".bz2": "bzip2", ".xz": "xz",
}  # fmt: skip

#: Formats in which a line without an end is a mistake, not a long value.
BY_LINES: frozenset[SourceKind] = frozenset(("csv", "jsonl"))

#: Formats that are text, of which the bytes that were read tell how far a reader has come.
TEXTS: frozenset[SourceKind] = frozenset(("csv", "jsonl", "json"))

#: Formats that may be compressed as a whole.
COMPRESSIBLE: frozenset[SourceKind] = TEXTS | {"text"}

#: Formats of databases: a table of theirs, or a query, has to be named.
DATABASES: frozenset[SourceKind] = frozenset(("sqlite", "duckdb"))

#: Formats of which one sheet is read.
SHEETS: frozenset[SourceKind] = frozenset(("excel",))

#: Suffixes of files that are one row each, which a manifest has to say.
_ROW_EACH: dict[str, InputFormat] = {
    ".txt": "text", ".md": "text", ".html": "text", ".png": "image", ".jpg": "image", ".jpeg": "image",
    ".gif": "image", ".webp": "image", ".mp3": "file", ".wav": "file", ".m4a": "file", ".flac": "file", ".ogg": "file",
}  # fmt: skip

#: What each worker would have to take in as a whole, or asks a query that need not give its rows in the same order
#: twice: one worker reads such inputs alone.
ALONE: frozenset[SourceKind] = frozenset(("excel", "sqlite", "duckdb", "query"))


def told_by_name(name: str) -> tuple[InputFormat | None, Compression | None]:
    """Format and compression as the suffixes say: `reviews.csv.gz` is CSV within gzip."""
    path = PurePath(name)
    compression = _COMPRESSIONS.get(path.suffix.lower())
    if compression:
        path = path.with_suffix("")
    return _FORMATS.get(path.suffix.lower()), compression


def advice_on_format(name: str) -> str:
    """What to write for a file whose name does not tell its format."""
    each = _ROW_EACH.get(PurePath(name).suffix.lower())
    if each:
        return f'for one row a file write "format: {each}"'
    return 'write "format: csv", or another that "batchctl schema job" lists under "format"'
