"""Each published exit code, by the program as a process: what a script or a scheduler sees."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from batchctl.recorded.runlock import RunLock
from batchctl.words.errors import ExitCode
from tests.shell.conftest import MANIFEST, ROOT, Project, environment
from tests.shell.serving import NOWHERE, at, provider

KEY = {"SOME_KEY": "a-key"}


def test_the_readme_publishes_exactly_the_codes_that_there_are() -> None:
    section = (ROOT / "README.md").read_text().partition("## Exit codes")[2].partition("\n## ")[0]
    published = {int(code) for row in re.findall(r"^\| ([\d, ]+) \|", section, re.MULTILINE)
                 for code in row.split(",")}
    assert published == {code for name, code in vars(ExitCode).items() if name.isupper()}


def test_0_done_and_the_sink_is_there(project: Project) -> None:
    assert project.program("apply", "--auto-approve").code == 0
    assert len((project.folder / "out" / "labels.jsonl").read_text().splitlines()) == 3


def test_1_failed_and_stderr_says_why(project: Project) -> None:
    project.write("job.yaml", MANIFEST.replace("model:", "modle:"))
    ended = project.program("apply", "--auto-approve")
    assert (ended.code, ended.out) == (1, "")
    assert "error[unknown-key]" in ended.err


def test_2_changes_only_where_they_were_asked_for(project: Project) -> None:
    assert project.program("plan", "--detailed-exitcode").code == 2
    assert project.program("plan").code == 0


def test_3_requests_that_failed_for_good(project: Project) -> None:
    with upstream_that_refuses() as upstream:
        project.write("job.yaml", MANIFEST.replace(
            "provider: local", f'provider: {{dialect: local, upstream: "{upstream}"}}'))
        ended = project.program("apply", "--auto-approve")
    assert ended.code == 3
    assert "3 failed" in ended.out
    assert "`batchctl results` shows why" in ended.out
    assert "cannot be used" in project.program("results").out
    assert project.program("status", "--detailed-exitcode").code == 3
    assert project.program("status").code == 0


def test_3_requests_that_are_held(project: Project) -> None:
    with provider(project.folder / "data", "--dialect", "cerebras") as base:
        project.write("job.yaml", at(base).replace("dialect: openai", "dialect: cerebras"))
        ended = project.program("apply", "--auto-approve", **KEY)
    assert ended.code == 3
    assert "3 requests held: fewer than the provider takes in one batch" in ended.out


def test_4_still_running(project: Project) -> None:
    with provider(project.folder / "data", "--upstream", NOWHERE) as base:
        project.write("job.yaml", at(base))
        assert project.program("apply", "--auto-approve", **KEY).code == 0
        assert project.program("apply", "--detailed-exitcode", **KEY).code == 4
        assert project.program("status", "--detailed-exitcode", **KEY).code == 4
        for arguments in (("wait",), ("apply", "--wait")):
            ended = project.program(*arguments, "--timeout", "0.5", **KEY)
            assert ended.code == 4
            assert "Time ran out. 1 batch goes on at openai; 0 of 3 requests done." in ended.err


def test_4_still_running_at_the_local_server_which_stops(project: Project) -> None:
    project.write("job.yaml", MANIFEST.replace(
        "provider: local", f'provider: {{dialect: local, upstream: "{NOWHERE}"}}'))
    for arguments in (("apply", "--auto-approve"), ("wait",)):
        ended = project.program(*arguments, "--timeout", "0.5")
        assert ended.code == 4
        assert "Time ran out. The local server stops" in ended.err


def test_5_a_stale_plan(project: Project) -> None:
    project.program("plan", "--out", "p.json")
    project.write("rows.csv", "id,text\na,another\n")
    assert project.program("apply", "p.json").code == 5


def test_5_the_run_lock(project: Project) -> None:
    (project.folder / ".batchctl").mkdir()
    with RunLock(project.folder / ".batchctl", "apply"):
        assert project.program("apply", "--auto-approve", "--run-lock-timeout", "0").code == 5


def test_5_the_budget(project: Project) -> None:
    project.write("job.yaml", MANIFEST + "budget: {max_requests: 2}\n")
    ended = project.program("apply", "--auto-approve")
    assert ended.code == 5
    assert "error[over-budget]" in ended.err


def test_5_a_provider_whose_state_cannot_be_told(project: Project) -> None:
    with provider(project.folder / "data") as base:
        project.write("job.yaml", at(base.replace("/v1", "/v2")))
        assert project.program("plan", **KEY).code == 5
        assert project.program("apply", "--auto-approve", **KEY).code == 5


def test_64_the_command_line_is_wrong(project: Project) -> None:
    assert project.program("plan", "--no-such-flag").code == 64
    assert project.program().code == 64


def test_64_approval_is_needed_and_nobody_can_be_asked(project: Project) -> None:
    ended = project.program("apply")
    assert ended.code == 64
    assert "--auto-approve" in ended.err
    assert not (project.folder / "job.lock.json").exists()


def test_70_a_bug_and_no_traceback(project: Project) -> None:
    """The standard library is broken for this one process: nothing that batchctl could have foreseen."""
    project.write("sitecustomize.py", "import json\njson.dumps = lambda *args, **options: 1 / 0\n")
    ended = project.program("plan", "--format", "json", "--log-file", "log.txt",
                            PYTHONPATH=f"{project.folder}:{ROOT}")
    assert ended.code == 70, ended.err
    assert "error[bug]" in ended.err
    assert "Traceback" not in ended.err
    assert "ZeroDivisionError" in (project.folder / "log.txt").read_text()


@pytest.mark.parametrize(("number", "code"), [
    (signal.SIGHUP, 129), (signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("arguments", [("apply", "--auto-approve", "--wait"), ("wait",)])
def test_129_130_and_143_stopped_while_waiting_and_the_message_says_how_to_go_on(
        project: Project, arguments: tuple[str, ...], number: signal.Signals, code: int) -> None:
    with provider(project.folder / "data", "--upstream", NOWHERE) as base:
        project.write("job.yaml", at(base))
        assert project.program("apply", "--auto-approve", **KEY).code == 0
        process = subprocess.Popen(
            [sys.executable, "-m", "batchctl", *arguments], cwd=project.folder, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(KEY))
        assert process.stderr is not None
        assert process.stderr.readline().startswith("… waiting")
        process.send_signal(number)
        _, shown = process.communicate(timeout=20)
        assert process.returncode == code
        assert "1 batch goes on at openai; 0 of 3 requests done.\n" in shown
        assert shown.endswith(f"\nTo go on: batchctl {' '.join(arguments)}\n")
        assert "Traceback" not in shown


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_130_and_143_stopped_while_rendering_and_nothing_is_left_running(
        project: Project, number: signal.Signals, code: int) -> None:
    rows = "".join(f"{row},text {row}\n" for row in range(500_000))
    project.write("rows.csv", "id,text\n" + rows)
    process = subprocess.Popen([sys.executable, "-m", "batchctl", "render", "-o", "rendered"], cwd=project.folder,
                               stderr=subprocess.PIPE, text=True, env=environment({}))
    time.sleep(1.0)
    process.send_signal(number)
    _, shown = process.communicate(timeout=20)  # ends only when no worker has stderr any more
    assert (process.returncode, "Traceback" in shown) == (code, False)
    assert list((project.folder / "rendered").glob("*")) == []


@contextmanager
def upstream_that_refuses() -> Iterator[str]:
    """Answers each request with 400."""
    class Refuse(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            body = b'{"error": {"message": "it cannot be used", "type": "invalid_request_error", "code": "bad"}}'
            self.send_response(400)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Refuse) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()
