"""Rows for several endpoints in one batch, through a real server that speaks Groq's dialect."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.shell.conftest import Project, environment

MANIFEST = """\
version: 1
name: speech
provider: {dialect: groq, base_url: "URL", api_key_env: SPEECH_KEY}
model: whisper-large-v3
endpoint: {batch: /v1/audio/transcriptions, row: "/v1/audio/{{ row.task }}"}
inputs: [{path: rows.csv, key: "{{ row.id }}"}]
body: {url: "{{ row.url }}"}
sinks:
  - path: out.jsonl
    fields: {id: "{{ row.id }}", asked: "{{ request.url }}", status: "{{ status }}"}
"""


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    data = tmp_path / "server"
    server = subprocess.Popen(
        [sys.executable, "-m", "batchctl.server", "--data", str(data), "--dialect", "groq"], env=environment({}))
    try:
        for _ in range(200):
            if (data / "server.json").exists():
                break
            time.sleep(0.05)
        found = json.loads((data / "server.json").read_text())
        yield f"http://127.0.0.1:{found['port']}{found['prefix']}"
    finally:
        server.kill()
        server.wait()


def test_rows_for_several_endpoints_share_a_batch_and_are_answered(project: Project, url: str) -> None:
    project.write("job.yaml", MANIFEST.replace("URL", url))
    tasks = ["transcriptions", "translations", "transcriptions"]
    rows = "".join(f"{number},https://e.test/{number}.mp3,{task}\n" for number, task in enumerate(tasks))
    project.write("rows.csv", "id,url,task\n" + rows)
    ended = project.program("apply", "--auto-approve", "--wait", "--poll-interval", "0.1", SPEECH_KEY="any")
    assert ended.code == 0, ended.err
    records = [json.loads(line) for line in (project.folder / "out.jsonl").read_text().splitlines()]
    assert records == [
        {"id": str(number), "asked": f"/v1/audio/{task}", "status": "ok"} for number, task in enumerate(tasks)]
    assert (project.folder / "job.lock.json").read_text().count('"batch_id"') == 1
    assert project.program("plan", "--detailed-exitcode", SPEECH_KEY="any").code == 0
