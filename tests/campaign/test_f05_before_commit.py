"""F5: every fault class of HTTP at every call of an apply of three jobs, before the call is carried out: for this call
alone, and for all from then on. In process, over real sockets."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.campaign.http_faults import FAULTS, HttpFault, Trouble
from tests.campaign.places import Places
from tests.campaign.programs import Site
from tests.campaign.tally import Campaign
from tests.campaign.troubles import calls_of, points, troubled
from tests.campaign.twin import kept, twin
from tests.campaign.workloads import ONE, WORKLOADS, Workload

pytestmark = pytest.mark.campaign

W2 = WORKLOADS["W2"]


def _sent_and_forgotten(site: Site) -> None:
    WORKLOADS["W4"].prepare(site)
    site.lockfile.unlink()


LOST = Workload("W4 without its lockfile", ONE, _sent_and_forgotten)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
def test_g1_g4_g6_g8_g10_a_fault_before_any_call_is_carried_out_pays_once_and_loses_nothing(
    tmp_path: Path, campaign: Campaign, elsewhere: Places, fault: HttpFault,
) -> None:
    with twin(tmp_path, elsewhere) as site:
        W2.prepare(site)
        with kept(site) as put_back:
            where = [(at, lasts) for at in points(calls_of(site, W2), fault) for lasts in (False, True)]
            for at, lasts in campaign.sample(where, 4):
                put_back()
                how = "from" if lasts else "at"
                with campaign.run("F5", f"{fault.id} {how} call {at} of W2") as run:
                    troubled(run, site, W2, Trouble(fault, at, lasts))


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
def test_g1_a_fault_at_the_list_never_makes_it_look_empty_when_the_lockfile_is_lost(
    tmp_path: Path, campaign: Campaign, elsewhere: Places, fault: HttpFault,
) -> None:
    """Then nothing but the list knows of what runs."""
    with twin(tmp_path, elsewhere) as site:
        LOST.prepare(site)
        with kept(site) as put_back:
            where = [(at, lasts) for lasts in (False, True) for at in points(calls_of(site, LOST), fault)[:1]]
            for at, lasts in campaign.sample(where, 2):
                put_back()
                how = "from" if lasts else "at"
                with campaign.run("F5", f"{fault.id} {how} call {at}, the lockfile lost") as run:
                    troubled(run, site, LOST, Trouble(fault, at, lasts, lists=True))
