"""Servers that stand beside what is measured, as processes of their own: what they cost counts for nobody."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.benchmark import ROOT, batchctl

KEY_ENV = "BENCHMARK_KEY"


def free_port() -> int:
    """A port that nobody listens on just now: manifests name it before the server is there."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def provider(port: int) -> dict[str, str]:
    """A manifest's `provider` for a server on this port."""
    return {"dialect": "openai", "base_url": f"http://127.0.0.1:{port}/v1", "api_key_env": KEY_ENV}


@contextmanager
def running(command: Sequence[str], port: int) -> Iterator[None]:
    """Yields once the server listens."""
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                if server.poll() is not None:
                    raise RuntimeError(f"{' '.join(command)} did not start") from None
                time.sleep(0.05)
        yield
    finally:
        server.terminate()
        server.wait()


def echo(port: int, data: Path, *arguments: str) -> list[str]:
    """The command of batchctl's own server."""
    return batchctl("serve", "--dialect", "openai", "--port", str(port), "--data", str(data), *arguments)


def module(name: str, *arguments: str) -> list[str]:
    """The command of a module of the benchmarks."""
    return [sys.executable, "-m", f"tests.benchmarks.{name}", *arguments]
