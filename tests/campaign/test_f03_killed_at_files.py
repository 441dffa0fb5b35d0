"""F3: SIGKILL at every operation that changes a file of the project; a real process."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.campaign.programs import Zygote
from tests.campaign.sweeping import Fault, sweep
from tests.campaign.tally import Campaign
from tests.campaign.workloads import WORKLOADS

pytestmark = pytest.mark.campaign

_QUICK_STEP = 6
_KILLED = Fault("killed at", "files", {})


@pytest.mark.parametrize("workload", ["W1", "W2", "W3"])
def test_g3_a_kill_at_any_file_operation_leaves_the_old_file_or_the_new_one(
    tmp_path: Path, zygote: Zygote, campaign: Campaign, workload: str,
) -> None:
    step = _QUICK_STEP if campaign.quick else 1
    for struck in sweep(campaign, "F3", tmp_path, zygote, WORKLOADS[workload], _KILLED, step):
        struck.run.holds("G3", struck.ended.code == -9, f"it lived on, and ended with {struck.ended.code}")
