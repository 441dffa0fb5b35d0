"""Where a file stops being UTF-8, found by a second look once a reader has stumbled."""

from __future__ import annotations

import codecs

from batchctl.desired.inputs.files import SourceFile
from batchctl.desired.inputs.row import SourceFailed
from batchctl.desired.inputs.streams import failed, open_content, open_stored

_CHUNK = 2**16


def not_utf8(file: SourceFile) -> SourceFailed:
    """The finding for the first byte of a file that is no UTF-8: its line and its offset in the content."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    line, decoded = 1, 0
    with open_stored(file) as stored, open_content(file, stored, by_lines=False) as content:
        while True:
            chunk = content.read(_CHUNK)
            held = len(decoder.getstate()[0])
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                line += error.object[: error.start].count(b"\n")
                offset = decoded - held + error.start
                byte = error.object[error.start]
                return failed("input-encoding", file, f"not UTF-8: byte 0x{byte:02x} at offset {offset:,}", line)
            if not chunk:
                return failed("input-encoding", file, "not UTF-8")
            line += text.count("\n")
            decoded += len(chunk)
