"""The plan of a job that is done: nothing changed, and one row changed; beside the plan of one that is new.

What is planned again was applied for real, by the local server: its answers are in the store, its sink is written.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.benchmark import ROOT, Benchmark, Contender, Place, batchctl
from tests.benchmarks.manifests import write_manifest

#: Bytes in which the last row stands.
_TAIL = 4096


def contenders(place: Place) -> list[Contender]:
    """All of them render with one worker, and write nothing."""
    done = place.folder / "done"
    job, reviews = done / "job.yaml", place.reviews(place.rows)
    if not (done / "answers.csv").exists():
        done.mkdir(exist_ok=True)
        write_manifest(job, reviews, provider="local")
        apply = batchctl("apply", "-f", str(job), "--auto-approve", "--wait")
        subprocess.run(apply, cwd=ROOT, check=True, stdin=subprocess.DEVNULL, capture_output=True)
    changed = write_manifest(done / "changed.yaml", _one_row_changed(reviews, done), provider="local")
    new = write_manifest(place.folder / "new.yaml", reviews, provider="local")

    @contextmanager
    def nothing_is_written() -> Iterator[None]:
        before = _files(done)
        yield
        if _files(done) != before:
            raise AssertionError("plan changed files")

    def plan(manifest: Path) -> list[str]:
        given = ["-f", str(manifest), "--lockfile", str(manifest.with_name("job.lock.json"))]
        return batchctl("plan", *given, "--offline", "--workers", "1", "--format", "json", "--detailed-exitcode")

    return [
        Contender("new", plan(new), place.rows, is_baseline=True, exit_code=2),
        Contender("unchanged", plan(job), place.rows, around=nothing_is_written),
        Contender("one row changed", plan(changed), place.rows, around=nothing_is_written, exit_code=2,
                  check=_asks_one_request),
    ]


def _one_row_changed(reviews: Path, folder: Path) -> Path:
    """The same reviews, but for the title of the last one."""
    path = folder / "changed.csv"
    shutil.copyfile(reviews, path)
    with open(path, "r+b") as file:  # and not all of it in memory, where what is measured would begin with as much
        file.seek(-_TAIL, os.SEEK_END)
        start, last = file.read().rsplit(b"\nr-", 1)
        identity, product, stars, rest = last.split(b",", 3)
        file.seek(-_TAIL, os.SEEK_END)
        file.write(start + b"\nr-" + b",".join((identity, product, stars, b"Changed " + rest)))
    return path


def _asks_one_request(printed: bytes) -> None:
    (job,) = json.loads(printed)["jobs"]
    sent = [action["requests"] for action in job["actions"] if action["kind"] in ("create", "retry")]
    if sent != [1]:
        raise AssertionError(f"one row changed, and these are sent: {sent}")


def _files(folder: Path) -> dict[Path, tuple[int, int]]:
    """Size and time of every file."""
    return {path: (status.st_size, status.st_mtime_ns) for path in folder.rglob("*") if (status := path.stat())}


BENCHMARK = Benchmark("plan a job again that is done, and once more with a changed row", contenders)
