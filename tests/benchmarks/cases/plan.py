"""From rows to a plan: read, render, validate, digest, cut into shards."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from tests.benchmarks.benchmark import Benchmark, Contender, Place, baseline, batchctl
from tests.benchmarks.manifests import write_manifest

#: The naive pipeline is slow, and no slower for being measured on no more rows than this.
_NAIVE_ROWS = 100_000


def contenders(place: Place) -> list[Contender]:
    """Both pipelines write shards, batchctl does with `render -o` (which renders twice: to check all before anything
    is written, and to write)."""
    rows, out = str(place.reviews(place.rows)), place.folder / "out"
    few = min(place.rows, _NAIVE_ROWS)
    manifest = str(write_manifest(place.folder / "job.yaml", place.reviews(place.rows)))
    cpus = str(os.cpu_count() or 1)
    plan = ["plan", "-f", manifest, "--offline", "--workers"]

    @contextmanager
    def emptied() -> Iterator[None]:
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        yield
        shutil.rmtree(out)

    return [
        Contender("naive", baseline("plan_naive", str(place.reviews(few)), str(out)), few, is_baseline=True,
                  around=emptied),
        Contender("hand-written", baseline("plan_best", rows, str(out)), place.rows, is_baseline=True, around=emptied),
        Contender("plan, 1 worker", batchctl(*plan, "1"), place.rows),
        Contender(f"plan, {cpus} workers", batchctl(*plan, cpus), place.rows),
        Contender("render, 1 worker", batchctl("render", "-f", manifest, "-o", str(out), "--workers", "1"), place.rows,
                  around=emptied),
    ]


BENCHMARK = Benchmark("read, render, validate, digest and shard a CSV", contenders)
