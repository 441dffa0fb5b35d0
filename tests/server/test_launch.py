"""One server for a data folder: started by whoever needs it first, gone with the last one who does."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import openai
import pytest

from batchctl.server.launch import LaunchError, connect

CHAT = "/v1/chat/completions"
CLIENT = """
import sys, time, pathlib
from batchctl.server.launch import connect
held = connect(pathlib.Path(sys.argv[1]), run=True)
print("held", flush=True)
time.sleep(60)
"""


STALE = {
    "pid": 2**30,  # no process has this one
    "host": "127.0.0.1",
    "prefix": "/v1",
    "token": "t",
    "instance": "i",
    "protocol": 1,
    "dialect": "local",
    "upstream": None,
    "upstream_key_env": None,
}


@pytest.fixture
def folder(tmp_path, wait):
    """A data folder; a server that still lingers at the end is told to go, and must."""
    data = tmp_path / "data"
    yield data
    if (data / "server.json").exists():
        with suppress(FileNotFoundError, ProcessLookupError):
            os.kill(int(port_file(data)["pid"]), signal.SIGTERM)
        wait(lambda: not (data / "server.json").exists(), 5)


def port_file(folder: Path) -> dict[str, object]:
    return json.loads((folder / "server.json").read_text())


def ended(pid: int) -> bool:
    """A child of ours that has ended stays as a zombie until it is waited for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


@contextmanager
def client(server):
    with openai.OpenAI(base_url=server.base_url, api_key=server.token, max_retries=0) as sdk:
        yield sdk


def create(sdk, content):
    file = sdk.files.create(file=("in.jsonl", content), purpose="batch")
    return sdk.batches.create(input_file_id=file.id, endpoint=CHAT, completion_window="24h")


