"""Files that are a row each: texts, images for vision models, and files of which only name and size matter."""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import Any

from batchctl.desired.inputs.encoding import not_utf8
from batchctl.desired.inputs.files import SourceFile
from batchctl.desired.inputs.looks import START, look_of
from batchctl.desired.inputs.opening import Opened, Opening, unusable
from batchctl.desired.inputs.row import Chunk, Record, SourceFailed
from batchctl.desired.inputs.streams import Stored, failed, open_content, open_stored
from batchctl.words.digest import canonical_json, text_digest

#: Bytes of one text, once decompressed.
MAX_TEXT = 10_000_000

#: Bytes of one image. Vendors take 4 to 50 MB, a third of which is lost to base64.
MAX_IMAGE = 20 * 2**20

#: What the end of each type of image holds; behind it may be what cameras add.
_ENDS = {"image/png": b"IEND\xaeB`\x82", "image/jpeg": b"\xff\xd9", "image/gif": b"\x00;"}

_TYPES = 'the types are PNG, JPEG, GIF and WebP; convert it, or leave it out of "path"'


class FileRow:
    """One row, made when it is read. Its making may raise SourceFailed."""

    def __init__(self, made: Callable[[], dict[str, Any]], line: int) -> None:
        self._made = made
        self._line = line
        self._passed = False

    def read(self, count: int) -> Chunk:
        """The row, or nothing when it was read or passed over."""
        if not self.skip(count):
            return Chunk()
        try:
            return Chunk([Record(1, self._line, self._made())], [], 1)
        except SourceFailed as failure:
            return Chunk([], [failure.finding], 1)

    def skip(self, count: int) -> int:
        """Pass over the row; how many rows that were."""
        if self._passed or count < 1:
            return 0
        self._passed = True
        return 1


@contextmanager
def open_text(opening: Opening) -> Iterator[Opened]:
    """`path`, `name`, `stem` and `text` of a file of UTF-8. Raises SourceFailed."""
    file = opening.file
    with (
        open_stored(file, digested=opening.digested) as stored,
        open_content(file, stored, by_lines=False) as content,
    ):
        rows = FileRow(lambda: {**_named(file), "text": _text(content, file)}, 1)
        yield Opened(rows, lambda: stored.count, lambda: _digest(file, stored.digest(opening.alive)))


@contextmanager
def open_image(opening: Opening) -> Iterator[Opened]:
    """`path`, `name`, `stem`, `media_type`, `bytes` and `data_url` of an image. Raises SourceFailed."""
    file = opening.file
    with open_stored(file, digested=opening.digested) as stored:
        rows = FileRow(lambda: {**_named(file), **_image(stored, opening)}, 0)
        yield Opened(rows, lambda: stored.count, lambda: _digest(file, stored.digest(opening.alive)))


@contextmanager
def open_file(opening: Opening) -> Iterator[Opened]:
    """`path`, `name`, `stem` and `bytes` of a file whose content is not looked at, as a provider gets it from a URL.
    Raises SourceFailed."""
    file = opening.file
    with open_stored(file) as stored:
        row = {**_named(file), "bytes": stored.size()}
        yield Opened(FileRow(lambda: row, 0), lambda: 0, lambda: canonical_json(row))


def _named(file: SourceFile) -> dict[str, str]:
    """What a row says of its file: the path as from the manifest, its last part, and that without its suffixes."""
    name = PurePosixPath(file.shown).name if os.sep == "/" else os.path.basename(file.shown)
    bare = PurePosixPath(name).stem if file.compression else name
    return {"path": file.shown, "name": name, "stem": PurePosixPath(bare).stem}


def _digest(file: SourceFile, content: bytes) -> bytes:
    """Name and content: both are in the row."""
    return text_digest(file.shown.encode("utf-8", "surrogateescape"), content).encode()


def _text(content: io.BufferedReader[Any], file: SourceFile) -> str:
    data = content.read(MAX_TEXT + 1)
    if len(data) > MAX_TEXT:
        raise failed("input-too-large", file, f"a text of more than {MAX_TEXT:,} bytes",
                     notes=("split it, or make a file of rows of it",))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise not_utf8(file) from None


def _image(stored: Stored, opening: Opening) -> dict[str, Any]:
    data = b"".join(iter(lambda: stored.read(2**20), b"")) if stored.size() <= MAX_IMAGE else None
    if data is None:
        raise unusable(opening, "input-too-large", f"an image of more than {MAX_IMAGE >> 20} MiB", "make it smaller")
    look = look_of(data[:START])
    if look is None or look.media_type is None:
        what = f"looks like {look.what}" if look else "is no image that models take" if data else "is empty"
        raise unusable(opening, "input-format", what, _TYPES)
    if not _is_whole(data, look.media_type):
        raise unusable(opening, "input-damaged", f"{look.what} that was cut off", "copy the file again")
    encoded = base64.b64encode(data).decode("ascii")
    return {
        "media_type": look.media_type, "bytes": len(data), "data_url": f"data:{look.media_type};base64,{encoded}",
    }  # fmt: skip


def _is_whole(data: bytes, media_type: str) -> bool:
    """Whether an image has its end. WebP says at its start how long it is."""
    end = _ENDS.get(media_type)
    return end in data if end else int.from_bytes(data[4:8], "little") + 8 <= len(data)
