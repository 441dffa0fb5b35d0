"""F2: a second death while recovering from the first: all pairs of points of W1, calls and file operations alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.campaign import rigs
from tests.campaign.tally import Campaign
from tests.faultlab.kill import Death
from tests.faultlab.rig import Rig

pytestmark = pytest.mark.campaign

#: What is counted on the way to a death, and whether a call is carried out first.
KINDS = {"before_call": (True, False), "after_call": (True, True), "at_file": (False, False)}
_QUICK_STEP = 6


@pytest.mark.parametrize("second", KINDS)
@pytest.mark.parametrize("first", KINDS)
def test_g1_g2_g3_g4_g6_two_deaths_in_a_row_pay_once_and_lose_nothing(
    rig: Rig, tmp_path: Path, campaign: Campaign, first: str, second: str,
) -> None:
    step = _QUICK_STEP if campaign.quick else 1
    at, reached = 0, True
    while reached:
        then, both = 0, True
        while both:
            with rigs.fresh(tmp_path) as project:
                reached = dies(project, first, at)
                both = reached and dies(project, second, then)
                if both:
                    with campaign.run("F2", f"{first} {at}, then {second} {then}") as run:
                        rigs.after_fault(run, project)
                        rigs.converges(run, project)
            then += step
        at += step


def dies(rig: Rig, kind: str, at: int) -> bool:
    """Whether W1 had so many points that it died there."""
    calls, after = KINDS[kind]
    death = Death(rig.provider, rig.folder, at, calls, after)
    with death:
        rigs.work(rig)
    return death.happened
