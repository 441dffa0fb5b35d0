"""What a benchmark is: contenders that do the same work, and the place where they find it."""

from __future__ import annotations

import pkgutil
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from tests.benchmarks import cases
from tests.benchmarks.reviews import write_reviews

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Place:
    """One size of one benchmark: `rows` to work on, and a folder of its own. `shared` is that of all benchmarks."""

    rows: int
    folder: Path
    shared: Path

    def reviews(self, rows: int) -> Path:
        """A CSV file of so many product reviews; made once."""
        path = self.shared / f"reviews-{rows}.csv"
        if not path.exists():
            write_reviews(path, rows)
        return path


def _nothing(_: bytes) -> None:
    """Finds nothing wrong."""


@dataclass(frozen=True, slots=True)
class Contender:
    """A command that does `amount` of work (rows, unless `unit` says otherwise). See the package's docstring."""

    name: str
    command: Sequence[str]
    amount: int
    unit: str = "rows"
    is_baseline: bool = False
    exit_code: int = 0
    env: Mapping[str, str] | None = None
    around: Callable[[], AbstractContextManager[object]] = nullcontext
    check: Callable[[bytes], None] = _nothing


@dataclass(frozen=True, slots=True)
class Benchmark:
    """`sizes` replaces the rows of the command line, for what has a size of its own, or none."""

    about: str
    contenders: Callable[[Place], Sequence[Contender]]
    sizes: tuple[int, ...] = ()


def benchmarks() -> dict[str, Benchmark]:
    """All there are, by name."""
    return {
        module.name.replace("_", "-"): import_module(f"{cases.__name__}.{module.name}").BENCHMARK
        for module in pkgutil.iter_modules(cases.__path__)
    }


def batchctl(*arguments: str) -> list[str]:
    """The command that runs the batchctl of this checkout."""
    return [sys.executable, "-m", "batchctl", *arguments]


def baseline(name: str, *arguments: str) -> list[str]:
    """The command that runs a module below `baselines/`."""
    return [sys.executable, "-m", f"tests.benchmarks.baselines.{name}", *arguments]
