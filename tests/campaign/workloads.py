"""The work that faults happen to: one job, three jobs, several shards, resume and fetch, a saved plan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.campaign.programs import Site

#: The rows of each job, a text by key, as the manifest asks for them in the end.
Jobs = dict[str, dict[str, str]]

ONE: Jobs = {"labels": {"a": "one", "b": "two", "c": "three"}}
THREE: Jobs = {"fresh": {"a": "one", "b": "two"}, "same": {"a": "three"}, "edited": {"a": "four", "b": "five"}}
FOUR_ROWS: Jobs = {"labels": {"a": "one", "b": "two", "c": "three", "d": "four"}}

APPLY = ("apply", "--auto-approve", "--wait")


@dataclass(frozen=True, slots=True)
class Workload:
    """`prepare` makes a project where `commands`, run one after the other, come to the end of `jobs`."""

    id: str
    jobs: Jobs
    prepare: Callable[[Site], None]
    commands: tuple[tuple[str, ...], ...] = (APPLY,)


def _three(site: Site) -> None:
    site.write(same=THREE["same"], edited={"a": "four", "b": "before"})
    assert site.apply().code == 0
    site.write(**THREE)


def _sent(site: Site) -> None:
    site.write(**ONE)
    ends_after, site.wire.ends_after = site.wire.ends_after, 0
    assert site.run("apply", "--auto-approve").code == 0
    site.wire.ends_after = ends_after
    site.wire.provider.finish(*site.wire.provider.live())


WORKLOADS = {one.id: one for one in (
    Workload("W1", ONE, lambda site: site.write(**ONE)),
    Workload("W2", THREE, _three),
    Workload("W3", FOUR_ROWS, lambda site: site.write(max_requests=2, **FOUR_ROWS)),
    Workload("W4", ONE, _sent),
    Workload("W5", ONE, lambda site: site.write(**ONE),
             (("plan", "--out", "saved.plan"), ("apply", "saved.plan", "--wait"))),
)}
