"""A provider for tests: `batchctl serve` as a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.shell.conftest import MANIFEST, environment

#: Nothing listens there: lines that are sent to it stay under way.
NOWHERE = "http://127.0.0.1:9/v1"


@contextmanager
def provider(data: Path, *arguments: str) -> Iterator[str]:
    """Yields its base URL. It speaks OpenAI's dialect."""
    server = subprocess.Popen([sys.executable, "-m", "batchctl", "serve", "--data", str(data), *arguments],
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment({}))
    assert server.stderr is not None
    try:
        yield server.stderr.readline().split()[2]
    finally:
        server.terminate()
        server.communicate(timeout=20)


def at(base_url: str) -> str:
    """The usual manifest, at that provider, with the key in SOME_KEY."""
    return MANIFEST.replace(
        "provider: local", f'provider: {{dialect: openai, base_url: "{base_url}", api_key_env: SOME_KEY}}')
