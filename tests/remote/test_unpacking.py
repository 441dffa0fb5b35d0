"""What unpacks to far more than it can mean is given up before it fills memory or disk."""

from __future__ import annotations

import gzip
import json
import random
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import zstandard

from batchctl.remote.download import download
from batchctl.remote.retry import CREATE, READ
from batchctl.words.errors import OutcomeUnknown, Unavailable
from tests.remote.http import Scripted, text

ZEROS = b"0" * (40 << 20)


def packed(content: bytes, coding: str) -> Callable[[httpx.Request], httpx.Response]:
    """An answer that comes in pieces, as from a socket."""
    def pieces() -> Iterator[bytes]:
        for start in range(0, len(content), 1 << 16):
            yield content[start : start + (1 << 16)]

    return lambda request: httpx.Response(200, headers={"content-encoding": coding}, content=pieces())


BOMBS = {
    "gzip": packed(gzip.compress(ZEROS), "gzip"), "zstd": packed(zstandard.compress(ZEROS, 1), "zstd"),
    "gzip twice": packed(gzip.compress(gzip.compress(ZEROS), 1), "gzip, gzip"), "unknown": packed(b"{}", "br"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_no_answer_and_a_create_that_met_one_is_unknown(name: str) -> None:
    with pytest.raises(Unavailable, match="Bomb"):
        Scripted(BOMBS[name]).http.json("GET", "/batches", READ)
    script = Scripted(BOMBS[name])
    with pytest.raises(OutcomeUnknown):
        script.http.json("POST", "/batches", CREATE, body={})
    assert len(script.asked) == 1


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_instead_of_a_file_does_not_fill_the_disk(name: str, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="Bomb"):
        download(Scripted(BOMBS[name]).http, "file-1", tmp_path / "part")
    assert (tmp_path / "part").stat().st_size < 17 << 20


def test_only_what_is_bounded_is_asked_for() -> None:
    script = Scripted(text(b"{}"))
    script.http.json("GET", "/batches", READ)
    assert script.asked[0].headers["accept-encoding"] == "gzip"


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_results_that_repeat_themselves_are_no_bomb(coding: str, tmp_path: Path) -> None:
    """Long answers that are all the same, each with its own id: the best that deflate can honestly do."""
    rng, said = random.Random(7), " ".join(f"word{at}" for at in range(3_000))
    lines = b"".join(json.dumps({"custom_id": f"k-{rng.randbytes(10).hex()}", "response": {"body": said}}).encode()
                     + b"\n" for _ in range(700))
    assert len(lines) > 16 << 20
    content = gzip.compress(lines, 9) if coding == "gzip" else zlib.compress(lines, 9)
    assert download(Scripted(packed(content, coding)).http, "file-1", tmp_path / "part") == len(lines)
