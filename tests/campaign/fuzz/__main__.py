"""`python -m tests.campaign.fuzz TARGET --seconds N`: fuzzes one target, guided by coverage where atheris is installed
(`pip install atheris`; it has wheels for Linux and Python 3.11 to 3.13), else by chance.

What breaks the target is kept as a file of its corpus, where every run of the campaign tries it again.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import sys
import tempfile
import time
from pathlib import Path

#: A folder of kept inputs for each target. Named here too, as coverage is seen only of what is imported later.
CORPUS = Path(__file__).parents[1] / "corpus"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.campaign.fuzz", description=__doc__)
    parser.add_argument("target", choices=sorted(path.name for path in CORPUS.iterdir()))
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=None, help="of the changes that are made by chance")
    given = parser.parse_args()
    try:
        import atheris
    except ImportError:
        _by_chance(given.target, given.seconds, given.seed)
        return
    with atheris.instrument_imports(include=["batchctl"]):
        from tests.campaign.fuzz.targets import TARGETS
    folder = CORPUS / given.target
    with tempfile.TemporaryDirectory() as grown:
        atheris.Setup([sys.argv[0], f"-max_total_time={given.seconds}", "-rss_limit_mb=2048", "-timeout=20",
                       "-max_len=8192", f"-artifact_prefix={folder}/", *([f"-seed={given.seed}"] if given.seed else []),
                       grown, str(folder)], TARGETS[given.target])
        atheris.Fuzz()


def _by_chance(target: str, seconds: int, seed: int | None) -> None:
    from tests.campaign.fuzz.mutations import mutated
    from tests.campaign.fuzz.targets import TARGETS, corpus

    seed = time.time_ns() if seed is None else seed
    rng, seeds, until, runs = random.Random(seed), corpus(target), time.monotonic() + seconds, 0
    while time.monotonic() < until:
        data = mutated(rng, seeds)
        try:
            TARGETS[target](data)
        except Exception:
            kept: Path = CORPUS / target / f"crash-{hashlib.sha256(data).hexdigest()[:16]}"
            kept.write_bytes(data)
            print(f"{kept} breaks {target}", file=sys.stderr)
            raise
        runs += 1
    print(f"{target}: {runs:,} runs by chance in {seconds} s, seed {seed}: none broke it")


if __name__ == "__main__":
    main()
