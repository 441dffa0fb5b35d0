"""A lockfile of many batches: read, and rewritten for each step of each batch."""

from __future__ import annotations

from tests.benchmarks import servers
from tests.benchmarks.benchmark import Benchmark, Contender, Place, baseline

_STEPS = 100


def contenders(place: Place) -> list[Contender]:
    """A step is one durable change of one batch; the baseline loads, dumps and replaces the same JSON."""
    path, count = str(place.folder / "job.lock.json"), str(place.rows)
    return [
        Contender("json", baseline("lockfile_json", path, str(_STEPS)), _STEPS, "steps", is_baseline=True),
        Contender("batchctl", servers.module("lockfile_steps", path, count, str(_STEPS)), _STEPS, "steps"),
    ][::-1]


BENCHMARK = Benchmark("so many batches in a lockfile, changed step by step", contenders, sizes=(200, 2_000))
