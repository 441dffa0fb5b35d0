"""SQLite's method: the fault happens at the N-th operation, for N = 0, 1, 2, … until the work ends without it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.campaign import judging
from tests.campaign.programs import Ended, Site, Zygote, fresh
from tests.campaign.tally import Campaign, Judge
from tests.campaign.workloads import Workload


@dataclass(frozen=True, slots=True)
class Fault:
    """What the saboteur does; see tests.campaign.saboteur. `name` is read in the report."""

    name: str
    kind: str
    how: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Struck:
    """A project in which the fault has happened at `where`, and how its last command ended."""

    run: Judge
    site: Site
    ended: Ended
    where: str


def sweep(campaign: Campaign, family: str, below: Path, zygote: Zygote, workload: Workload, fault: Fault,
          step: int = 1) -> Iterator[Struck]:
    """One run for each point that the workload comes to, or each `step`-th. The iterator's user judges what must hold
    at once; convergence is judged here, afterwards."""
    at, happened = 0, True
    while happened:
        with _struck(campaign, family, below, zygote, workload, fault, at) as struck:
            happened = struck is not None
            if struck is not None:
                yield struck
                judging.converges(struck.run, struck.site, workload.jobs)
        at += step


@contextmanager
def _struck(campaign: Campaign, family: str, below: Path, zygote: Zygote, workload: Workload, fault: Fault,
            at: int) -> Iterator[Struck | None]:
    """None where the workload has no point `at`."""
    with fresh(below, zygote) as site:
        workload.prepare(site)
        seen = site.screens / "seen"
        sabotage = {"kind": fault.kind, "folder": str(site.folder), "at": at, "seen": str(seen), **fault.how}
        for command in workload.commands:
            ended = site.run(*command, sabotage=sabotage)
            if ended.code:
                break
        points = seen.read_text().splitlines()
        if not points:
            yield None
            return
        with campaign.run(family, f"{workload.id}, {fault.name} {at}: {points[0]}") as run:
            judging.after_fault(run, site, ended)
            yield Struck(run, site, ended, points[0])
