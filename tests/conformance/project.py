"""A project with one job, and batchctl run in it as a user runs it: as a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import uuid
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

#: Enough for half of them to be a batch by itself where a dialect asks for ten.
ROWS = 24

KEY = "BATCHCTL_CONFORMANCE_KEY"
SECRET = "canary-key-that-nothing-may-show"

#: Exit codes that scenarios speak of.
DONE, CHANGES, UNFINISHED, RUNNING = 0, 2, 3, 4

SENDS = ("--auto-approve", "--settle", "1")
WAITS = (*SENDS, "--wait", "--poll-interval", "0.2", "--timeout", "45")


@dataclass(frozen=True)
class Ran:
    """How one command ended."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)

    def tally(self) -> dict[str, int]:
        """The tally of the one job that the command tells of."""
        (job,) = self.json()["jobs"]
        return dict(job["tally"])


@dataclass
class Project:
    """`texts` are the rows' texts; `extra` are further keys of the manifest."""

    folder: Path
    provider: dict[str, Any]
    texts: list[str] = field(default_factory=lambda: [f"row {number}" for number in range(ROWS)])
    model: str = "small"
    extra: dict[str, Any] = field(default_factory=dict)
    name: str = field(default_factory=lambda: f"conf-{uuid.uuid4().hex[:12]}")

    @property
    def lockfile(self) -> Path:
        return self.folder / "job.lock.json"

    @property
    def keys(self) -> list[str]:
        return [f"r{number:02}" for number in range(len(self.texts))]

    def write(self) -> None:
        """Writes the manifest: JSON, which is YAML."""
        rows = [{"id": key, "text": text} for key, text in zip(self.keys, self.texts, strict=True)]
        fields = {name: f"{{{{ {name} }}}}" for name in ("status", "text", "attempts")}
        manifest = {
            "version": 1, "name": self.name, "provider": self.provider, "model": self.model,
            "inputs": [{"rows": rows, "key": "{{ row.id }}"}], "prompt": {"user": "{{ row.text }}"},
            "sinks": [{"path": "out.jsonl", "records": "all", "fields": {"id": "{{ row.id }}", **fields}}],
            **self.extra,
        }
        (self.folder / "job.yaml").write_text(json.dumps(manifest))

    def run(self, command: str, *arguments: str, code: int | None = DONE) -> Ran:
        """Runs one command; `code` is the exit code that it has to have, None for any."""
        # Several runs share the processors of a CI machine: one process that renders is enough for a few rows.
        rest = ("--workers", "1") if command in ("apply", "plan", "destroy", "status", "wait") else ()
        environ = {**os.environ, KEY: SECRET, "NO_COLOR": "1"}
        done = subprocess.run(
            [sys.executable, "-m", "batchctl", command, *arguments, *rest], cwd=self.folder, env=environ,
            capture_output=True, text=True, timeout=120, check=False)
        ran = Ran(done.returncode, done.stdout, done.stderr)
        assert SECRET not in ran.out + ran.err, "G8: the key is shown"
        assert code is None or ran.code == code, f"{command} ended with {ran.code}\n{ran.out}\n{ran.err}"
        return ran

    def apply(self, *arguments: str, code: int | None = DONE) -> Ran:
        """`apply`, to the end unless `arguments` say otherwise."""
        self.write()
        return self.run("apply", "--format", "json", *(arguments or WAITS), code=code)

    def records(self) -> list[dict[str, Any]]:
        """What the sink holds."""
        return [json.loads(line) for line in (self.folder / "out.jsonl").read_text().splitlines()]

    def statuses(self) -> Counter[str]:
        return Counter(record["status"] for record in self.records())

    def known_batches(self) -> set[str]:
        """The batches that the lockfile has."""
        jobs = json.loads(self.lockfile.read_text())["jobs"]
        return {batch["batch_id"] for job in jobs.values() for batch in job["batches"] if batch.get("batch_id")}

    def lose_lockfile(self) -> None:
        self.lockfile.unlink()

    def lose_store(self) -> None:
        shutil.rmtree(self.folder / ".batchctl")
