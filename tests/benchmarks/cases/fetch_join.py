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

_SINKS = {
    "csv": {"path": "answers.csv", "fields": {"id": "{{ row.id }}", "label": "{{ text | trim | lower }}"}},
    "jsonl": {"path": "answers.jsonl"},
}


def contenders(place: Place) -> list[Contender]:
    """`apply` renders before it fetches, so `plan` stands beside it: what it takes more is fetching and joining. The
    baselines: each line parsed and nothing else, and the join that one writes by hand (a batch's answers in a dict)."""
    rows, port = place.reviews(place.rows), servers.free_port()
    answers = place.folder / "answers"
    manifests = {form: _manifest(place.folder / form, rows, port, sink) for form, sink in _SINKS.items()}
    if not (answers / "batches.json").exists():
        _answer(manifests["csv"], place.folder, answers)
    results = sorted(map(str, answers.glob("file-*")))
    env = {**os.environ, servers.KEY_ENV: "none"}

    @contextmanager
    def fresh() -> Iterator[None]:
        for form in _SINKS:
            shutil.rmtree(place.folder / form / ".batchctl", ignore_errors=True)
            (place.folder / form / "job.lock.json").unlink(missing_ok=True)
            (place.folder / form / f"answers.{form}").unlink(missing_ok=True)
        with servers.running(servers.module("archive", str(port), str(answers)), port):
            yield

    def apply(form: str) -> Contender:
        return Contender(f"apply, {form}", batchctl("apply", "-f", str(manifests[form]), "--auto-approve"), place.rows,
                         env=env, around=fresh)

    return [
        Contender("parse", baseline("parse", *results), place.rows, is_baseline=True),
        *(Contender(f"by hand, {form}", baseline("join_best", form, str(rows), str(place.folder / "out"), *results),
                    place.rows, is_baseline=True) for form in _SINKS),
        Contender("plan", batchctl("plan", "-f", str(manifests["csv"]), "--offline"), place.rows),
        *map(apply, _SINKS),
    ]


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
