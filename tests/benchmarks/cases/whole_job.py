"""A whole job: rows, requests, upload, batches, results, sink; against batchctl's server, which echoes."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from tests.benchmarks import servers
from tests.benchmarks.benchmark import Benchmark, Contender, Place, baseline, batchctl
from tests.benchmarks.manifests import write_manifest


def contenders(place: Place) -> list[Contender]:
    """The server is apart, and is not measured. The best of the peers that render took 20.7 CPU seconds and 898 MiB for
    50,000 rows on the machine where this was first measured."""
    rows, port = place.reviews(place.rows), servers.free_port()
    manifest, out = write_manifest(place.folder / "job.yaml", rows), place.folder / "out"
    job = json.loads(manifest.read_text(encoding="utf-8"))
    manifest.write_text(json.dumps(job | {"provider": servers.provider(port), "sinks": [
        {"path": "out/answers.csv", "fields": {"id": "{{ row.id }}", "label": "{{ text | trim | lower }}"}}]}))
    env = {**os.environ, servers.KEY_ENV: "none"}

    @contextmanager
    def fresh() -> Iterator[None]:
        data = place.folder / "data"
        for folder in (data, out, place.folder / ".batchctl"):
            shutil.rmtree(folder, ignore_errors=True)
        (place.folder / "job.lock.json").unlink(missing_ok=True)
        out.mkdir()
        with servers.running(servers.echo(port, data), port):
            yield

    def all_written(_: bytes) -> None:
        written = (out / "answers.csv").read_bytes().count(b"\n")
        if written < place.rows:
            raise ValueError(f"{written} lines in the sink")

    base = f"http://127.0.0.1:{port}/v1"
    apply = batchctl("apply", "-f", str(manifest), "--auto-approve", "--wait", "--poll-interval", "0.5")
    return [
        Contender("by hand", baseline("whole_job_best", base, str(rows), str(out)), place.rows, is_baseline=True,
                  env=env, around=fresh, check=all_written),
        Contender("apply", apply, place.rows, env=env, around=fresh, check=all_written),
    ]


BENCHMARK = Benchmark("a whole job against an echo", contenders, sizes=(50_000,))
