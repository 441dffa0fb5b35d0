"""Exit code 3: what is finished, and not whole. An upstream that refuses some rows, and rows that are too few."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.shell.conftest import MANIFEST, Project


class _Upstream(BaseHTTPRequestHandler):
    """Answers with what it was asked, but for what its server refuses."""

    server: _Server
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))["messages"][0]["content"]
        self.server.asked.append(asked)
        status, body = self.server.answers.get(asked, (200, {"choices": [{"message": {"content": asked}}]}))
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    asked: list[str]
    answers: dict[str, tuple[int, object]]


@contextmanager
def listening(port: int = 0) -> Iterator[_Server]:
    server = _Server(("127.0.0.1", port), _Upstream)
    server.asked, server.answers = [], {}
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def upstream() -> Iterator[_Server]:
    with listening() as server:
        server.answers["two"] = (400, {"error": {"message": "not this one", "code": "refused"}})
        yield server


def sent_to(upstream: _Server) -> str:
    address = f"http://127.0.0.1:{upstream.server_port}/v1"
    return MANIFEST.replace("provider: local", f'provider: {{dialect: local, upstream: "{address}"}}')


def test_3_is_a_job_some_of_whose_requests_failed_for_good_and_its_sink_tells_which(
    project: Project, upstream: _Server
) -> None:
    project.write("job.yaml", sent_to(upstream) + "    records: all\n")
    ended = project("apply", "--auto-approve")
    assert ended.code == 3, ended.err
    records = [json.loads(line) for line in (project.folder / "out" / "labels.jsonl").read_text().splitlines()]
    assert [record["said"] for record in records] == ["one", None, "three"]
    asked = len(upstream.asked)
    assert project("apply").code == 3
    assert project("plan", "--detailed-exitcode").code == 0
    assert project("status", "--detailed-exitcode").code == 3
    assert project("status").code == 0
    assert len(upstream.asked) == asked


def test_3_is_over_once_the_row_is_mended_and_only_that_row_is_sent(project: Project, upstream: _Server) -> None:
    project.write("job.yaml", sent_to(upstream))
    assert project("apply", "--auto-approve").code == 3
    upstream.asked.clear()
    project.write("rows.csv", "id,text\na,one\nb,too\nc,three\n")
    assert project("apply", "--auto-approve").code == 0
    assert upstream.asked == ["too"]


def test_an_upstream_that_is_away_is_told_and_costs_no_attempt(project: Project) -> None:
    with listening() as upstream:
        port = upstream.server_port
        once = sent_to(upstream) + "retry: {max_attempts: 1}\n"
    project.write("job.yaml", once)
    away = project.program("apply", "--auto-approve", "--timeout", "4")
    assert away.code == 4
    assert "cannot be reached" in away.err
    with listening(port) as upstream:
        assert project.program("apply", "--auto-approve").code == 0
        assert sorted(upstream.asked) == ["one", "three", "two"]
    assert len((project.folder / "out" / "labels.jsonl").read_text().splitlines()) == 3


def test_3_is_a_job_that_is_held_and_the_reason_is_told(project: Project) -> None:
    few = MANIFEST.replace("provider: local", "provider: {dialect: local, limits: {min_requests: 4}}")
    project.write("job.yaml", few)
    ended = project("apply", "--auto-approve")
    assert ended.code == 3, ended.err
    assert "3 requests held: fewer than the provider takes" in ended.out
    project.write("rows.csv", "id,text\na,one\nb,two\nc,three\nd,four\n")
    assert project("apply", "--auto-approve").code == 0


def test_3_is_what_the_worse_of_two_jobs_came_to(project: Project, upstream: _Server) -> None:
    whole = MANIFEST.replace("labels", "whole")
    project.write("job.yaml", sent_to(upstream) + "---\n" + whole)
    assert project("apply", "--auto-approve").code == 3
    assert len((project.folder / "out" / "whole.jsonl").read_text().splitlines()) == 3
