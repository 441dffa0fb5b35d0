"""F1: SIGKILL around every call to the provider: before its bytes leave, when they arrive, when the call was carried
out, and when the answer is out. A real process, real HTTP."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.campaign import judging
from tests.campaign.programs import Ended, Running, Site, Zygote, fresh
from tests.campaign.tally import Campaign
from tests.campaign.wire import Cut, Moment
from tests.campaign.workloads import WORKLOADS, Workload

pytestmark = pytest.mark.campaign


@pytest.mark.parametrize("moment", Moment, ids=lambda moment: moment.name.lower())
@pytest.mark.parametrize("workload", WORKLOADS.values(), ids=list(WORKLOADS))
def test_g1_g2_g3_g4_g6_a_kill_at_any_call_pays_once_and_loses_nothing(
    tmp_path: Path, zygote: Zygote, campaign: Campaign, workload: Workload, moment: Moment,
) -> None:
    with fresh(tmp_path, zygote) as site:
        workload.prepare(site)
        first = len(site.wire.provider.calls)
        for command in workload.commands:
            assert site.run(*command).code == 0
        calls = len(site.wire.provider.calls) - first
    for number in campaign.sample(range(calls), 3):
        with (campaign.run("F1", f"{workload.id}, call {number} {moment}") as run, fresh(tmp_path, zygote) as site):
            workload.prepare(site)
            ended = killed_at(site, workload, number, moment)
            judging.after_fault(run, site, ended)
            judging.converges(run, site, workload.jobs)


@pytest.mark.parametrize("workload", WORKLOADS.values(), ids=list(WORKLOADS))
def test_g1_g2_g3_g4_g6_a_kill_before_any_bytes_leave_pays_once_and_loses_nothing(
    tmp_path: Path, zygote: Zygote, campaign: Campaign, workload: Workload,
) -> None:
    """A call leaves in several pieces, so that this also kills in the middle of uploads."""
    at, missed = 0, False
    while not missed and not (campaign.quick and at > 20):
        with fresh(tmp_path, zygote) as site:
            workload.prepare(site)
            seen = site.screens / "seen"
            sabotage = {"kind": "sends", "folder": str(site.folder), "at": at, "seen": str(seen)}
            for command in workload.commands:
                ended = site.run(*command, sabotage=sabotage)
            missed = not seen.read_text()
            if not missed:
                with campaign.run("F1", f"{workload.id}, before send {at}") as run:
                    judging.after_fault(run, site, ended)
                    judging.converges(run, site, workload.jobs)
        at += 5 if campaign.quick else 1


def killed_at(site: Site, workload: Workload, number: int, moment: Moment) -> Ended:
    """Runs the workload's commands, and kills the one that makes the call `number`."""
    first = len(site.wire.provider.calls)
    running: list[Running] = []

    def script(at: int, method: str, path: str, when: Moment) -> None:
        if at - first >= number and running and (when is moment or at - first > number):
            running[-1].kill()
            raise Cut

    site.wire.script = script
    ended = Ended(0, "", "")
    for command in workload.commands:
        running.append(site.start(*command))
        ended = running[-1].wait()
        if ended.code:
            break
    return ended
