"""F15: random histories of edits, applies, deaths, lost and restored files, and whatever batches may do."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.campaign.tally import Campaign, Judge
from tests.faultlab.rig import Rig
from tests.faultlab.test_machine import Histories
from tests.faultlab.test_two_clones import Clones

pytestmark = pytest.mark.campaign

_JUDGED = ("G1", "G2", "G3", "G4", "G5", "G6")
_SEEDS = 10


@pytest.mark.parametrize("number", range(_SEEDS))
@pytest.mark.parametrize("machine", [Histories, Clones], ids=["one clone", "two clones"])
def test_g1_to_g6_random_histories_keep_the_promises(
    rig: Rig, campaign: Campaign, machine: type[Histories], number: int,
) -> None:
    examples, steps = (2, 30) if campaign.quick else (100, 80)
    run_state_machine_as_test(seed(number)(counted(machine, campaign, number)), settings=settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, print_blob=True, database=None,
        phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck)))


def counted(machine: type[Histories], campaign: Campaign, number: int) -> type[Histories]:
    """The machine, each of whose histories is a run of the campaign."""

    class Counted(machine):  # type: ignore[misc, valid-type]
        def teardown(self) -> None:
            with campaign.run("F15", f"{machine.__name__}, seed {number}") as run:
                for promise in _JUDGED:
                    run.holds(promise, True, "")
                try:
                    super().teardown()
                except AssertionError as broken:
                    blame(run, str(broken))
                    raise

    return Counted


def blame(run: Judge, text: str) -> None:
    """The machine's assertions begin with the promise."""
    named = re.match(r"G\d+", text)
    run.holds(named[0] if named else "G6", False, text[:400])
