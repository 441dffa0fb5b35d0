"""Puts the figures of a campaign into the README's table of promises: `python -m tests.campaign.readme FIGURES…`, where
each of FIGURES is what `pytest -m campaign --campaign-json=FIGURES` wrote of the campaign, or of a part of it."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from tests.campaign.families import PROMISES
from tests.campaign.tally import BUG, Tally

README = Path(__file__).parents[2] / "README.md"

#: A row of the table: the id, the promise, the runs that were judged by it, and how many of them broke it.
ROW = re.compile(r"^\| (?P<id>G\d+) \| (?P<text>[^|]+) \| (?P<runs>[\d,]+|-) \| (?P<broken>[\d,]+|-) \|$", re.MULTILINE)


def with_figures(text: str, tally: Tally) -> str:
    """The README with new figures. Raises ValueError where it has no row for a promise."""
    if missing := set(PROMISES) - {row["id"] for row in ROW.finditer(text)}:
        raise ValueError(f"the table of promises has no row for {sorted(missing)}")

    def row(found: re.Match[str]) -> str:
        # Mutants are no runs of the product.
        runs, broken = (sum(count for (family, promise), count in counts.items()
                            if promise == found["id"] and family != "M")
                        for counts in (tally.judged, tally.violations))
        return f"| {found['id']} | {found['text']} | {runs:,} | {broken:,} |"

    return ROW.sub(row, text)


def main() -> None:
    tally = Tally()
    for figures in sys.argv[1:]:
        tally.merge(json.loads(Path(figures).read_text("utf-8")))
    if lacking := tally.too_few(quick=False):
        raise SystemExit("this is no whole campaign:\n" + "\n".join(lacking))
    if missed := tally.violations["M", BUG] + sum(tally.violations["M", promise] for promise in PROMISES):
        raise SystemExit(f"{missed} mutants were not caught: the figures would prove nothing")
    README.write_text(with_figures(README.read_text("utf-8"), tally), "utf-8")


if __name__ == "__main__":
    main()
