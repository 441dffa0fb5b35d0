"""The work that faults happen to: one job, three jobs, several shards, resume and fetch, a saved plan, failures that
are tried again, a batch that is not wanted any more, and one that the lockfile has lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.campaign.programs import Site
from tests.faultlab.provider import Batch

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


def _live(site: Site, **jobs: dict[str, str]) -> Batch:
    """Leaves the jobs with one batch that is under way."""
    site.write(**jobs)
    ends_after, site.wire.ends_after = site.wire.ends_after, 0
    assert site.run("apply", "--auto-approve").code == 0
    site.wire.ends_after = ends_after
    (batch,) = site.wire.provider.live()
    return batch


def _sent(site: Site) -> None:
    site.wire.provider.finish(_live(site, **ONE))


def _failed(site: Site) -> None:
    site.wire.provider.finish(_live(site, **ONE), fail=lambda at: 429 if at else None)


def _unwanted(site: Site) -> None:
    _live(site, labels={"a": "before", "b": "before"})
    site.write(**ONE)


def _forgotten(site: Site) -> None:
    _live(site, **ONE)
    site.lockfile.unlink()


WORKLOADS = {one.id: one for one in (
    Workload("W1", ONE, lambda site: site.write(**ONE)),
    Workload("W2", THREE, _three),
    Workload("W3", FOUR_ROWS, lambda site: site.write(max_requests=2, **FOUR_ROWS)),
    Workload("W4", ONE, _sent),
    Workload("W5", ONE, lambda site: site.write(**ONE),
             (("plan", "--out", "saved.plan"), ("apply", "saved.plan", "--wait"))),
    Workload("W6", ONE, _failed),
    Workload("W7", ONE, _unwanted),
    Workload("W8", ONE, _forgotten),
)}
