"""From ended batches to sinks: download, verify, and join in arbitrary order with the rows."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks import archive, servers
from tests.benchmarks.benchmark import ROOT, Benchmark, Contender, Place, baseline, batchctl
from tests.benchmarks.manifests import write_manifest

_SINKS: dict[str, dict[str, object]] = {
    "csv": {"path": "answers.csv", "fields": {"id": "{{ row.id }}", "label": "{{ text | trim | lower }}"}},
    "jsonl": {"path": "answers.jsonl"},
}
#: What the lockfile has of a batch that has been made.
_BEGUN = ("shard", "attempt", "requests", "provider", "revision", "model", "input_file_id", "batch_id", "created_at",
          "origin")


def contenders(place: Place) -> list[Contender]:
    """`apply` as it is run again, once the batches that it made have ended. Adopted: the runner's disk was lost
    meanwhile, so that all is rendered first. The baselines: each line parsed and nothing else, and the join that one
    writes by hand (a batch's answers in a dict)."""
    rows, port = place.reviews(place.rows), servers.free_port()
    answers = place.folder / "answers"
    manifests = {form: _manifest(place.folder / form, rows, port, sink) for form, sink in _SINKS.items()}
    if not (answers / "batches.json").exists():
        _answer(manifests["csv"], place.folder, answers)
    results = sorted(map(str, answers.glob("file-*")))
    env = {**os.environ, servers.KEY_ENV: "none"}

    @contextmanager
    def archived(form: str, *, begun: bool) -> Iterator[None]:
        folder = place.folder / form
        with servers.running(servers.module("archive", str(port), str(answers)), port):
            if begun and not (folder / "job.lock.json").exists():
                # The command of `apply`, not measured: what its store remembers is what is gone on with.
                subprocess.run(command(form), env=env, cwd=ROOT, check=True, capture_output=True)
            _forget(folder, begun=begun)
            yield

    def command(form: str) -> list[str]:
        return batchctl("apply", "-f", str(manifests[form]), "--auto-approve")

    def apply(form: str, *, begun: bool = True) -> Contender:
        return Contender(f"apply, {form}" + ("" if begun else ", adopted"), command(form), place.rows, env=env,
                         around=lambda: archived(form, begun=begun))

    return [
        Contender("parse", baseline("parse", *results), place.rows, is_baseline=True),
        *(Contender(f"by hand, {form}", baseline("join_best", form, str(rows), str(place.folder / "out"), *results),
                    place.rows, is_baseline=True) for form in _SINKS),
        *map(apply, _SINKS),
        apply("csv", begun=False),
    ]


def _forget(folder: Path, *, begun: bool) -> None:
    """Takes a finished job back to where its batches were made and nothing was fetched, or nothing is known."""
    lockfile = folder / "job.lock.json"
    for path in (folder / ".batchctl" / "results", *folder.glob("answers.*")):
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    if begun:
        recorded = json.loads(lockfile.read_text())
        for job in recorded["jobs"].values():
            job.pop("sinks", None)
            job["batches"] = [{name: batch[name] for name in _BEGUN if name in batch} for batch in job["batches"]]
        lockfile.write_text(json.dumps(recorded))
    else:
        shutil.rmtree(folder / ".batchctl", ignore_errors=True)
        lockfile.unlink(missing_ok=True)


def _manifest(folder: Path, rows: Path, port: int, sink: dict[str, object]) -> Path:
    folder.mkdir(exist_ok=True)
    path = write_manifest(folder / "job.yaml", rows)
    job = json.loads(path.read_text(encoding="utf-8")) | {"provider": servers.provider(port), "sinks": [sink]}
    path.write_text(json.dumps(job), encoding="utf-8")
    return path


def _answer(manifest: Path, folder: Path, answers: Path) -> None:
    rendered = folder / "rendered"
    rendered.mkdir(exist_ok=True)
    subprocess.run(batchctl("render", "-f", str(manifest), "-o", str(rendered)), cwd=ROOT, check=True)
    archive.answer_all(sorted(rendered.rglob("*.jsonl")), "labelling", answers)
    shutil.rmtree(rendered)


BENCHMARK = Benchmark("fetch all results of ended batches, and join them with their rows", contenders)
