"""`python -m tests.benchmarks`: measures, shows tables as they come, and writes JSON."""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from tests.benchmarks.benchmark import ROOT, Contender, Place, benchmarks
from tests.benchmarks.figures import Result, document, table
from tests.benchmarks.process import Usage, measure

_THOUSANDS = {"k": 1_000, "m": 1_000_000}


def main() -> None:
    """Measures what the command line names."""
    known = benchmarks()
    options = _options(known)
    measured: list[tuple[str, int, Sequence[Result]]] = []
    with ExitStack() as stack:
        shared = options.folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="benchmarks-")))
        for name in options.names or known:
            for rows in known[name].sizes or options.rows:
                folder = shared / f"{name}-{rows}"
                folder.mkdir(parents=True, exist_ok=True)
                contenders = known[name].contenders(Place(rows, folder, shared))
                print(f"\n{name}, {rows:,}: {known[name].about} (load {os.getloadavg()[0]:.1f})", flush=True)
                results = _alternating(contenders, options.runs)
                print(table(results), flush=True)
                measured.append((name, rows, results))
                if options.json:
                    options.json.write_text(json.dumps(document(measured), indent=1) + "\n")


def _alternating(contenders: Sequence[Contender], runs: int) -> list[Result]:
    """Each contender once, then each again, so that what the machine does meanwhile is the same for all."""
    rounds = [[_run(contender) for contender in contenders] for _ in range(runs)]
    return [Result(contender, used) for contender, used in zip(contenders, zip(*rounds, strict=True), strict=True)]


def _run(contender: Contender) -> Usage:
    with contender.around():
        usage, printed = measure(contender.command, cwd=ROOT, env=contender.env, exit_code=contender.exit_code)
        contender.check(printed)
    return usage


def _options(known: Mapping[str, object]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAMES", help=f"what to measure; all of {', '.join(known)}")
    parser.add_argument("--rows", type=_sizes, default=_sizes("10k,100k,1m"), help="sizes, such as 10k,100k,1m")
    parser.add_argument("--runs", type=int, default=3, help="runs of each contender (default: 3)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there, each run included")
    parser.add_argument("--folder", type=Path, metavar="DIR", help="keep inputs and outputs there, and use them again")
    options = parser.parse_args()
    for name in options.names:
        if name not in known:
            parser.error(f'there is no benchmark "{name}"; there is {", ".join(known)}')
    if options.runs < 1:
        parser.error("--runs must be 1 or more")
    if options.folder:
        options.folder = options.folder.absolute()
    return options


def _sizes(text: str) -> tuple[int, ...]:
    """`10k,1m` as numbers."""
    try:
        return tuple(int(size.lower().rstrip("km")) * _THOUSANDS.get(size[-1:].lower(), 1) for size in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f'"{text}" is no list of sizes such as 10k,100k,1m') from None


if __name__ == "__main__":
    main()
