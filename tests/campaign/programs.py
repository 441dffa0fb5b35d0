"""Runs of the real program as processes of their own, in a project at the provider behind the wire."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from tests.campaign.wire import Wire

ROOT = Path(__file__).parents[2]

#: A canary: nothing that batchctl writes may hold it.
KEY = "canary-7f3d9a-secret"


class Zygote:
    """See tests.campaign.zygote. Leaving the context ends it, and whatever it still runs."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.campaign.zygote"], cwd=ROOT, text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)})
        self._running: set[int] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for pid in self._running:
            os.killpg(pid, signal.SIGKILL)
        self._process.communicate(timeout=20)

    def ask(self, **asked: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def start(self, **asked: Any) -> int:
        pid: int = self.ask(**asked)["pid"]
        self._running.add(pid)
        return pid

    def wait(self, pid: int) -> tuple[int, int]:
        """The exit code, or minus the signal; and the most memory that the process had, as ru_maxrss gives it."""
        answer = self.ask(wait=pid)
        self._running.discard(pid)
        return answer["status"], answer["rss"]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended: its exit code, or minus the signal that killed it; `rss` as ru_maxrss, in KiB on Linux."""

    code: int
    out: str
    err: str
    rss: int = 0


@dataclass
class Running:
    """A run that was started."""

    zygote: Zygote
    pid: int
    out: Path
    err: Path

    def kill(self, number: int = signal.SIGKILL) -> None:
        os.kill(self.pid, number)

    def wait(self) -> Ended:
        code, rss = self.zygote.wait(self.pid)
        out, err = (path.read_text("utf-8", "replace") for path in (self.out, self.err))
        return Ended(code, out, err, rss)


MANIFEST = """\
version: 1
name: {name}
provider: {{dialect: openai, base_url: "{base_url}", api_key_env: FAKE_KEY}}
model: m-1
inputs:
  - path: {name}.csv
    key: "{{{{ row.id }}}}"
prompt: {{user: "{{{{ row.text }}}}"}}
batch: {{max_requests: {max_requests}}}
sinks: [{{path: out/{name}.jsonl}}]
"""


@dataclass
class Site:
    """A project folder of the real program. `rows` of a job map a key to a text; its files are below `folder`, the
    screens of its runs are not."""

    folder: Path
    screens: Path
    wire: Wire
    zygote: Zygote
    environ: dict[str, str] = field(default_factory=dict)
    _runs: int = 0

    def write(self, *, max_requests: int = 50_000, **jobs: dict[str, str]) -> None:
        """Writes job.yaml with these jobs, and their rows."""
        texts = []
        for name, rows in jobs.items():
            texts.append(MANIFEST.format(name=name, base_url=self.wire.base_url, max_requests=max_requests))
            lines = "".join(f"{key},{text}\n" for key, text in rows.items())
            (self.folder / f"{name}.csv").write_text("id,text\n" + lines)
        (self.folder / "job.yaml").write_text("---\n".join(texts))

    @property
    def lockfile(self) -> Path:
        return self.folder / "job.lock.json"

    @property
    def store(self) -> Path:
        return self.folder / ".batchctl"

    def start(self, *arguments: str, sabotage: dict[str, Any] | None = None, clock: dict[str, Any] | None = None,
              **environ: str) -> Running:
        self._runs += 1
        out, err = (self.screens / f"{self._runs}.{name}" for name in ("out", "err"))
        pid = self.zygote.start(
            run=list(arguments), folder=str(self.folder), out=str(out), err=str(err), sabotage=sabotage,
            clock=clock, environ={
                "PATH": os.environ["PATH"], "HOME": str(self.screens), "FAKE_KEY": KEY, "BATCHCTL_SETTLE": "0.3",
                "BATCHCTL_POLL_INTERVAL": "0.02", **self.environ, **environ})
        return Running(self.zygote, pid, out, err)

    def run(self, *arguments: str, sabotage: dict[str, Any] | None = None, clock: dict[str, Any] | None = None,
            **environ: str) -> Ended:
        return self.start(*arguments, sabotage=sabotage, clock=clock, **environ).wait()

    def apply(self, *more: str, **environ: str) -> Ended:
        return self.run("apply", "--auto-approve", "--wait", *more, **environ)


@contextmanager
def fresh(below: Path, zygote: Zygote) -> Iterator[Site]:
    """A new project at a new provider, gone afterwards: a sweep has many."""
    with tempfile.TemporaryDirectory(dir=below) as name, Wire().serve() as wire:
        folder, screens = Path(name).resolve() / "project", Path(name).resolve() / "screens"
        folder.mkdir()
        screens.mkdir()
        yield Site(folder, screens, wire, zygote)
