"""Connections that trickle are given up: no call hangs because a byte comes now and then."""

from __future__ import annotations

import contextlib
import io
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from batchctl.remote.download import download
from batchctl.remote.http import FilePart, Http
from batchctl.remote.pace import LEAST_BYTES
from batchctl.remote.retry import CREATE, READ, UPLOAD
from batchctl.words.errors import OutcomeUnknown, Unavailable
from tests.remote.http import Scripted, text


def trickling(script: Scripted, status: int = 200, size: int = 1, blocks: int = 10_000) -> httpx.Response:
    """An answer of which a block comes every ten seconds."""
    def drip() -> Iterator[bytes]:
        for _ in range(blocks):
            script.now += 10
            yield b" " * size

    return httpx.Response(status, content=drip())


def scripted(status: int = 200) -> Scripted:
    script = Scripted(text(""))
    script.steps = [lambda request: trickling(script, status)]
    return script


@pytest.mark.parametrize("status", [200, 503])
def test_a_read_that_trickles_ends(status: int) -> None:
    script = scripted(status)
    with pytest.raises(Unavailable):
        script.http.json("GET", "/batches", READ)
    assert script.now < 1000


def test_g1_a_create_whose_answer_trickles_has_an_unknown_outcome() -> None:
    script = scripted()
    with pytest.raises(OutcomeUnknown):
        script.http.json("POST", "/batches", CREATE, body={})
    assert len(script.asked) == 1


@pytest.mark.parametrize("status", [200, 404])
def test_a_download_that_trickles_ends(tmp_path: Path, status: int) -> None:
    script = scripted(status)
    with pytest.raises(Unavailable):
        download(script.http, "file-1", tmp_path / "t")
    assert script.now < 1000


def test_a_slow_line_that_moves_is_left_alone(tmp_path: Path) -> None:
    script = Scripted(text(""))
    script.steps = [lambda request: trickling(script, size=LEAST_BYTES // 4, blocks=100)]
    assert download(script.http, "file-1", tmp_path / "t") == 100 * (LEAST_BYTES // 4)


def test_an_upload_that_the_server_takes_too_slowly_ends() -> None:
    script = Scripted(text(""))

    class Slow(io.BytesIO):
        """A file of which each block takes a quarter of an hour to be sent."""

        def read(self, size: int | None = -1) -> bytes:
            script.now += 900
            return super().read(1 << 10)

    with pytest.raises(Unavailable, match="not sent within"):
        script.http.upload("/files", {}, FilePart("f", lambda: Slow(b"x" * (1 << 20))), UPLOAD)
    assert script.now < 3 * UPLOAD.deadline_s


@pytest.fixture
def dripping() -> Iterator[str]:
    """The address of a server whose headers never end."""
    over = threading.Event()

    def drip(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.recv(1 << 16)
            connection.sendall(b"HTTP/1.1 200 OK\r\nx-long: ")
            while not over.wait(0.02):
                connection.sendall(b"x")

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=drip, args=(listener.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        over.set()
        listener.shutdown(socket.SHUT_RDWR)


def test_headers_that_trickle_end_whatever_the_call(dripping: str, tmp_path: Path) -> None:
    http = Http(dripping, {}, sleep=lambda seconds: None, begun_s=0.2)
    begun = time.monotonic()
    with pytest.raises(Unavailable):
        http.json("GET", "/batches", READ)
    with pytest.raises(OutcomeUnknown):
        http.json("POST", "/batches", CREATE, body={})
    with pytest.raises(Unavailable):
        download(http, "file-1", tmp_path / "t")
    assert time.monotonic() - begun < 20
    http.close()
