"""The bytes of an input file: digested as stored, decompressed, and capped."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import re
import stat
import zlib
from collections.abc import Callable
from typing import Any, BinaryIO, cast

from batchctl.desired.inputs.files import SourceFile
from batchctl.desired.inputs.looks import START, look_of
from batchctl.desired.inputs.row import SourceFailed
from batchctl.desired.inputs.zstd import ZstdBytes, ZstdFailed
from batchctl.words.diagnostics import Diagnostic, Span

#: Bytes of one input once decompressed.
MAX_BYTES = 64 * 2**30

#: Times that a compressed input may grow, once it is larger than `_RATIO_FROM`.
MAX_RATIO = 1000
_RATIO_FROM = 64 * 2**20

#: Bytes of one line.
MAX_LINE = 64 * 2**20

_BUFFER = 2**20
#: How each compression begins; of bzip2 the first block or the end, after a letter for the level.
_MAGIC = {
    "gzip": re.compile(rb"\x1f\x8b"), "zstd": re.compile(rb"\x28\xb5\x2f\xfd"), "xz": re.compile(rb"\xfd7zXZ\x00"),
    "bzip2": re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)"),
}  # fmt: skip
_LONGEST_MAGIC = 10
_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff")


class Stored(io.RawIOBase):
    """The file as it is on disk, counted and, where asked, digested while it is read."""

    def __init__(self, opened: io.FileIO, *, digested: bool) -> None:
        self._file = opened
        self._state = hashlib.sha256() if digested else None
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        size = self._file.readinto(buffer)
        self.count += size
        if self._state is not None:
            self._state.update(memoryview(buffer)[:size])
        return size

    def size(self) -> int:
        """Bytes of the file as it is now."""
        return os.fstat(self._file.fileno()).st_size

    def digest(self, beat: Callable[[], None]) -> bytes:
        """sha256 of the whole file, after reading what is left of it; `beat` is called now and then."""
        assert self._state is not None
        buffer = bytearray(_BUFFER)
        while self.readinto(buffer):
            beat()
        return self._state.digest()

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()


class Capped(io.RawIOBase):
    """Content that stops with a finding when it is too long, grows too much, or has no line ends. `damages` are what
    reading it raises where it cannot be decompressed."""

    def __init__(self, content: BinaryIO, damages: tuple[type[Exception], ...], stored: Stored, file: SourceFile, *,
                 by_lines: bool) -> None:
        self._content = content
        self._damages = damages
        self._stored = stored
        self._file = file
        self._by_lines = by_lines
        self.total = 0
        self._since_line = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._content.read(len(buffer))
        except self._damages as error:
            raise failed("input-compressed", self._file, f"cannot decompress: {error}") from None
        size = len(data)
        memoryview(buffer)[:size] = data
        self.total += size
        self._check(data)
        return size

    def _check(self, data: bytes) -> None:
        if self.total > MAX_BYTES:
            raise failed("input-too-large", self._file, f"more than {MAX_BYTES >> 30} GiB")
        if self._file.compression and self.total > _RATIO_FROM and self.total > MAX_RATIO * self._stored.count:
            raise failed("input-too-large", self._file, f"grows more than {MAX_RATIO:,} times when decompressed")
        if not self._by_lines:
            return
        end = max(data.rfind(b"\n"), data.rfind(b"\r")) if b"\n" not in data[-4096:] else data.rfind(b"\n")
        self._since_line = self._since_line + len(data) if end < 0 else len(data) - end
        if self._since_line > MAX_LINE:
            raise failed("input-too-large", self._file, f"a line is longer than {MAX_LINE >> 20} MiB")


def open_stored(file: SourceFile, *, digested: bool = False) -> Stored:
    """The raw bytes of a file. Raises SourceFailed."""
    return Stored(open_regular(file), digested=digested)


def open_content(file: SourceFile, stored: Stored, *, by_lines: bool) -> io.BufferedReader[Any]:
    """The decompressed content, checked to be what its name says. Raises SourceFailed, now or while reading."""
    raw = io.BufferedReader(stored, _BUFFER)
    start = raw.peek(_LONGEST_MAGIC)
    for name, magic in _MAGIC.items():
        if (file.compression == name) != bool(magic.match(start)):
            what = f"is not {name} data" if file.compression == name else f"is {name} data: give its name the suffix"
            raise failed("input-compressed", file, what)
    content, damages = _decompressed(raw, file)
    reader = io.BufferedReader(Capped(content, damages, stored, file, by_lines=by_lines), _BUFFER)
    _check_start(reader.peek(START)[:START], file)
    return reader


def _check_start(start: bytes, file: SourceFile) -> None:
    """Raises SourceFailed for content that is no UTF-8 text, as far as its start tells."""
    if start.startswith(_WIDE_MARKS):
        raise failed("input-encoding", file, "is UTF-16; save it as UTF-8")
    look = look_of(start)
    if look is not None:
        advice = f'write "format: {look.format}"' if look.format and not file.compression else "name another file"
        raise failed("input-format", file, f"looks like {look.what}, not like {file.format}", notes=(advice,))


def _decompressed(raw: io.BufferedReader[Any], file: SourceFile) -> tuple[BinaryIO, tuple[type[Exception], ...]]:
    """The content, and what reading it raises where the data is damaged."""
    try:
        match file.compression:
            case "gzip":
                return cast(BinaryIO, gzip.GzipFile(fileobj=raw)), (OSError, EOFError, zlib.error)
            case "zstd":
                return cast(BinaryIO, io.BufferedReader(ZstdBytes(raw), _BUFFER)), (OSError, ZstdFailed)
            case "bzip2":
                import bz2  # like lzma seldom needed, and not part of every Python

                return cast(BinaryIO, bz2.BZ2File(raw)), (OSError, EOFError)
            case "xz":
                import lzma

                return cast(BinaryIO, lzma.LZMAFile(raw)), (OSError, EOFError, lzma.LZMAError)
    except ImportError as error:
        raise failed("input-compressed", file, f"this Python was built without {error.name}") from None
    return raw, (OSError,)


def bytes_read(content: io.BufferedReader[Any]) -> int:
    """How much of what `open_content` gave was decompressed so far, what is only buffered included."""
    return cast(Capped, content.raw).total


def failed(code: str, file: SourceFile, message: str, line: int = 1, notes: tuple[str, ...] = ()) -> SourceFailed:
    """The end of a source, with a finding that names the file and a line of it."""
    return SourceFailed(Diagnostic(code, f"{file.shown}: {message}", Span(file.shown, line), notes=notes))


def open_regular(file: SourceFile) -> io.FileIO:
    """The file, opened without waiting (a FIFO would), and without following a link that was put there since. Raises
    SourceFailed, for what is no regular file too."""
    assert file.path is not None
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        descriptor = os.open(file.path, flags | getattr(os, "O_BINARY", 0))
    except OSError as error:
        raise failed("input-missing", file, f"cannot be read: {error.strerror}") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise failed("input-refused", file, "is no regular file")
    return io.FileIO(descriptor, "rb", closefd=True)
