"""One run of a workload into trouble with HTTP, and the judgement of how it ended and how it goes on."""

from __future__ import annotations

from tests.campaign import judging
from tests.campaign.http_faults import HttpFault, Trouble
from tests.campaign.tally import Judge
from tests.campaign.twin import Twin
from tests.campaign.workloads import Workload


def calls_of(site: Twin, workload: Workload) -> list[tuple[str, str]]:
    """The method and path of each call of the workload where nothing goes wrong."""
    first = site.calls()
    for command in workload.commands:
        assert site.run(*command).code == 0
    return site.wire.provider.calls[first:]


def points(calls: list[tuple[str, str]], fault: HttpFault, *, after: bool = False, changes: bool = False) -> list[int]:
    """The calls that can meet the fault, counted from 0."""
    return [at for at, (method, _) in enumerate(calls)
            if fault.meets(method, after) and not (changes and method == "GET")]


def troubled(run: Judge, site: Twin, workload: Workload, trouble: Trouble) -> None:
    """`trouble.at` counts from the workload's first call."""
    trouble.at += site.calls()
    site.trouble, site.wire.script = trouble, trouble.script
    for command in workload.commands:
        ended = site.run(*command)
        if ended.code:
            break
    assert trouble.happened, "the call was never made"
    judging.after_fault(run, site, ended)
    if ended.code == 0:
        judging.done(run, site, workload.jobs)
        judging.every_row(run, site, workload.jobs)
    run.holds("G8", not site.places.heard, f"another host was told {site.places.heard[:1]}")
    site.trouble = None
    judging.converges(run, site, workload.jobs)
