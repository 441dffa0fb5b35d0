"""Content names: canonical bytes, request and shard digests, and the custom_ids that carry them.

A digest decides what is paid for again, so its definition is frozen by golden tests. A new definition gets a
new `DIGEST_VERSION`; the old one stays computable.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable
from typing import Any

import orjson

DIGEST_VERSION = 1

#: Bytes of a request digest that a custom_id carries (20 hex digits), and by which answers are matched.
ID_BYTES = 10

_MAX_CUSTOM_ID = 64
_MAX_KEY = _MAX_CUSTOM_ID - 2 * ID_BYTES - 1
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")
_TAIL = re.compile(r"(?:^|-)([0-9a-f]{20})\Z")


def canonical_json(value: Any) -> bytes:
    """UTF-8 JSON with sorted keys, no spaces, integers of any size, floats as Python's repr, and no NaN.

    Raises ValueError for NaN and infinities, and for text with lone surrogates (UnicodeEncodeError).
    """
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode()


#: `canonical_json` of a string, by the fast encoder that gives the same bytes (a test compares them). Raises
#: orjson.JSONEncodeError (a TypeError) for text with lone surrogates.
canonical_string: Callable[[str], bytes] = orjson.dumps


def request_prefix(endpoint: str, revision: int) -> bytes:
    """The part of a request's digest input that all requests of a job share."""
    return b"batchctl request 1\n" + canonical_json([endpoint, revision]) + b"\n"


def request_digest(prefix: bytes, key: str | None, body: bytes) -> bytes:
    """The 32-byte identity of a request: endpoint, revision, key where given, and canonical body bytes."""
    marked_key = b"null" if key is None else canonical_string(key)
    return hashlib.sha256(prefix + marked_key + b"\n" + body).digest()


def request_id(digest: bytes) -> bytes:
    """The 10 bytes by which a request is known in shards, in the store and in answers."""
    return digest[:ID_BYTES]


def custom_id(key: str | None, identity: bytes) -> str:
    """`<key made safe>-<20 hex>`, at most 64 characters of [A-Za-z0-9_-]; without a key just the hex."""
    if key is None:
        return identity.hex()
    safe = _UNSAFE.sub("_", key)[:_MAX_KEY]
    return f"{safe}-{identity.hex()}" if safe else identity.hex()


def id_of(custom: object) -> bytes | None:
    """The request id that a custom_id carries, or None when batchctl cannot have written it."""
    if not isinstance(custom, str) or len(custom) > _MAX_CUSTOM_ID:
        return None
    match = _TAIL.search(custom, max(0, len(custom) - 2 * ID_BYTES - 1))
    return bytes.fromhex(match[1]) if match else None


def key_part(custom: str) -> str | None:
    """The key, made safe, that a custom_id of batchctl's carries; None where it has none. Of long or odd keys several
    may look alike."""
    return custom[: -2 * ID_BYTES - 1] or None


def shard_digest(ids: Iterable[bytes]) -> str:
    """The identity of an ordered run of requests, as 64 hex digits.

    `ids` may be the ten-byte ids or any concatenations of them, in order.
    """
    state = hashlib.sha256(b"batchctl shard 1\n")
    for part in ids:
        state.update(part)
    return state.hexdigest()


def text_digest(*parts: bytes) -> str:
    """sha256 over length-prefixed parts, as `sha256:<hex>`: the digest of anything that is not a request."""
    state = hashlib.sha256()
    for part in parts:
        state.update(len(part).to_bytes(8, "big"))
        state.update(part)
    return "sha256:" + state.hexdigest()
