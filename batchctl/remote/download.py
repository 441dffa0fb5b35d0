"""Downloads a provider's file to disk: continued where it broke off, and never taken for whole when it is not."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from batchctl.remote import retry
from batchctl.remote.retry import Failure
from batchctl.words.errors import Refusal, Unavailable

if TYPE_CHECKING:
    from batchctl.remote.http import Download, Http

_TRIES = 6
_NO_SUCH_RANGE = 416
_RANGE = re.compile(r"bytes (\d+)-")


#: Told how many bytes are here, how many there will be (None: the server does not say), and whether these are all.
Received = Callable[[int, int | None, bool], None]


def unheard(received: int, total: int | None, done: bool) -> None:
    """A `Received` for callers that show nothing."""


def download(http: Http, file_id: str, target: Path, received: Received = unheard) -> int:
    """Writes the content of a file to `target` and returns its size in bytes; `received` is told how far it is.

    A server that honours Range continues where the last try ended; any other starts again. Raises Refusal (404: the
    file is gone) or Unavailable when it stays incomplete.
    """
    for attempt in range(1, _TRIES + 1):
        try:
            size = _once(http, file_id, target, received)
            received(size, size, True)
            return size
        except Unavailable as failure:
            asked_s = failure.retry_after_s
            if attempt == _TRIES or (asked_s or 0) > retry.LONGEST_RETRY_AFTER_S:
                raise
        except Refusal as refusal:
            asked_s = refusal.retry_after_s
            if refusal.status == _NO_SUCH_RANGE and _size(target) and attempt < _TRIES:
                # All had come but the sign that it was all, or the server has no ranges: it starts again.
                os.truncate(target, 0)
                continue
            busy = retry.classify(refusal.status, makes=False) is Failure.BUSY
            if attempt == _TRIES or not busy or (asked_s or 0) > retry.LONGEST_RETRY_AFTER_S:
                raise
        http.sleep(retry.wait_s(attempt, asked_s, http.rng))
    raise AssertionError("unreachable")


def _once(http: Http, file_id: str, target: Path, received: Received) -> int:
    have = _size(target)
    headers = {"accept": "*/*", "accept-encoding": "identity"}
    if have:
        headers["range"] = f"bytes={have}-"
    path = f"/files/{quote(file_id, safe='')}/content"
    with http.stream(path, headers) as got, open(target, "ab") as file:
        if not _continues(got, have):
            file.truncate(0)
            have = 0
            if got.status == 206:
                raise Unavailable(f"GET {path}: another part of the file came than was asked for")
        length = _length(got)
        total = None if length is None else have + length
        size = have
        for block in got.blocks:
            size += file.write(block)
            received(size, total, False)
        if total is not None and size != total:
            raise Unavailable(f"GET {path}: {size - have} bytes of {length} arrived")
    return size


def _length(got: Download) -> int | None:
    """How many bytes are to come, where the server says so of those that are written here."""
    length = got.headers.get("content-length", "")
    return int(length) if length.isdigit() and "content-encoding" not in got.headers else None


def _size(target: Path) -> int:
    return target.stat().st_size if target.exists() else 0


def _continues(got: Download, have: int) -> bool:
    start = _RANGE.match(got.headers.get("content-range", ""))
    # A server counts the bytes of what it has compressed, and here are those of the content.
    plain = "content-encoding" not in got.headers
    return got.status == 206 and plain and start is not None and int(start[1]) == have
