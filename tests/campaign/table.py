"""The campaign's figures as a table: family, runs, violations of each promise."""

from __future__ import annotations

from tests.campaign.families import FAMILIES, PROMISES
from tests.campaign.tally import BUG, Tally

_WIDTH = 62


def lines(tally: Tally) -> list[str]:
    """A promise that a family is not judged by shows as a dot."""
    columns = (*PROMISES, BUG)
    head = f"{'family':<7}{'faults':<{_WIDTH}}{'runs':>8}" + "".join(f"{name:>5}" for name in columns)
    rows = [head, "-" * len(head)]
    for family in FAMILIES.values():
        if not tally.runs[family.id]:
            continue
        cells = "".join(_cell(tally, family.id, name) for name in columns)
        rows.append(f"{family.id:<7}{family.fault:<{_WIDTH}}{tally.runs[family.id]:>8,}{cells}")
    judged = {name: sum(count for (_, promise), count in tally.judged.items() if promise == name) for name in PROMISES}
    rows.append("-" * len(head))
    rows.append(f"{'':<7}{'violations':<{_WIDTH}}{sum(tally.runs.values()):>8,}" + "".join(
        f"{sum(count for (_, promise), count in tally.violations.items() if promise == name):>5}" for name in columns))
    rows.append("judged by: " + ", ".join(f"{name} in {count:,} runs" for name, count in judged.items() if count))
    rows += [f"{family.id} is without {family.without}" for family in FAMILIES.values()
             if family.without and tally.runs[family.id]]
    return rows


def _cell(tally: Tally, family: str, promise: str) -> str:
    if promise != BUG and not tally.judged[family, promise]:
        return f"{'·':>5}"
    return f"{tally.violations[family, promise]:>5}"
