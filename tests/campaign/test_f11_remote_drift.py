"""F11: batches and files that change behind its back: the plan says the right thing, nothing is paid twice, what is
lost is shown as lost, and nothing of others is cancelled."""

from __future__ import annotations

from pathlib import Path

import pytest

from batchctl.decide.plan import Kind
from tests.campaign.drifts import DRIFTS, THEIRS, Drift
from tests.campaign.fetching import accounted, ended
from tests.campaign.tally import Campaign
from tests.faultlab.rig import Rig

pytestmark = pytest.mark.campaign


@pytest.mark.parametrize("drift", DRIFTS, ids=lambda drift: drift.id)
def test_g1_g4_g6_what_changes_behind_its_back_is_seen_and_pays_nothing_twice(
    tmp_path: Path, elsewhere: object, campaign: Campaign, drift: Drift,
) -> None:
    with (ended(tmp_path, 6, failing=drift.failing, finish=drift.stage != "live") as case,
          campaign.run("F11", drift.id) as run):
        rig = case.rig
        if drift.stage == "fetched":
            rig.apply()
        drift.change(case)
        before, theirs = rig.snapshot(), foreign(rig)
        verbs = {action.kind for action in rig.plan().actions} - {Kind.WRITE}
        run.holds("G6", verbs == drift.verbs, f"the plan says {sorted(verbs)}, not {sorted(drift.verbs)}")
        run.holds("G5", rig.snapshot() == before, "plan changed a file")
        rig.apply()
        tally = accounted(run, rig, THEIRS)
        shown = {name: getattr(tally, name) for name in drift.becomes}
        run.holds("G4", shown == drift.becomes, f"{tally}, not {drift.becomes}")
        run.holds("G1", len(rig.provider.batches) == drift.batches, f"there are {list(rig.provider.batches)}")
        run.holds("G1", foreign(rig) == theirs, "a batch of somebody else was touched")
        if drift.becomes.get("lost"):
            run.holds("G4", any("--resend-lost" in note for note in rig.plan().notes), "nobody says that rows are lost")
        if drift.settles:
            rig.finish_all()
            rig.apply()
            run.holds("G6", not rig.plan().changes, f"still to do: {rig.plan().actions}")
            accounted(run, rig)


def foreign(rig: Rig) -> list[str]:
    return [batch.status for batch in rig.provider.batches.values() if batch.id == THEIRS]
