"""Where each of some thousands of batches stands: one look at a provider that shows them a page at a time."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from tests.benchmarks import archive, servers
from tests.benchmarks.benchmark import ROOT, Benchmark, Contender, Place, baseline, batchctl
from tests.benchmarks.manifests import write_manifest


def contenders(place: Place) -> list[Contender]:
    """All are live, and recorded in the lockfile. The baseline reads the pages of the list, and nothing else."""
    port, answers = servers.free_port(), place.folder / "answers"
    manifest = write_manifest(place.folder / "job.yaml", place.reviews(place.rows))
    job = json.loads(manifest.read_text(encoding="utf-8"))
    manifest.write_text(json.dumps(job | {"provider": servers.provider(port), "batch": {"max_requests": 1}}))
    env = {**os.environ, servers.KEY_ENV: "none"}
    if not answers.exists():
        rendered = place.folder / "rendered"
        rendered.mkdir()
        subprocess.run(batchctl("render", "-f", str(manifest), "-o", str(rendered)), cwd=ROOT, check=True,
                       capture_output=True)
        # Names end with the number of the shard.
        shards = sorted(rendered.rglob("*.jsonl"), key=lambda path: int(path.stem.rpartition("-")[2]))
        archive.answer_all(shards, "labelling", answers, live=True)
        shutil.rmtree(rendered)

    @contextmanager
    def listed() -> Iterator[None]:
        with servers.running(servers.module("archive", str(port), str(answers)), port):
            if not (place.folder / "job.lock.json").exists():
                # Adopts them all, which is not measured.
                subprocess.run(batchctl("apply", "-f", str(manifest), "--auto-approve"), env=env, cwd=ROOT, check=True,
                               capture_output=True)
            yield

    def all_are_shown(printed: bytes) -> None:
        shown = printed.count(b'"in_progress"')
        if shown < place.rows:
            raise ValueError(f"{shown} batches of {place.rows} are shown")

    return [
        Contender("list", baseline("list_pages", f"http://127.0.0.1:{port}/v1/batches"), place.rows, "batches",
                  is_baseline=True, around=listed),
        Contender("status", batchctl("status", "-f", str(manifest), "--format", "json"), place.rows, "batches", env=env,
                  around=listed, check=all_are_shown),
    ]


BENCHMARK = Benchmark("where each of so many live batches stands", contenders, sizes=(500, 2_000, 5_000))
