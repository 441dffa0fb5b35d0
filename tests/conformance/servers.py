"""The servers under test: how each is started, and what a manifest says to reach it."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.conformance import install
from tests.conformance.install import MissingError
from tests.conformance.project import KEY

HERE = Path(__file__).parent
START_S = 60.0


@dataclass(frozen=True)
class Server:
    """A running server. `origin` is its address and `prefix` the path of its API; `dialect` is what a manifest calls
    it, with these `headers` instead of a key where there are any.

    `echoes`: the rows themselves can ask it for failures and delays, as our own server can be asked. `one_page_size`: a
    client cannot ask it for smaller pages.
    """

    name: str
    origin: str
    prefix: str
    dialect: str
    headers: dict[str, Any] = field(default_factory=dict)
    echoes: bool = False
    one_page_size: bool = False

    def provider(self, base_url: str) -> dict[str, Any]:
        """The manifest's `provider`, with the API at `base_url`."""
        made: dict[str, Any] = {"dialect": self.dialect, "base_url": base_url}
        return made | ({"headers": self.headers} if self.headers else {"api_key_env": KEY})

    def errors(self, code: str) -> Any:
        """What a batch that failed as a whole says of itself, in the form that the dialect's vendor documents."""
        error = {"code": code, "message": f"{code} on line 3", "line": 3, "param": None}
        return {"groq": [error], "cerebras": f"{code}: {error['message']}"}.get(
            self.dialect, {"object": "list", "data": [error]})


#: A server is started in a folder of its own.
Start = Callable[[Path], "Iterator[Server]"]


def local(dialect: str) -> Start:
    """batchctl's own server in one of its dialects."""

    def start(folder: Path) -> Iterator[Server]:
        with our_server(folder, dialect) as (origin, prefix):
            yield Server(f"local-{dialect}", origin, prefix, dialect, echoes=True, one_page_size=dialect == "groq",
                         headers=_portkey_headers(f"{origin}{prefix}") if dialect == "portkey" else {})

    return start


def gateway(folder: Path) -> Iterator[Server]:
    """Portkey's gateway, and our own server behind it."""
    start = install.npm_packages() / install.GATEWAY
    port = _free_port()
    with our_server(folder, "openai") as (origin, prefix), _process(
            [_node(), "--require", str(HERE / "loopback.cjs"), str(start), f"--port={port}", "--headless"],
            folder / "gateway.log", port):
        yield Server("gateway", f"http://127.0.0.1:{port}", "/v1", "portkey", _portkey_headers(f"{origin}{prefix}"),
                     echoes=True)


def aimock(folder: Path) -> Iterator[Server]:
    """CopilotKit's aimock."""
    port = _free_port()
    start = install.npm_packages() / install.AIMOCK
    command = [_node(), str(start), "--port", str(port), "--fixtures", str(start.parent.parent / "fixtures"),
               "--log-level", "warn"]
    with _process(command, folder / "aimock.log", port):
        yield Server("aimock", f"http://127.0.0.1:{port}", "/v1", "openai")


def llmock(dialect: str, prefix: str, batch_s: float = 0.3) -> Start:
    """LLMock, as one of the vendors whose paths it has. Its batches take three seconds, and here `batch_s`; nothing
    else is changed."""
    run = (f"import sys; from llmock.routers import batch; batch._BATCH_DELAY = {batch_s}; "
           "from llmock.cli import app; sys.exit(app())")

    def start(folder: Path) -> Iterator[Server]:
        port = _free_port()
        python = install.llmock() / install.LLMOCK_PYTHON
        command = [str(python), "-c", run, "serve", "--host", "127.0.0.1", "--port", str(port),
                   "--log-level", "warning", "--response-style", "echo"]
        with _process(command, folder / "llmock.log", port):
            yield Server(f"llmock-{dialect}", f"http://127.0.0.1:{port}", prefix, dialect)

    return start


SERVERS: dict[str, Start] = {
    "local-openai": local("openai"),
    "local-groq": local("groq"),
    "local-cerebras": local("cerebras"),
    "local-portkey": local("portkey"),
    "gateway": gateway,
    "aimock": aimock,
    "llmock-openai": llmock("openai", "/v1"),
    "llmock-groq": llmock("groq", "/groq/openai/v1"),
}

#: The same with batches that outlast a test, for servers whose batches end by the clock.
SLOW: dict[str, Start] = {
    "llmock-openai": llmock("openai", "/v1", batch_s=600),
    "llmock-groq": llmock("groq", "/groq/openai/v1", batch_s=600),
}


@contextmanager
def our_server(folder: Path, dialect: str, *arguments: str) -> Iterator[tuple[str, str]]:
    """`python -m batchctl.server`: its address, and the path of its API."""
    data = folder / f"server-{dialect}"
    port = _free_port()
    command = [sys.executable, "-m", "batchctl.server", "--data", str(data), "--dialect", dialect, "--port", str(port),
               *arguments]
    with _process(command, folder / f"server-{dialect}.log", port):
        yield f"http://127.0.0.1:{port}", json.loads((data / "server.json").read_text())["prefix"]


def _portkey_headers(upstream: str) -> dict[str, Any]:
    return {"x-portkey-provider": "openai", "x-portkey-custom-host": upstream,
            "Authorization": {"env": KEY, "prefix": "Bearer "}}


def _node() -> str:
    found = shutil.which("node")
    if found is None:
        raise MissingError("there is no node on this machine")
    return found


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def _process(command: list[str], log: Path, port: int) -> Iterator[None]:
    """Runs a server until it is done with; its first answer, whatever it says, shows that it is up."""
    with log.open("wb") as output:
        environ = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        process = subprocess.Popen(command, stdout=output, stderr=output, stdin=subprocess.DEVNULL, cwd=log.parent,
                                   env={**environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))
                                        if command[0] == sys.executable else ""})
    try:
        _wait_until_up(process, port, log)
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def _wait_until_up(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        assert process.poll() is None, f"the server ended at once:\n{log.read_text(errors='replace')}"
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/")
            connection.getresponse().read()
            connection.close()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"the server is not up within {START_S:g} s:\n{log.read_text(errors='replace')}")
