"""Zstandard as a byte stream that notices a truncated file and never makes much at once."""

from __future__ import annotations

import io
import sys
from importlib import import_module
from typing import Any, BinaryIO

#: Compressed bytes given to the decompressor at once: four bytes can stand for a block of 128 KiB, and what
#: comes out is not bounded.
_STEP = 2048


class ZstdFailed(ValueError):
    """The data is damaged, or it ends in the middle of a frame."""


class ZstdBytes(io.RawIOBase):
    """The content of one or more zstd frames, one after another."""

    def __init__(self, raw: BinaryIO | io.BufferedReader[Any]) -> None:
        self._raw = raw
        self._frame: Any = None
        self._compressed = b""
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready:
            data = self._compressed or self._raw.read(_STEP)
            self._compressed = b""
            if not data:
                if self._frame is not None:
                    raise ZstdFailed("the data ends in the middle of a frame")
                return 0
            self._ready = memoryview(self._decompress(data))
        size = min(len(buffer), len(self._ready))
        memoryview(buffer)[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size

    def _decompress(self, data: bytes) -> bytes:
        if self._frame is None:
            self._frame = _new_frame()
        try:
            content: bytes = self._frame.decompress(data)
        except Exception as error:  # the error type depends on which of two libraries does it
            raise ZstdFailed(str(error)) from None
        if self._frame.eof:
            self._compressed = self._frame.unused_data
            self._frame = None
        return content


def _new_frame() -> Any:
    if sys.version_info >= (3, 14):
        return import_module("compression.zstd").ZstdDecompressor()
    return import_module("zstandard").ZstdDecompressor(max_window_size=2**27).decompressobj()
