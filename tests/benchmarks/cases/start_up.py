"""How long a command takes that has next to nothing to do."""

from __future__ import annotations

import os
import sys

from tests.benchmarks.benchmark import Benchmark, Contender, Place, batchctl
from tests.benchmarks.manifests import write_manifest

_TIMES = 10


def contenders(place: Place) -> list[Contender]:
    """Each of them several times over, as once is too short to measure."""
    manifest = str(write_manifest(place.folder / "job.yaml", place.reviews(10)))
    completing = {**os.environ, "_BATCHCTL_COMPLETE": "bash_complete", "COMP_WORDS": "batchctl pl", "COMP_CWORD": "1"}
    python = [sys.executable, "-c"]
    return [
        _often("import click", [*python, "import click"], is_baseline=True),
        _often("--help", batchctl("--help")),
        _often("completion", [*python, "from batchctl.shell.cli import main; main()"], completing),
        _often("plan, 10 rows", batchctl("plan", "-f", manifest, "--offline")),
    ]


def _often(name: str, command: list[str], env: dict[str, str] | None = None, *, is_baseline: bool = False) -> Contender:
    script = "import subprocess, sys\nfor _ in range(int(sys.argv[1])): subprocess.run(sys.argv[2:], check=True)"
    return Contender(name, [sys.executable, "-S", "-c", script, str(_TIMES), *command], _TIMES, "runs", env=env,
                     is_baseline=is_baseline)


BENCHMARK = Benchmark("start-up", contenders, sizes=(1,))
