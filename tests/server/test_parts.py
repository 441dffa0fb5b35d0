"""Promises of single parts that a whole server shows too slowly."""

from __future__ import annotations

import ast
import asyncio
import sqlite3
import stat
import sys
from pathlib import Path

import pytest

import batchctl.server
from batchctl.server.database import Database, DatabaseTooNewError
from batchctl.server.errors import ApiError
from batchctl.server.journal import Journal
from batchctl.server.lease import Leases
from batchctl.server.lines import KeptAnswer
from batchctl.server.lock import FolderLock
from batchctl.server.tokens import Tokens, tokens_of
from batchctl.server.uploads import receive

ALLOWED = {"batchctl", "httpx", "orjson", "python_multipart", "starlette", "uvicorn"}


def form(content: bytes, boundary: bytes = b"b") -> bytes:
    head = b'Content-Disposition: form-data; name="file"; filename="dir/x.jsonl"\r\n\r\n'
    return b"--" + boundary + b"\r\n" + head + content + b"\r\n--" + boundary + b"--\r\n"


def received(path: Path, body: bytes, *, step: int, max_bytes: int):
    read = 0

    async def chunks():
        nonlocal read
        for start in range(0, len(body), step):
            read += len(body[start : start + step])
            yield body[start : start + step]

    try:
        return asyncio.run(receive("multipart/form-data; boundary=b", chunks(), path, max_bytes))
    finally:
        assert read == len(body), "a client that still sends does not read the refusal"


@pytest.mark.parametrize("step", [1, 7, 4096])
def test_an_upload_arrives_whole_however_it_is_cut(tmp_path, step):
    content = b"line\r\n--b\n--\r\n-" * 20
    upload = received(tmp_path / "x", form(content), step=step, max_bytes=10_000)
    assert (tmp_path / "x").read_bytes() == content
    assert (upload.filename, upload.size) == ("x.jsonl", len(content))


def test_an_upload_that_is_too_large_is_a_413_and_is_not_kept_on_the_way(tmp_path):
    with pytest.raises(ApiError) as caught:
        received(tmp_path / "x", form(b"x" * 5_000), step=100, max_bytes=1_000)
    assert caught.value.status == 413
    assert (tmp_path / "x").stat().st_size <= 1_000


def test_a_server_that_nobody_ever_uses_ends(tmp_path):
    leases = Leases()
    asyncio.run(asyncio.wait_for(leases.until_unused(first_within_s=0.05, linger_s=9), 2))
    with pytest.raises(ApiError, match="about to end"), leases.hold("run"):
        pass


def test_a_pause_between_two_leases_does_not_end_the_server():
    async def story():
        leases = Leases()
        ending = asyncio.create_task(leases.until_unused(first_within_s=9, linger_s=0.2))
        for _ in range(4):
            with leases.hold("look"):
                await asyncio.sleep(0.05)
            await asyncio.sleep(0.1)
            assert not ending.done()
        await asyncio.wait_for(ending, 2)

    asyncio.run(story())


def test_a_disk_that_is_full_for_a_while_loses_no_answer(tmp_path, monkeypatch):
    async def story():
        monkeypatch.setattr("batchctl.server.journal.RETRY_S", 0.01)
        database = Database(tmp_path / "db")
        journal = Journal(database)
        database.connection.execute("PRAGMA query_only = ON")
        waiting = asyncio.create_task(journal.keep(KeptAnswer(1, 1, True, b"{}", Tokens()), wait=True))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        database.connection.execute("PRAGMA query_only = OFF")
        await asyncio.wait_for(waiting, 2)
        assert database.connection.execute("SELECT record FROM answers").fetchall() == [(b"{}",)]
        database.close()

    asyncio.run(story())


def test_a_folder_of_a_later_version_is_not_touched(tmp_path):
    with sqlite3.connect(tmp_path / "db") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(DatabaseTooNewError, match="99"):
        Database(tmp_path / "db")


def test_a_lock_has_one_holder(tmp_path):
    first, second = FolderLock(tmp_path / "lock"), FolderLock(tmp_path / "lock")
    assert first.acquire()
    assert not second.acquire()
    first.release()
    assert second.acquire()
    second.release()


def test_what_the_server_writes_is_for_its_owner(start, line):
    server = start()
    server.ended(server.create(line("a")))
    modes = {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in server.folder.rglob("*")}
    assert modes == {0}


def test_bytes_that_cannot_be_removed_do_not_end_the_server(start, line, wait):
    server = start()
    file_id = server.upload(line("a"))
    # What the system does not let go of, as on Windows a file that somebody has open.
    path = server.folder / "files" / file_id
    path.unlink()
    (path / "open").mkdir(parents=True)
    assert server.http.delete(f"/files/{file_id}").json()["deleted"]
    assert server.http.get(f"/files/{file_id}").status_code == 404
    assert server.ended(server.create(line("b"))).status == "completed"


def test_usage_is_read_in_both_spellings():
    chat = {
        "prompt_tokens": 3,
        "completion_tokens": 5,
        "prompt_tokens_details": {"cached_tokens": 2},
        "completion_tokens_details": {"reasoning_tokens": 4},
    }
    responses = {
        "input_tokens": 3,
        "output_tokens": 5,
        "input_tokens_details": {"cached_tokens": 2},
        "output_tokens_details": {"reasoning_tokens": 4},
    }
    expected = Tokens(input=3, cached=2, output=5, reasoning=4)
    assert tokens_of({"usage": chat}) == tokens_of({"usage": responses}) == expected
    assert (
        tokens_of({"usage": None})
        == tokens_of([])
        == tokens_of({"usage": {"prompt_tokens": "3"}})
        == Tokens()
    )


def imports(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return names


def test_the_server_stands_apart_and_its_client_needs_the_standard_library_alone():
    package = Path(batchctl.server.__file__).parent
    for path in package.glob("*.py"):
        for name in imports(path):
            top = name.split(".")[0]
            assert top in sys.stdlib_module_names | ALLOWED, (path.name, name)
            assert top != "batchctl" or name.startswith(("batchctl.server", "batchctl.words")), (path.name, name)
    for name in ("launch.py", "folder.py", "lock.py", "options.py"):
        assert not {found.split(".")[0] for found in imports(package / name)} & (ALLOWED - {"batchctl"}), name
