"""Runs as figures: medians, rates and ratios, as a table for people and as JSON for machines."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from tests.benchmarks.benchmark import Contender
from tests.benchmarks.process import Usage

_MIB = 2**20


@dataclass(frozen=True, slots=True)
class Result:
    """One contender of one size, with its runs: `runs[i]` stands beside the `runs[i]` of the others."""

    contender: Contender
    runs: tuple[Usage, ...]

    @property
    def cpu_s(self) -> float:
        return median(run.cpu_s for run in self.runs)

    @property
    def wall_s(self) -> float:
        return median(run.wall_s for run in self.runs)

    @property
    def rss(self) -> float:
        return median(run.rss for run in self.runs)

    @property
    def sum_rss(self) -> float | None:
        seen = [run.sum_rss for run in self.runs if run.sum_rss is not None]
        return median(seen) if seen else None

    def times(self, other: Result) -> tuple[float, float]:
        """How many times the rate of another this is, by CPU and by wall time."""
        share = self.contender.amount / other.contender.amount
        pairs = list(zip(self.runs, other.runs, strict=True))
        return (share * median(theirs.cpu_s / ours.cpu_s for ours, theirs in pairs),
                share * median(theirs.wall_s / ours.wall_s for ours, theirs in pairs))


def table(results: Sequence[Result]) -> str:
    """Lines of aligned columns, one contender each."""
    baselines = [result for result in results if result.contender.is_baseline]
    heads = ["", "done", "CPU s", "wall s", "per CPU s", "per s", "rss MiB", "sum rss"]
    heads += [f"x {other.contender.name}" for other in baselines]
    lines = [heads, *([*_measured(result), *(_ratio(result, other) for other in baselines)] for result in results)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    return "\n".join(
        "  ".join(cell.ljust(width) if column == 0 else cell.rjust(width)
                  for column, (cell, width) in enumerate(zip(line, widths, strict=True))).rstrip()
        for line in lines)


def document(measured: Iterable[tuple[str, int, Sequence[Result]]]) -> dict[str, Any]:
    """All that was measured, with each run: name of the benchmark, its size, its results."""
    return {
        "version": 1,
        "machine": {"python": platform.python_version(), "system": platform.system(), "machine": platform.machine(),
                    "cpus": os.cpu_count()},
        "measured": [{"benchmark": name, "rows": rows, "contenders": [_json(result, results) for result in results]}
                     for name, rows, results in measured],
    }


def _measured(result: Result) -> list[str]:
    amount = result.contender.amount
    return [result.contender.name, f"{amount:,} {result.contender.unit}", f"{result.cpu_s:.2f}",
            f"{result.wall_s:.2f}", f"{amount / result.cpu_s:,.0f}", f"{amount / result.wall_s:,.0f}",
            f"{result.rss / _MIB:.0f}", "" if result.sum_rss is None else f"{result.sum_rss / _MIB:.0f}"]


def _ratio(result: Result, other: Result) -> str:
    by_cpu, by_wall = result.times(other)
    return f"{by_cpu:.2f} ({by_wall:.2f} wall)"


def _json(result: Result, results: Sequence[Result]) -> dict[str, Any]:
    amount = result.contender.amount
    ratios = {other.contender.name: dict(zip(("cpu", "wall"), result.times(other), strict=True))
              for other in results if other.contender.is_baseline}
    return {
        "name": result.contender.name, "amount": amount, "unit": result.contender.unit,
        "cpu_s": result.cpu_s, "wall_s": result.wall_s, "per_cpu_s": amount / result.cpu_s,
        "per_s": amount / result.wall_s, "rss_bytes": result.rss, "sum_rss_bytes": result.sum_rss, "times": ratios,
        "runs": [{"cpu_s": run.cpu_s, "wall_s": run.wall_s, "rss_bytes": run.rss, "sum_rss_bytes": run.sum_rss}
                 for run in result.runs],
    }
