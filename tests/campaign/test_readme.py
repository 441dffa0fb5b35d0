"""The README's figures: from a whole campaign, and without violations."""

from __future__ import annotations

from tests.campaign.families import PROMISES
from tests.campaign.readme import README, ROW, with_figures
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


def test_mutants_do_not_count_as_runs_of_the_product() -> None:
    tally = Tally()
    tally.add(Judge("M", "", judged={"G1"}, broken=[("G1", "not caught")]))
    changed = with_figures(README.read_text("utf-8"), tally)
    assert [line[-9:] for line in changed.splitlines() if line.startswith("| G1 ")] == ["| 0 | 0 |"]


def test_the_readme_has_figures_for_every_promise_and_no_violation() -> None:
    rows = {row["id"]: row for row in ROW.finditer(README.read_text("utf-8"))}
    assert list(rows) == list(PROMISES)
    assert all(int(row["runs"].replace(",", "")) > 0 for row in rows.values())
    assert {row["broken"] for row in rows.values()} == {"0"}
