"""A server that was told to misbehave does so, exactly as told; and its ledger says what really happened."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import httpx
import pytest

from batchctl.server.fault_spec import GRAMMAR, KINDS, FaultSpecError, parse

CHAT = "/v1/chat/completions"
PORTKEY = {"x-portkey-provider": "openai"}


@pytest.fixture
def faulty(start, tmp_path):
    """Starts a server with these faults and a ledger."""

    def start_faulty(*faults, dialect="openai"):
        options = [part for fault in faults for part in ("--fault", fault)]
        server = start("--dialect", dialect, "--ledger", str(tmp_path / "ledger"), *options, headers=PORTKEY)
        server.ledger = tmp_path / "ledger"
        return server

    return start_faulty


def entries(server):
    return [json.loads(text) for text in server.ledger.read_text().splitlines()]


def wish(server, line, **changes):
    return {"input_file_id": server.send_file(line("a"))["id"], "endpoint": CHAT, "completion_window": "24h", **changes}


def until_cut(reply):
    try:
        yield from reply.iter_raw()
    except httpx.RemoteProtocolError:
        return
    raise AssertionError("it was not cut")


def listed(server):
    return [batch["id"] for batch in server.http.get("/batches").json()["data"]]


@pytest.mark.parametrize(("moment", "made"), [("before", 0), ("after", 1)])
def test_drop_cuts_the_connection_before_or_after_the_call_is_carried_out(faulty, line, moment, made):
    server = faulty(f"POST /batches {moment} drop")
    with pytest.raises(httpx.RemoteProtocolError):
        server.http.post("/batches", json=wish(server, line))
    assert len(listed(server)) == made
    (entry,) = [entry for entry in entries(server) if entry["fault"]]
    assert (entry["status"], entry["answered"], entry["carried_out"]) == (None, 200 if made else None, bool(made))
    assert entry["batches"] == listed(server)


@pytest.mark.parametrize(("moment", "kept"), [("before", 0), ("after", 1)])
def test_an_upload_whose_answer_is_lost_is_there_and_one_that_was_never_carried_out_is_not(
    faulty, line, moment, kept
):
    server = faulty(f"POST /files {moment} status=502")
    form = {"data": {"purpose": "batch"}, "files": {"file": ("in.jsonl", line("a") * 50_000)}}
    assert server.http.post("/files", **form).status_code == 502
    assert len(server.http.get("/files").json()["data"]) == kept


def test_a_status_has_the_dialects_error_body_and_its_retry_after(faulty):
    server = faulty("GET /batches status=429,retry-after=2", dialect="groq")
    reply = server.http.get("/batches")
    assert (reply.status_code, reply.headers["retry-after"]) == (429, "2")
    assert set(reply.json()["error"]) == {"message", "type"}
    assert server.http.get("/batches").status_code == 200


@pytest.mark.parametrize("status", [200, 204, 205, 304, 307, 401, 500, 599])
def test_every_status_can_be_asked_for(faulty, status):
    server = faulty(f"GET /batches status={status}")
    assert server.http.get("/batches").status_code == status
    assert server.http.get("/batches").status_code == 200
    assert "Traceback" not in server.log.read_text()


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_delay_only_delays(faulty, line, moment):
    server = faulty(f"POST /batches {moment} delay=0.5")
    asked = wish(server, line)
    began = time.monotonic()
    reply = server.http.post("/batches", json=asked)
    assert time.monotonic() - began >= 0.5
    assert listed(server) == [reply.json()["id"]]


def test_html_is_a_200_with_a_page(faulty):
    reply = faulty("GET /batches html").http.get("/batches")
    assert (reply.status_code, reply.headers["content-type"].split(";")[0]) == (200, "text/html")


def test_garbage_is_a_200_with_json_that_cannot_be_read(faulty):
    reply = faulty("GET /batches garbage").http.get("/batches")
    assert (reply.status_code, reply.headers["content-type"]) == (200, "application/json")
    with pytest.raises(ValueError, match="Unterminated"):
        reply.json()


@pytest.mark.parametrize("size", [0, 10, 3_000_000])
def test_truncate_sends_so_many_bytes_of_a_longer_answer(faulty, size):
    server = faulty(f"GET /files/*/content truncate={size}")
    content = b"0123456789" * 400_000
    path = f"/files/{server.send_file(content)['id']}/content"
    with server.http.stream("GET", path) as reply:
        assert reply.headers["content-length"] == str(len(content))
        assert b"".join(until_cut(reply)) == content[:size]
    assert server.http.get(path).content == content


def test_lag_keeps_a_new_batch_out_of_the_next_lists_and_nothing_else(faulty, line):
    server = faulty("POST /batches lag=2")
    made = server.make(line("a"))["id"]
    assert server.look(made)["id"] == made
    assert [listed(server) for _ in range(3)] == [[], [], [made]]


def test_all_pages_of_one_walk_are_one_list_for_a_lagging_batch(faulty, line):
    server = faulty("POST /batches lag=1 skip=2")
    made = [server.make(line("a"))["id"] for _ in range(3)]
    first = server.http.get("/batches", params={"limit": 1}).json()
    second = server.http.get("/batches", params={"limit": 1, "after": first["last_id"]}).json()
    assert [first["last_id"], second["last_id"], second["has_more"]] == [made[1], made[0], False]
    assert listed(server) == made[::-1]


def test_a_lagging_batch_can_not_be_found_by_its_id_in_a_list_either(faulty, line):
    server = faulty("POST /batches lag=1", dialect="groq")
    made = server.make(line("a"))["id"]
    found = [server.http.get("/batches", params={"id": made}).json()["data"] for _ in range(2)]
    assert [len(page) for page in found] == [0, 1]


def test_skip_and_times_choose_the_calls(faulty):
    server = faulty("GET /batches status=503 skip=1 times=2", "GET /files status=500 times=always")
    assert [server.http.get("/batches").status_code for _ in range(4)] == [200, 503, 503, 200]
    assert {server.http.get("/files").status_code for _ in range(4)} == {500}


def test_the_first_fault_that_is_due_happens_and_each_counts_every_call(faulty):
    server = faulty("GET /batches status=501", "* /batches status=502 times=2")
    assert [server.http.get("/batches").status_code for _ in range(3)] == [501, 502, 200]


def test_a_star_is_one_segment_and_paths_are_below_the_prefix(faulty, line):
    server = faulty("* /files/* status=599 times=always", dialect="groq")
    file = server.send_file(line("a"))
    assert server.http.get(f"/files/{file['id']}").status_code == 599
    assert server.http.delete(f"/files/{file['id']}").status_code == 599
    assert server.http.get(f"/files/{file['id']}/content").content == line("a")


def test_the_ledger_has_each_call_with_what_the_client_and_the_server_saw(faulty, line):
    server = faulty("GET /batches after status=503")
    made = server.make(line("a"))["id"]
    server.http.get("/batches", params={"limit": 5})
    server.http.get("/batches/batch_unknown")
    upload, create, list_, unknown = entries(server)
    assert (upload["method"], upload["path"], upload["fault"]) == ("POST", "/files", None)
    assert (create["batches"], create["carried_out"]) == ([made], True)
    assert (list_["query"], list_["status"], list_["answered"]) == ("limit=5", 503, 200)
    assert list_["fault"] == "GET /batches after status=503"
    assert (unknown["status"], unknown["carried_out"]) == (404, False)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("GET /batches", "expected METHOD"),
        ("GET /batches before", "kind is missing"),
        ("get /batches drop", "unknown method"),
        ("GET batches drop", "must begin with /"),
        ("GET /batches explode", "unknown kind"),
        ("GET /batches drop=1", "takes no value"),
        ("GET /batches status", "needs a value"),
        ("GET /batches status=600", "from 200 to 599"),
        ("GET /batches status=503,retry-after", "retry-after="),
        ("GET /batches status=503,after=2", "retry-after="),
        ("GET /batches delay=-1", "expected seconds"),
        ("GET /batches delay=3601", "expected seconds"),
        ("GET /batches delay=1,retry-after=2", "takes no options"),
        ("GET /batches before truncate=1", "only be after"),
        ("GET /batches truncate=x", "whole number"),
        ("GET /batches lag=1", "POST /batches alone"),
        ("POST /batches lag=0", "from 1"),
        ("GET /batches drop times=0", "from 1"),
        ("GET /batches drop often", "cannot read"),
    ],
)
def test_a_fault_that_cannot_be_read_is_refused_with_what_was_expected(text, said):
    with pytest.raises(FaultSpecError, match=said) as caught:
        parse(text)
    assert text in str(caught.value)


@pytest.mark.parametrize("program", [["batchctl.server"], ["batchctl", "serve"]])
def test_the_help_explains_every_kind_of_fault(program):
    done = subprocess.run(
        [sys.executable, "-m", *program, "--help"], capture_output=True, text=True, check=True, timeout=30
    )
    assert GRAMMAR in done.stdout
    assert all(f"\n  {kind}" in GRAMMAR for kind in KINDS)


def test_serve_misbehaves_as_it_is_told_and_refuses_what_it_cannot_read(tmp_path, wait):
    command = [sys.executable, "-m", "batchctl", "serve", "--data", str(tmp_path / "data"), "--dialect", "groq"]
    wrong = subprocess.run([*command, "--fault", "GET /batches explode"], capture_output=True, text=True, timeout=30)
    assert (wrong.returncode, "unknown kind" in wrong.stderr) == (64, True)
    command += ["--fault", "GET /batches status=503", "--expire-after", "0", "--log-file", str(tmp_path / "log")]
    with subprocess.Popen(command) as server:
        try:
            found = json.loads(wait(lambda: read(tmp_path / "data" / "server.json")))
            headers = {"Authorization": "Bearer any"}
            url = f"http://127.0.0.1:{found['port']}/openai/v1/batches"
            assert [httpx.get(url, headers=headers).status_code for _ in range(2)] == [503, 200]
            assert f"listening on http://127.0.0.1:{found['port']}/openai/v1" in (tmp_path / "log").read_text()
        finally:
            server.terminate()


def read(path):
    return path.read_text() if path.exists() else None
