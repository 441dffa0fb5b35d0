"""What the first bytes of a file say that it is, whatever its name says."""

from __future__ import annotations

import re
from typing import NamedTuple

#: Bytes that are enough to tell.
START = 32


class Look(NamedTuple):
    """What a file looks like: in words, the format that reads it (None: no format does), and of an image the type."""

    what: str
    format: str | None = None
    media_type: str | None = None


# From each format's own specification; DuckDB's is its main header: a checksum, "DUCK", and a version below 65,536.
_LOOKS: tuple[tuple[bytes, Look], ...] = (
    (rb"PAR1", Look("Parquet", "parquet")),
    (rb"SQLite format 3\x00", Look("an SQLite database", "sqlite")),
    (rb"(?s).{8}DUCK..\x00{6}", Look("a DuckDB database", "duckdb")),
    (rb"PK\x03\x04", Look("a zip archive, as .xlsx files are", "excel")),
    (rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Look("an old Office document, as .xls files are", "excel")),
    (rb"\x89PNG\r\n\x1a\n", Look("a PNG image", "image", "image/png")),
    (rb"\xff\xd8\xff", Look("a JPEG image", "image", "image/jpeg")),
    (rb"GIF8[79]a", Look("a GIF image", "image", "image/gif")),
    (rb"(?s)RIFF.{4}WEBP", Look("a WebP image", "image", "image/webp")),
    (rb"%PDF-", Look("a PDF document")),
    (rb"ARROW1\x00\x00", Look("an Arrow file")),
    (rb"Obj\x01", Look("Avro")),
    (rb"\x1f\x8b", Look("gzip")),
    (rb"\x28\xb5\x2f\xfd", Look("zstd")),
)  # fmt: skip
_COMPILED = tuple((re.compile(pattern), look) for pattern, look in _LOOKS)


def look_of(start: bytes) -> Look | None:
    """What a file that starts with these bytes looks like; None for text, and for what is not known."""
    return next((look for pattern, look in _COMPILED if pattern.match(start)), None)
