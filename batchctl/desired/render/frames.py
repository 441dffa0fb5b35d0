"""What passes between parent and worker: a kind, a JSON header, and bytes."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from typing import Any

BLOCK_FRAME = b"B"
END_FRAME = b"E"
BUG_FRAME = b"X"
FINDINGS_FRAME = b"F"
MEMORY_FRAME = b"M"

#: Kind, bytes of the header, bytes of the body.
_HEAD = struct.Struct(">cIQ")

Frame = tuple[bytes, dict[str, Any], bytes]


def encode(kind: bytes, header: dict[str, Any], body: bytes = b"") -> tuple[bytes, bytes]:
    """A frame as two runs of bytes, the second being `body` itself, which may be large."""
    text = json.dumps(header).encode()
    return _HEAD.pack(kind, len(text), len(body)) + text, body


def decode(exactly: Callable[[int], bytes]) -> Frame:
    """Reads one frame; `exactly(n)` gives the next n bytes or raises."""
    kind, header_size, body_size = _HEAD.unpack(exactly(_HEAD.size))
    header = json.loads(exactly(header_size))
    return kind, header, exactly(body_size)
