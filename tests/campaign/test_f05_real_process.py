"""F5 again, a sample: the real program as a process, at the wire, where a fault meets one call before it is carried
out."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.campaign import judging
from tests.campaign.http_faults import FAULTS, HttpFault, Trouble
from tests.campaign.programs import Zygote, fresh
from tests.campaign.tally import Campaign
from tests.campaign.workloads import WORKLOADS

pytestmark = pytest.mark.campaign

W1 = WORKLOADS["W1"]
#: Those that a process meets without waiting for a timeout.
SAMPLE = {"reset before headers", "reset mid-body", "Content-Length longer than body", "chunked without terminator",
          "429 seconds", "500", "200 HTML (captive portal)", "200 truncated JSON", "200 with the ids left out",
          "cross-host 307", "zstd bomb"}
#: The list, the upload, the create, and what follows.
CALLS = range(4)


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault.id in SAMPLE], ids=lambda fault: fault.id)
def test_g1_g4_g6_g10_a_process_that_meets_a_fault_of_http_pays_once_and_loses_nothing(
    tmp_path: Path, zygote: Zygote, campaign: Campaign, fault: HttpFault,
) -> None:
    points = [at for at in CALLS if fault.meets("POST" if at in (1, 2) else "GET", False)]
    for at in points[:1] if campaign.quick else points:
        with campaign.run("F5", f"{fault.id} at call {at} of W1, a process") as run, fresh(tmp_path, zygote) as site:
            W1.prepare(site)
            site.wire.elsewhere = "http://127.0.0.1:9"
            trouble = Trouble(fault, at)
            site.wire.script = trouble.script
            ended = site.run(*W1.commands[0])
            assert trouble.happened
            judging.after_fault(run, site, ended)
            if ended.code == 0:
                judging.done(run, site, W1.jobs)
            judging.converges(run, site, W1.jobs)
