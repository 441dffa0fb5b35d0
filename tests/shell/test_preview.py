"""`preview`: what it sends and how often, what it shows, what it costs to say yes to, and what it leaves alone."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.shell.conftest import MANIFEST, ROOT, Project, environment
from tests.shell.serving import at, provider

KEY = {"SOME_KEY": "canary-0123456789"}

Reply = tuple[int, dict[str, str], bytes]


class Model:
    """A synchronous endpoint of a provider: `answer` makes a reply of each request; all are written down."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.keys: set[str | None] = set()
        self.answer: Callable[[str], Reply] = self.said
        self.at_once = self.most_at_once = 0
        self.lock = threading.Lock()

    @staticmethod
    def said(text: str, said: str | None = None) -> Reply:
        message = {"role": "assistant", "content": said if said is not None else f"real {text}"}
        usage = {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12}
        body = {"choices": [{"message": message, "finish_reason": "stop"}], "usage": usage}
        return 200, {}, json.dumps(body).encode()


@contextmanager
def model() -> Iterator[tuple[Model, str]]:
    made = Model()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            with made.lock:
                made.asked.append((self.path, body))
                made.keys.add(self.headers["authorization"])
                made.at_once += 1
                made.most_at_once = max(made.most_at_once, made.at_once)
            status, headers, content = made.answer(body["messages"][-1]["content"])
            with made.lock:
                made.at_once -= 1
            self.send_response(status)
            for name, value in {"content-length": str(len(content)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            """Quiet."""

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *args: Any) -> None:
            """A client that has gone is what some tests are about."""

    with Quiet(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield made, f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()


def at_rest(made: Model, seconds: float = 1.5) -> int:
    """How many requests have come, once no more do."""
    before = -1
    while before != (before := len(made.asked)):
        time.sleep(seconds)
    return before


def documents(project: Project, *arguments: str, code: int = 0, **environ: str) -> list[dict[str, Any]]:
    ended = project.program("preview", "--auto-approve", "--format", "json", *arguments, **environ)
    assert ended.code == code, ended.err
    document = json.loads(ended.out)
    schema = json.loads((ROOT / "schemas" / "preview.v1.schema.json").read_text())
    jsonschema.Draft7Validator(schema).validate(document)
    jobs: list[dict[str, Any]] = document["jobs"]
    return jobs


def kept(folder: Path) -> set[str]:
    """What is on disk but the local server's own."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*")
            if path.is_file() and "server" not in path.parts}


def test_the_first_rows_are_asked_at_the_synchronous_endpoint_with_the_key_of_the_batches(project: Project) -> None:
    with model() as (made, base):
        project.write("job.yaml", at(base))
        (job,) = documents(project, "-n", "2", **KEY)
    assert sorted(body["messages"][0]["content"] for _, body in made.asked) == ["one", "two"]
    assert {path for path, _ in made.asked} == {"/v1/chat/completions"}
    assert made.keys == {f"Bearer {KEY['SOME_KEY']}"}
    assert [(one["text"], one["ok"]) for one in job["tried"]] == [("real one", True), ("real two", True)]
    assert [one["custom_id"][0] for one in job["tried"]] == ["a", "b"]


def test_nothing_of_a_preview_is_recorded_or_taken_for_a_result(project: Project) -> None:
    before = kept(project.folder)
    assert project("preview", "--auto-approve").code == 0
    assert kept(project.folder) - before == {".batchctl/.gitignore"}
    assert "3 requests in 1 batch" in project("plan").out


def test_tokens_are_extrapolated_by_bytes_and_by_requests(project: Project) -> None:
    project.write("rows.csv", "id,text\na,one\nb,two\n" + "".join(f"r{row},{'long ' * 200}\n" for row in range(8)))
    with model() as (_, base):
        project.write("job.yaml", at(base))
        (job,) = documents(project, "-n", "2", **KEY)
    assert job["requests"] == 10
    assert job["estimate"]["output_tokens"] == 2 * 10
    assert job["estimate"]["input_tokens"] > 10 * 10 * 3, "the other rows are longer"


def test_the_cost_is_that_of_single_requests_here_and_of_batches_for_the_whole_job(project: Project) -> None:
    with model() as (_, base):
        priced = at(base).replace("prompt:", "prices: {echo-1: {input: 1000, output: 2000}}\nprompt:")
        project.write("job.yaml", priced)
        ended = project.program("preview", "--auto-approve", "-n", "1", **KEY)
        (job,) = documents(project, "-n", "1", **KEY)
        project.write("job.yaml", at(base))
        (unpriced,) = documents(project, "-n", "1", **KEY)
        unknown = project.program("preview", "--auto-approve", "-n", "1", **KEY)
    assert job["cost"] == "0.014"
    assert job["batch_cost"] is not None
    assert "1 answered: 10 tokens in, 2 out, $0.01." in ended.out
    assert " in batches." in ended.out
    assert (unpriced["cost"], unpriced["batch_cost"]) == (None, None)
    assert "cost unknown" in unknown.out


def test_a_preview_through_a_real_batch_server_asks_nothing_of_its_batches(project: Project) -> None:
    with provider(project.folder / "data") as base:
        project.write("job.yaml", at(base))
        ended = project.program("preview", "--auto-approve", **KEY)
        listed = project.program("batches", "--all", **KEY)
    assert ended.code == 0
    assert "echo: one" in ended.out
    assert listed.out == "No batches.\n"


def test_a_local_job_is_asked_through_its_upstream_and_its_stopped_batches_stay_where_they_are(
        project: Project) -> None:
    with model() as (made, base):
        local = f'provider: {{dialect: local, upstream: "{base}"}}'
        project.write("job.yaml", MANIFEST.replace("provider: local", local))
        project.write("rows.csv", "id,text\none,one\n" + "".join(f"r{row},text {row}\n" for row in range(19)))
        slow = threading.Event()
        made.answer = lambda text: (slow.wait(20), made.said(text))[1]
        assert project.program("apply", "--auto-approve", "--timeout", "1").code == 4
        slow.set()
        made.answer = made.said
        asked = at_rest(made)
        assert asked < 20, "some lines are left"
        (job,) = documents(project, "-n", "1")
        assert job["tried"][0]["text"] == "real one"
        assert at_rest(made) == asked + 1


def test_without_a_terminal_nothing_is_sent_but_with_auto_approve(project: Project) -> None:
    with model() as (made, base):
        project.write("job.yaml", at(base))
        ended = project.program("preview", **KEY)
    assert (ended.code, made.asked) == (64, [])
    assert "sending 3 requests needs approval" in ended.err
    assert "--auto-approve" in ended.err


def test_a_refusal_is_shown_with_its_row_and_the_others_are_answered(project: Project) -> None:
    with model() as (made, base):
        project.write("job.yaml", at(base))
        made.answer = lambda text: made.said(text) if text != "two" else (
            400, {}, b'{"error": {"message": "too \\u001b[2J long", "code": "context_length_exceeded"}}')
        ended = project.program("preview", "--auto-approve", **KEY)
        (job,) = documents(project, code=3, **KEY)
    assert ended.code == 3
    assert "context_length_exceeded" in ended.out
    assert "\x1b" not in ended.out
    assert "2 answered, 1 failed" in ended.out
    assert job["tried"][1]["error"]["code"] == "context_length_exceeded"
    assert (job["tried"][1]["ok"], job["tried"][1]["unclear"]) == (False, False)


@pytest.mark.parametrize(("reply", "calls", "unclear"), [
    ((500, {}, b'{"error": {"message": "broken"}}'), 1, True), ((503, {}, b"busy"), 1, True),
    ((200, {}, b"<html>"), 1, True), ((401, {}, b'{"error": {"message": "no"}}'), 1, False),
    ((429, {"retry-after": "0"}, b'{"error": {"message": "slow down"}}'), 3, False),
    ((429, {"retry-after": "60"}, b'{"error": {"message": "slow down"}}'), 1, False),
    ((200, {}, b'{"error": {"message": "said no with 200"}}'), 1, False)])
def test_what_may_have_been_charged_is_sent_once_and_only_what_was_turned_away_again(
        project: Project, reply: Reply, calls: int, unclear: bool) -> None:
    with model() as (made, base):
        project.write("job.yaml", at(base))
        made.answer = lambda text: reply
        (job,) = documents(project, "-n", "1", code=1, **KEY)
    assert len(made.asked) == calls
    assert job["tried"][0]["unclear"] is unclear
    assert KEY["SOME_KEY"] not in json.dumps(job)


def test_an_answer_that_does_not_come_in_time_costs_the_others_nothing(project: Project) -> None:
    with model() as (made, base):
        project.write("job.yaml", at(base))
        gone = threading.Event()
        made.answer = lambda text: (gone.wait(60) if text == "two" else None, made.said(text))[1]
        began = time.monotonic()
        (job,) = documents(project, "--timeout", "2", code=3, **KEY)
        took_s = time.monotonic() - began
        gone.set()
    assert [one["ok"] for one in job["tried"]] == [True, False, True]
    assert job["tried"][1]["unclear"] is True
    assert took_s < 40, "the silent one is not waited for"
    assert len(made.asked) == 3


def test_no_more_than_four_are_under_way(project: Project) -> None:
    project.write("rows.csv", "id,text\n" + "".join(f"r{row},text {row}\n" for row in range(20)))
    with model() as (made, base):
        project.write("job.yaml", at(base))
        made.answer = lambda text: (time.sleep(0.05), made.said(text))[1]
        (job,) = documents(project, "-n", "12", **KEY)
    assert len(job["tried"]) == 12
    assert 2 <= made.most_at_once <= 4


def test_a_missing_key_fails_its_job_and_the_other_job_is_asked(project: Project) -> None:
    project.write("job.yaml", MANIFEST + "---\n" + MANIFEST.replace("labels", "second").replace(
        "provider: local", "provider: openai"))
    first, second = documents(project, code=1, OPENAI_API_KEY="")
    assert [one["ok"] for one in first["tried"]] == [True] * 3
    assert (second["tried"], "OPENAI_API_KEY" in second["errors"][0]["message"]) == ([], True)


def test_a_hostile_answer_cannot_drive_the_terminal_and_a_long_one_is_cut(project: Project) -> None:
    with model() as (made, base):
        project.write("job.yaml", at(base))
        made.answer = lambda text: made.said(text, "\x1b]0;owned\x07\u202e" + "line\n" * 50)
        ended = project.program("preview", "--auto-approve", "-n", "1", **KEY)
        whole = project.program("preview", "--auto-approve", "-n", "1", "-v", **KEY)
    assert "\x1b" not in ended.out
    assert "\u202e" not in ended.out
    assert "␛]0;owned" in ended.out
    assert "more lines" in ended.out
    assert whole.out.count("line") == 50


@pytest.mark.parametrize(("columns", "beside"), [(80, False), (120, True), (200, True)])
def test_request_and_answer_stand_side_by_side_where_there_is_room(
        project: Project, columns: int, beside: bool) -> None:
    ended = project.program("preview", "--auto-approve", "-n", "1", COLUMNS=str(columns))
    assert any("one" in line and "│" in line and "echo: one" in line for line in ended.out.splitlines()) is beside
    assert max(map(len, ended.out.splitlines())) <= columns


def test_a_transcript_is_asked_for_with_a_form(project: Project) -> None:
    text = MANIFEST.replace("/v1/chat/completions", "/v1/audio/transcriptions").replace(
        'prompt: {user: "{{ row.text }}"}', 'body: {url: "https://example.invalid/{{ row.text }}.wav"}')
    project.write("job.yaml", text)
    (job,) = documents(project, "-n", "1")
    assert job["tried"][0]["text"] == "echo: https://example.invalid/one.wav"


def test_an_interrupt_ends_it_at_once_though_an_answer_is_awaited(project: Project) -> None:
    with model() as (made, base):
        project.write("job.yaml", at(base))
        gone = threading.Event()
        made.answer = lambda text: (gone.wait(60), made.said(text))[1]
        process = subprocess.Popen(
            [sys.executable, "-m", "batchctl", "preview", "--auto-approve"], cwd=project.folder,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(KEY))
        while not made.asked:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, shown = process.communicate(timeout=30)
        gone.set()
    assert process.returncode == 130
    assert shown.endswith("Interrupted. What was sent may have been charged; nothing of it is recorded.\n")
