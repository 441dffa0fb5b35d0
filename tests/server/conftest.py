"""Real servers, real clients and a real upstream for the tests of the local batch server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

ROOT = Path(__file__).resolve().parents[2]
CHAT = "/v1/chat/completions"


class Server:
    """A `python -m batchctl.server` process and clients for it."""

    def __init__(
        self,
        folder: Path,
        *arguments: str,
        env: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self.log = folder.parent / f"{folder.name}.stderr"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "batchctl.server", "--data", str(folder), *arguments],
                stderr=log,
                cwd=ROOT,
                env={**os.environ, **(env or {})},
            )
        self.port_file = wait_for(lambda: self._read_port_file())
        self.origin = f"http://127.0.0.1:{self.port_file['port']}"
        self.base_url = self.origin + self.port_file["prefix"]
        self.openai = openai.OpenAI(base_url=self.base_url, api_key="any", max_retries=0)
        headers = {"Authorization": "Bearer any", **(headers or {})}
        self.http = httpx.Client(base_url=self.base_url, headers=headers, timeout=30)

    def _read_port_file(self) -> dict[str, Any] | None:
        assert self.process.poll() is None, self.log.read_text()
        try:
            found: dict[str, Any] = json.loads((self.folder / "server.json").read_text())
        except (OSError, ValueError):
            return None
        return found if found["pid"] == self.process.pid else None

    def upload(self, content: bytes, name: str = "in.jsonl") -> str:
        return self.openai.files.create(file=(name, content), purpose="batch").id

    def create(self, content: bytes, endpoint: Any = CHAT, **options: Any) -> Any:
        options = {"completion_window": "24h", **options}
        return self.openai.batches.create(input_file_id=self.upload(content), endpoint=endpoint, **options)

    def ended(self, batch: Any, timeout_s: float = 20) -> Any:
        def look() -> Any:
            found = self.openai.batches.retrieve(batch.id)
            return found if found.status in ("completed", "failed", "expired", "cancelled") else None

        return wait_for(look, timeout_s)

    def records(self, file_id: str | None) -> list[dict[str, Any]]:
        assert file_id is not None
        return [json.loads(line) for line in self.openai.files.content(file_id).read().splitlines()]

    # The same by plain HTTP, as JSON: for dialects whose SDK hides what is to be seen, or has no batches.

    def send_file(self, content: bytes, name: str = "in.jsonl") -> dict[str, Any]:
        reply = self.http.post("/files", data={"purpose": "batch"}, files={"file": (name, content)})
        assert reply.status_code == 200, reply.text
        return self._object(reply)

    def send_wish(self, content: bytes, **wish: Any) -> httpx.Response:
        file_id = self.send_file(content)["id"]
        wish = {"input_file_id": file_id, "endpoint": CHAT, "completion_window": "24h", **wish}
        return self.http.post("/batches", json=wish)

    def make(self, content: bytes, **wish: Any) -> dict[str, Any]:
        reply = self.send_wish(content, **wish)
        assert reply.status_code == 200, reply.text
        return self._object(reply)

    def look(self, batch_id: str) -> dict[str, Any]:
        return self._object(self.http.get(f"/batches/{batch_id}"))

    def at_end(self, batch_id: str, timeout_s: float = 20) -> dict[str, Any]:
        ended = ("completed", "failed", "expired", "cancelled")
        return wait_for(lambda: found if (found := self.look(batch_id))["status"] in ended else None, timeout_s)

    def rows(self, file_id: str) -> list[dict[str, Any]]:
        return [json.loads(text) for text in self.http.get(f"/files/{file_id}/content").content.splitlines()]

    @staticmethod
    def _object(reply: httpx.Response) -> dict[str, Any]:
        found: dict[str, Any] = reply.json()
        return found

    def kill(self) -> None:
        self.process.kill()
        self.close()

    def terminate(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10)

    def close(self) -> None:
        self.openai.close()
        self.http.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)


class FakeUpstream:
    """A synchronous chat endpoint that notes what it was asked and what it answered."""

    def __init__(self, port: int = 0) -> None:
        self.asked: list[str] = []
        self.answered: list[str] = []
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.delay_s = 0.0
        self.script: list[tuple[int, dict[str, str], bytes]] = []
        upstream = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                upstream._handle(self)

            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: Any) -> None:
                pass

        self._server = Quiet(("127.0.0.1", port), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def _handle(self, handler: BaseHTTPRequestHandler) -> None:
        raw = handler.rfile.read(int(handler.headers["Content-Length"]))
        self.bodies.append(raw)
        spoken = "/audio/" in handler.path
        text = handler.path if spoken else json.loads(raw)["messages"][-1]["content"]
        self.asked.append(text)
        self.headers.append({"path": handler.path, **dict(handler.headers.items())})
        time.sleep(self.delay_s)
        reply = {"object": "chat.completion", "choices": [{"message": {"content": f"real {text}"}}]}
        default = (200, {}, json.dumps(reply).encode())
        status, headers, content = self.script.pop(0) if self.script else default
        # Answered even if the server that asked has been killed meanwhile: the work was done.
        self.answered.append(text)
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(content)
        handler.wfile.flush()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def wait_for(look: Callable[[], Any], timeout_s: float = 20) -> Any:
    """The first true value of `look`."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.02)
    raise AssertionError(f"nothing within {timeout_s} s")


def chat_line(custom_id: str, text: str = "hello", **changes: Any) -> bytes:
    """One input line, with its newline."""
    body = {"model": "small", "messages": [{"role": "user", "content": text}]}
    row = {"custom_id": custom_id, "method": "POST", "url": CHAT, "body": body, **changes}
    return json.dumps(row).encode() + b"\n"


@pytest.fixture(scope="session")
def line() -> Callable[..., bytes]:
    return chat_line


@pytest.fixture(scope="session")
def wait() -> Callable[..., Any]:
    return wait_for


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts servers, by default all on one data folder."""
    servers: list[Server] = []

    def start_one(*arguments: str, folder: Path = tmp_path / "data", **options: Any) -> Server:
        servers.append(Server(folder, *arguments, **options))
        return servers[-1]

    yield start_one
    for server in servers:
        server.close()


@pytest.fixture(scope="module")
def echo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server without an upstream for a whole module."""
    server = Server(tmp_path_factory.mktemp("echo") / "data")
    yield server
    server.close()


@pytest.fixture(scope="module")
def speak(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Server]]:
    """One server for each dialect, for a whole module."""
    servers: dict[str, Server] = {}

    def speak_one(dialect: str, **options: Any) -> Server:
        if dialect not in servers:
            folder = tmp_path_factory.mktemp(dialect) / "data"
            servers[dialect] = Server(folder, "--dialect", dialect, **options)
        return servers[dialect]

    yield speak_one
    for server in servers.values():
        server.close()


@pytest.fixture
def upstream_on() -> Iterator[Callable[[int], FakeUpstream]]:
    """An upstream that begins to listen on a given port when the test says so."""
    begun: list[FakeUpstream] = []

    def begin(port: int) -> FakeUpstream:
        begun.append(FakeUpstream(port))
        return begun[-1]

    yield begin
    for fake in begun:
        fake.close()


@pytest.fixture
def upstream() -> Iterator[FakeUpstream]:
    fake = FakeUpstream()
    yield fake
    fake.close()
