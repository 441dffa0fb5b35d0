"""F12: result files that are cut, lack answers, answer others, or are something else: nothing of them is taken, no
row is lost or paid again, and the download is made anew. What is odd but whole is taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.campaign.damages import EVERY, Damage
from tests.campaign.fetching import Ended, accounted, ended, failures
from tests.campaign.tally import Campaign, Judge

pytestmark = pytest.mark.campaign

ROWS = 6


def damages(content: bytes) -> list[Damage]:
    lines = content.splitlines(keepends=True)
    return [damage for some in EVERY for damage in some(lines)]


@pytest.mark.parametrize("store", ["kept", "lost"])
def test_g1_g4_a_damaged_output_file_is_never_taken_and_asked_for_again(
    tmp_path: Path, elsewhere: object, campaign: Campaign, store: str,
) -> None:
    with ended(tmp_path, ROWS) as case:
        whole = case.content(case.batch.output)
        for damage in campaign.sample(damages(whole), 30):
            case.again()
            if store == "lost":
                case.rig.lose_store()
            with campaign.run("F12", f"output: {damage.id}, store {store}") as run:
                case.put(case.batch.output, damage.content)
                (taken if damage.whole else refused)(run, case)
                settles(run, case, whole)


def test_g1_g4_a_damaged_error_file_loses_no_row_and_pays_nothing_again(
    tmp_path: Path, elsewhere: object, campaign: Campaign,
) -> None:
    with ended(tmp_path, ROWS, failing=3) as case:
        whole = case.content(case.batch.errors_file)
        for damage in campaign.sample(damages(whole), 10):
            case.again()
            with campaign.run("F12", f"errors: {damage.id}") as run:
                case.put(case.batch.errors_file, damage.content)
                case.rig.apply()
                run.holds("G10", case.rig.plan().tally.ok in (0, 3), "an answer was made of a failure")
                settles(run, case, whole, case.batch.errors_file, ok=3)


def refused(run: Judge, case: Ended) -> None:
    """Nothing of the file was taken, twice; the second run asked for it anew."""
    for _ in range(2):
        before, writes = case.downloads(), case.rig.provider.writes()
        report = case.rig.apply()
        run.holds("G10", report.jobs[0].exit_code == 1, f"exit {report.jobs[0].exit_code}: {failures(report)}")
        run.holds("G4", not any(one.is_settled for one in records(case)), "the batch counts as fetched")
        run.holds("G4", not case.rig.sink.exists(), "a sink was written")
        run.holds("G4", case.downloads() > before, "it was not downloaded again")
        run.holds("G1", case.rig.provider.writes() == writes, "something was sent")
        tally = accounted(run, case.rig)
        run.holds("G4", tally.waiting == ROWS, f"{tally}")


def taken(run: Judge, case: Ended) -> None:
    report = case.rig.apply()
    run.holds("G4", not failures(report), failures(report))
    run.holds("G4", accounted(run, case.rig).ok == ROWS, f"{case.rig.plan().tally}")


def settles(run: Judge, case: Ended, whole: bytes, file: str | None = None, ok: int = ROWS) -> None:
    """With the true file back, all is there after two runs, and nothing is left to do."""
    case.put(file or case.batch.output, whole)
    for _ in range(2):
        case.rig.apply()
        case.rig.finish_all()
    case.rig.apply()
    run.holds("G6", not case.rig.plan().changes, f"{case.rig.plan().actions}")
    tally = accounted(run, case.rig)
    run.holds("G4", tally.ok >= ok and tally.ok + tally.failed == ROWS, f"{tally}")
    run.holds("G1", ok < ROWS or len(case.rig.provider.batches) == 1, "something was sent again")


def records(case: Ended) -> tuple:
    return case.rig.project().recorded().job("labels").batches