def test_two_at_once_get_one_server(folder):
    held = []
    threads = [threading.Thread(target=lambda: held.append(connect(folder, run=True))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({(server.base_url, server.token) for server in held}) == 1
    assert len(held) == 4
    for server in held:
        server.close()


def test_the_server_stays_while_one_lease_is_open_and_ends_after_the_last(folder, wait):
    first, second = connect(folder, run=True), connect(folder, run=False)
    pid = port_file(folder)["pid"]
    first.close()
    time.sleep(1.5)
    assert not ended(pid)
    second.close()
    wait(lambda: ended(pid), 5)
    assert not (folder / "server.json").exists()


def test_the_server_ends_when_its_client_is_killed(folder, wait):
    child = subprocess.Popen([sys.executable, "-c", CLIENT, str(folder)], stdout=subprocess.PIPE)
    assert child.stdout.readline() == b"held\n"
    pid = port_file(folder)["pid"]
    child.kill()
    child.wait()
    child.stdout.close()
    wait(lambda: ended(pid), 5)


def test_who_only_looks_runs_no_lines_and_who_runs_does(folder, line, wait):
    with connect(folder, run=False) as looking, client(looking) as sdk:
        batch = create(sdk, line("a"))
        time.sleep(0.5)
        assert sdk.batches.retrieve(batch.id).status == "validating"
        with connect(folder, run=True):
            wait(lambda: sdk.batches.retrieve(batch.id).status == "completed")
        other = create(sdk, line("b"))
        time.sleep(0.3)
        assert sdk.batches.retrieve(other.id).status == "validating"
        sdk.batches.cancel(other.id)
        wait(lambda: sdk.batches.retrieve(other.id).status == "cancelled")


def test_lines_stop_when_the_last_who_wanted_them_has_gone(folder, line, wait):
    content = b"".join(line(str(number), "[[echo:sleep=0.05]]") for number in range(200))
    with connect(folder, run=False) as looking, client(looking) as sdk:
        with connect(folder, run=True):
            batch = create(sdk, content)
            wait(lambda: sdk.batches.retrieve(batch.id).request_counts.completed > 0)
        time.sleep(0.3)
        before = sdk.batches.retrieve(batch.id).request_counts.completed
        time.sleep(0.5)
        after = sdk.batches.retrieve(batch.id)
        assert (after.status, after.request_counts.completed) == ("in_progress", before)
        assert before < 200


def test_a_second_start_goes_on_where_the_first_ended(folder, line, wait):
    content = b"".join(line(str(number), "[[echo:sleep=0.1]]") for number in range(40))
    with connect(folder, run=True) as server, client(server) as sdk:
        batch = create(sdk, content)
        wait(lambda: sdk.batches.retrieve(batch.id).request_counts.completed >= 8)
    wait(lambda: not (folder / "server.json").exists())
    with connect(folder, run=True) as server, client(server) as sdk:
        wait(lambda: sdk.batches.retrieve(batch.id).status == "completed")
        output = sdk.files.content(sdk.batches.retrieve(batch.id).output_file_id).read()
    found = [json.loads(text)["custom_id"] for text in output.splitlines()]
    assert sorted(found) == sorted(str(number) for number in range(40))


def test_only_who_has_the_token_gets_in(folder):
    with connect(folder, run=False) as server:
        refused = httpx.get(f"{server.base_url}/batches", headers={"Authorization": "Bearer guess"})
        assert refused.status_code == 401
        assert refused.json()["error"]["code"] == "invalid_api_key"
        lease = server.base_url.removesuffix("/v1") + "/_batchctl/lease"
        assert httpx.get(lease, headers={"Authorization": "Bearer guess"}).status_code == 401
        known = httpx.get(f"{server.base_url}/batches", headers={"Authorization": f"Bearer {server.token}"})
        assert known.status_code == 200


def test_the_token_is_told_to_the_owner_of_the_folder_alone(folder):
    with connect(folder, run=False) as server:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE((folder / "server.json").stat().st_mode) == 0o600
        assert server.token not in (folder / "server.log").read_text()
        assert server.token not in repr(server)
        pid = port_file(folder)["pid"]
        assert server.token not in Path(f"/proc/{pid}/cmdline").read_text()


def test_a_port_file_left_by_a_killed_server_is_no_obstacle(folder, wait):
    with connect(folder, run=False) as server:
        killed = port_file(folder)["pid"]
        os.kill(killed, signal.SIGKILL)
        wait(lambda: ended(killed))
        with connect(folder, run=False) as again:
            assert port_file(folder)["pid"] != killed
            assert again.token != server.token


def test_another_program_on_the_port_of_a_stale_port_file_is_not_mistaken_for_the_server(folder, upstream):
    folder.mkdir()
    port = int(upstream.url.split(":")[2].split("/")[0])
    (folder / "server.json").write_text(json.dumps({**STALE, "port": port}))
    with connect(folder, run=False) as server:
        assert server.token != "t"


def test_another_program_on_that_port_that_never_stops_talking_is_not_listened_to_for_ever(folder):
    folder.mkdir()

    def talk(listener):
        with suppress(OSError):
            while True:
                peer, _ = listener.accept()
                with peer, suppress(OSError):
                    while True:
                        peer.sendall(b"x" * 4096)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=talk, args=(listener,), daemon=True)
        thread.start()
        (folder / "server.json").write_text(json.dumps({**STALE, "port": listener.getsockname()[1]}))
        with connect(folder, run=False) as server:
            assert server.token != "t"
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(5)


@pytest.mark.slow
def test_a_client_that_comes_as_the_server_goes_gets_a_new_one(folder):
    for pause_s in (0.9, 1.0, 1.05, 1.1, 1.2):
        with connect(folder, run=False) as server, client(server) as sdk:
            assert sdk.batches.list().data == []
        time.sleep(pause_s)


def test_a_server_with_another_upstream_is_not_joined_to_run_lines(folder):
    with connect(folder, run=True):
        with pytest.raises(LaunchError, match="answers with the echo"):
            connect(folder, run=True, upstream="http://127.0.0.1:9/v1", timeout_s=10)
        connect(folder, run=False, upstream="http://127.0.0.1:9/v1").close()


def test_a_server_that_speaks_a_vendors_dialect_is_not_joined_and_one_that_speaks_ours_is(start, folder):
    theirs = start("--dialect", "groq")
    with pytest.raises(LaunchError, match="speaks the dialect 'groq'"):
        connect(folder, run=False, timeout_s=10)
    assert theirs.terminate() == 0
    ours = start("--dialect", "local")
    with connect(folder, run=True) as server:
        assert server.base_url == ours.base_url
    assert ours.terminate() == 0


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(LaunchError, match="cannot use"):
        connect(tmp_path / "file" / "data", run=False)


def test_a_server_that_cannot_start_says_why(tmp_path):
    (tmp_path / "server.sqlite3").write_text("this is no database, and long enough to be seen as none" * 20)
    with pytest.raises(LaunchError, match="not a database"):
        connect(tmp_path, run=False)


def test_a_missing_upstream_key_is_told_to_who_runs_and_not_to_who_looks(folder):
    asked = {"upstream": "http://127.0.0.1:9/v1", "upstream_key_env": "NO_SUCH_KEY_IS_SET"}
    with pytest.raises(LaunchError, match="NO_SUCH_KEY_IS_SET"):
        connect(folder, run=True, **asked)
    connect(folder, run=False, **asked).close()


def test_a_password_in_the_upstream_is_refused(tmp_path):
    with pytest.raises(LaunchError, match="password"):
        connect(tmp_path, run=True, upstream="http://me:secret@127.0.0.1/v1")


def test_a_signal_ends_a_standing_server_in_order(start, line):
    server = start()
    server.create(line("a", "[[echo:sleep=5]]"))
    assert server.terminate() == 0
    assert not (server.folder / "server.json").exists()


def test_two_standing_servers_cannot_share_a_folder(start):
    server = start()
    second = subprocess.run(
        [sys.executable, "-m", "batchctl.server", "--data", str(server.folder)],
        capture_output=True,
        timeout=20,
    )
    assert second.returncode == 3
    assert b"another server" in second.stderr
