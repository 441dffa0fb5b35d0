"""The local server belongs to the commands that use it: they end it, and start it anew when it is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

from tests.shell.conftest import Project, environment

PATIENCE_S = 60.0


def when(true: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


def test_g6_an_apply_whose_local_server_is_killed_starts_another_and_ends_well(project: Project) -> None:
    project.write("rows.csv", "id,text\na,[[echo:sleep=2]] one\nb,two\nc,three\n")
    port_file = project.folder / ".batchctl" / "server" / "echo" / "server.json"
    lockfile = project.folder / "job.lock.json"
    with subprocess.Popen([sys.executable, "-m", "batchctl", "apply", "--auto-approve"], cwd=project.folder,
                          env=environment({}), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as applying:
        when(lambda: lockfile.exists() and '"batch_id"' in lockfile.read_text())
        os.kill(json.loads(port_file.read_text())["pid"], signal.SIGKILL)
        try:
            _, said = applying.communicate(timeout=PATIENCE_S)
        finally:
            applying.kill()
    assert applying.returncode == 0, said
    records = [json.loads(line) for line in (project.folder / "out" / "labels.jsonl").read_text().splitlines()]
    assert [record["id"] for record in records] == ["a", "b", "c"]
    (batch,) = json.loads(lockfile.read_text())["jobs"]["labels"]["batches"]
    assert batch["ok"] == 3
