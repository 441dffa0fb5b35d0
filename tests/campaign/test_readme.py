"""The README's figures: from a whole campaign, and without violations."""

from __future__ import annotations

from tests.campaign.readme import README, with_figures
from tests.campaign.tally import Judge, Tally


def test_figures_are_put_into_the_table_and_nowhere_else() -> None:
    tally = Tally()
    for _ in range(1_234):
        tally.add(Judge("F1", "", judged={"G1"}))
    text = README.read_text("utf-8")
    changed = with_figures(text, tally)
    assert "| 1,234 | 0 |" in changed
    assert [line for line in changed.splitlines() if not line.startswith("| G")] == [
        line for line in text.splitlines() if not line.startswith("| G")]
