"""Projects that run for real: `provider: local`, the real program, its real server."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from batchctl.shell.cli import run
from batchctl.show.terminal import Terminal

ROOT = Path(__file__).parents[2]

#: What changes what is shown.
SCREEN = ("NO_COLOR", "FORCE_COLOR", "CI", "GITHUB_ACTIONS", "COLUMNS", "LINES")

MANIFEST = """\
version: 1
name: labels
provider: local
model: echo-1
endpoint: /v1/chat/completions
completion_window: 24h
inputs:
  - path: rows.csv
    key: "{{ row.id }}"
prompt: {user: "{{ row.text }}"}
sinks:
  - path: out/labels.jsonl
    fields: {id: "{{ row.id }}", said: "{{ text }}"}
"""


@dataclass(frozen=True)
class Ended:
    """How a program ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Project:
    """A folder with one manifest."""

    folder: Path

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def program(self, *arguments: str, **environ: str) -> Ended:
        """The program as a process."""
        done = subprocess.run(
            [sys.executable, "-m", "batchctl", *arguments], cwd=self.folder, stdin=subprocess.DEVNULL, timeout=60,
            capture_output=True, text=True, encoding="utf-8", env=environment(environ))
        return Ended(done.returncode, done.stdout, done.stderr)

    def __call__(self, *arguments: str, **environ: str) -> Ended:
        """The program in this process."""
        out, err = io.StringIO(), io.StringIO()
        code = run(arguments, Terminal(environ, stdin=io.StringIO(), stdout=out, stderr=err))
        return Ended(code, out.getvalue(), err.getvalue())


def environment(extra: dict[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith("BATCHCTL_") and name not in SCREEN}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", **extra}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Three rows; the current folder is the project's."""
    for name in (*SCREEN, *(name for name in os.environ if name.startswith("BATCHCTL_"))):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    made = Project(tmp_path)
    made.write("job.yaml", MANIFEST)
    made.write("rows.csv", "id,text\na,one\nb,two\nc,three\n")
    return made


Run = Callable[..., Ended]
