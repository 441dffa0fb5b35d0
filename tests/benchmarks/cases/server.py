"""The local server: how many lines it echoes, and whether it keeps an upstream as busy as it may."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks import servers
from tests.benchmarks.benchmark import ROOT, Benchmark, Contender, Place, baseline, batchctl
from tests.benchmarks.manifests import write_manifest

_ECHOED = 50_000
#: An upstream that takes so many seconds, so many lines, and how many of them are in flight: 3.1 s at best.
_TAKES_S, _ASKED, _IN_FLIGHT = 0.05, 2_000, 32


def contenders(place: Place) -> list[Contender]:
    """Beside the upstream: a client that asks it as many requests at once and keeps nothing. Compare wall time."""
    port = servers.free_port()
    upstream = f"http://127.0.0.1:{port}/v1"
    many, few = _requests(place, _ECHOED), _requests(place, _ASKED)
    forwarding = ["--upstream", upstream, "--concurrency", str(_IN_FLIGHT)]

    @contextmanager
    def slow() -> Iterator[None]:
        with servers.running(servers.module("slow_upstream", str(port), str(_TAKES_S)), port):
            yield

    return [
        Contender("client", baseline("ask_all", f"{upstream}/chat/completions", str(_ASKED), str(_IN_FLIGHT)), _ASKED,
                  "lines", is_baseline=True, around=slow),
        Contender("server, upstream", servers.module("served", str(few), *forwarding), _ASKED, "lines", around=slow),
        Contender("server, echo", servers.module("served", str(many)), _ECHOED, "lines"),
    ]


def _requests(place: Place, rows: int) -> Path:
    """A file of requests, as batchctl renders them."""
    path = place.folder / f"requests-{rows}.jsonl"
    if not path.exists():
        folder = place.folder / f"rendering-{rows}"
        folder.mkdir(exist_ok=True)
        manifest = write_manifest(folder / "job.yaml", place.reviews(rows))
        job = json.loads(manifest.read_text(encoding="utf-8"))
        manifest.write_text(json.dumps(job | {"batch": {"max_requests": rows}}), encoding="utf-8")
        subprocess.run(batchctl("render", "-f", str(manifest), "-o", str(folder / "out")), cwd=ROOT, check=True)
        next((folder / "out").rglob("*.jsonl")).rename(path)
        shutil.rmtree(folder)
    return path


BENCHMARK = Benchmark("lines through the local server", contenders, sizes=(_ECHOED,))
