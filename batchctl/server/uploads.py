"""Receives a multipart upload straight into a file, without holding or copying it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

from batchctl.server.errors import ApiError, missing

MAX_FIELD_BYTES = 64 * 1024
MAX_FIELDS = 100


@dataclass(frozen=True, slots=True)
class Upload:
    """What came with the file, whose bytes are at the path that was given."""

    fields: dict[str, str]
    filename: str
    size: int


async def receive(content_type: str, chunks: AsyncIterator[bytes], path: Path, max_bytes: int) -> Upload:
    """Reads a whole form, to its end even when it is refused: who still sends does not read a refusal.

    Raises `ApiError` 400 for what is no such form, 413 for a file of more than `max_bytes`.
    """
    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise ApiError(400, "The request must be multipart/form-data with a boundary.")
    with path.open("wb") as sink:
        form = _Form(boundary, sink, max_bytes)
        problem: ApiError | None = None
        async for chunk in chunks:
            if problem is None:
                problem = form.feed(chunk)
    if problem is not None:
        raise problem
    return form.finish()


class _Form:
    def __init__(self, boundary: bytes, sink: BinaryIO, max_bytes: int) -> None:
        self._sink = sink
        self._max_bytes = max_bytes
        self._fields: dict[str, bytearray] = {}
        self._filename: str | None = None
        self._size = 0
        self._header = (bytearray(), bytearray())
        self._disposition = b""
        self._field: bytearray | None = None
        self._ended = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._part_begin,
                "on_header_field": lambda data, start, end: self._header[0].extend(data[start:end]),
                "on_header_value": lambda data, start, end: self._header[1].extend(data[start:end]),
                "on_header_end": self._header_end,
                "on_headers_finished": self._headers_finished,
                "on_part_data": self._part_data,
                "on_end": self._end,
            },
        )

    def feed(self, chunk: bytes) -> ApiError | None:
        try:
            self._parser.write(chunk)
        except FormParserError:
            return ApiError(400, "The multipart form cannot be parsed.")
        except ApiError as error:
            return error
        return None

    def finish(self) -> Upload:
        if not self._ended:
            raise ApiError(400, "The multipart form ended too early.")
        if self._filename is None:
            raise missing("file")
        fields = {name: value.decode("utf-8", "replace") for name, value in self._fields.items()}
        return Upload(fields, self._filename, self._size)

    def _part_begin(self) -> None:
        self._disposition = b""
        self._header = (bytearray(), bytearray())

    def _header_end(self) -> None:
        name, value = self._header
        if name.lower() == b"content-disposition":
            self._disposition = bytes(value)
        self._header = (bytearray(), bytearray())

    def _headers_finished(self) -> None:
        _, options = parse_options_header(self._disposition)
        name = options.get(b"name", b"").decode("utf-8", "replace")
        if name == "file" and b"filename" in options:
            if self._filename is not None:
                raise ApiError(400, "There must be one file.", param="file")
            filename = options[b"filename"].decode("utf-8", "replace")
            self._filename = re.split(r"[\\/]", filename)[-1] or "upload"
            self._field = None
            return
        if len(self._fields) >= MAX_FIELDS:
            raise ApiError(400, "The form has too many fields.")
        self._field = self._fields.setdefault(name, bytearray())

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        if self._field is not None:
            self._field += data[start:end]
            if len(self._field) > MAX_FIELD_BYTES:
                raise ApiError(400, "A field of the form is too long.")
            return
        self._size += end - start
        if self._size > self._max_bytes:
            raise ApiError(
                413, f"The file is larger than the maximum of {self._max_bytes} bytes.", param="file"
            )
        self._sink.write(memoryview(data)[start:end])

    def _end(self) -> None:
        self._ended = True
