"""F6: every fault class of HTTP at each call that changes something, after the call was carried out: the upload, the
create and the cancel were made, and nobody is told. In process, over real sockets."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.campaign.http_faults import FAULTS, HttpFault, Trouble
from tests.campaign.places import Places
from tests.campaign.programs import Site
from tests.campaign.tally import Campaign
from tests.campaign.troubles import calls_of, points, troubled
from tests.campaign.twin import kept, twin
from tests.campaign.workloads import APPLY, WORKLOADS, Jobs, Workload

pytestmark = pytest.mark.campaign

OTHER: Jobs = {"labels": {"a": "one", "d": "four"}}


def _live_and_edited(site: Site) -> None:
    site.write(max_requests=1, labels={"a": "one", "b": "two"})
    ends_after, site.wire.ends_after = site.wire.ends_after, 0
    assert site.run(*APPLY[:2]).code == 0
    site.wire.ends_after = ends_after
    site.write(max_requests=1, **OTHER)


#: A batch that nobody wants any more is cancelled, and another one made.
CANCEL = Workload("a cancel", OTHER, _live_and_edited)


@pytest.mark.parametrize("workload", [WORKLOADS["W2"], CANCEL], ids=lambda workload: workload.id)
@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault.route is None], ids=lambda fault: fault.id)
def test_g1_g2_g6_a_fault_after_a_call_was_carried_out_pays_once_and_loses_nothing(
    tmp_path: Path, campaign: Campaign, elsewhere: Places, fault: HttpFault, workload: Workload,
) -> None:
    with twin(tmp_path, elsewhere) as site:
        workload.prepare(site)
        with kept(site) as put_back:
            where = points(calls_of(site, workload), fault, after=True, changes=True)
            made = len(site.wire.provider.batches)
            for at in campaign.sample(where[::-1], 1):  # the last one is a create
                put_back()
                with campaign.run("F6", f"{fault.id} after call {at} of {workload.id}") as run:
                    troubled(run, site, workload, Trouble(fault, at, after=True, changes=True))
                    # Who answers 429 has turned the create away: it is sent again, and a twin is cancelled.
                    run.holds("G1", fault.id.startswith("429") or len(site.wire.provider.batches) == made,
                              f"{list(site.wire.provider.batches)} were made, of {made} that were wanted")
