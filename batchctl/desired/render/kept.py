"""A survey as bytes, to be kept beside what it comes from."""

from __future__ import annotations

import hashlib
from array import array
from typing import Any

import orjson

from batchctl.desired.render.survey import Desired
from batchctl.words.digest import ID_BYTES
from batchctl.words.ids import IdList

_DIGEST = 32
_WIDTH = array("I").itemsize


def to_bytes(desired: Desired, fingerprint: str) -> bytes | None:
    """Two lines, the fingerprint of what it comes from and JSON; then the arrays one after the other, and a digest of
    it all. None for one with warnings, which are to be said anew."""
    if desired.warnings:
        return None
    arrays = (desired.lengths, desired.row_request, desired.units)
    head = orjson.dumps({
        "ids": len(desired.ids), "rows": desired.rows, "envelope": desired.envelope,
        "inputs_digest": desired.inputs_digest, "arrays": [None if one is None else len(one) for one in arrays]})
    whole = b"".join((fingerprint.encode(), b"\n", head, b"\n", desired.ids.blob,
                      *(one.tobytes() for one in arrays if one is not None)))
    return whole + hashlib.sha256(whole).digest()


def from_bytes(kept: bytes, fingerprint: str) -> Desired | None:
    """None where it comes from something else, or is not what was written."""
    whole, start = memoryview(kept)[:-_DIGEST], fingerprint.encode() + b"\n"
    # Other versions write other things after their first line, which is never that of this one.
    if not kept.startswith(start) or hashlib.sha256(whole).digest() != kept[-_DIGEST:]:
        return None
    end = kept.index(b"\n", len(start)) + 1
    head: dict[str, Any] = orjson.loads(whole[len(start) : end])
    at = end + head["ids"] * ID_BYTES
    arrays: list[array[int] | None] = []
    for count in head["arrays"]:
        arrays.append(None if count is None else array("I", bytes(whole[at : at + count * _WIDTH])))
        at += (count or 0) * _WIDTH
    lengths, row_request, units = arrays
    assert lengths is not None
    return Desired(IdList(bytes(whole[end : end + head["ids"] * ID_BYTES])), lengths, head["rows"], row_request, units,
                   head["inputs_digest"], (), head["envelope"])
