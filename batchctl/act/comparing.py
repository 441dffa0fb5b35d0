"""Compares lockfile, store and provider: what is missing, foreign or damaged is named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from batchctl.act.desk import Desk
from batchctl.act.jobrun import JobRun
from batchctl.act.verifying import Verified, named, verify
from batchctl.decide.known import Phase, unreachable
from batchctl.decide.plan import JobPlan, Kind
from batchctl.recorded.records import Recorded
from batchctl.words.amounts import count
from batchctl.words.errors import AmbiguousRemote, BatchctlError


def compare(desk: Desk) -> tuple[list[Verified], list[BatchctlError]]:
    """What was found of all jobs of a manifest, and what kept a provider from being asked."""
    found = list(verify(Recorded(desk.all_records()), desk.store))
    failures: list[BatchctlError] = []
    for name, job in desk.jobs.items():
        try:
            look = desk.look(job.provider.where, name)
            plan = JobRun(desk, name, job).plan()
        except BatchctlError as failure:
            failures.append(failure)
            continue
        if not look.listed:
            failures.append(AmbiguousRemote(f'the batches of the job "{name}" cannot be listed: {look.why}'))
        found = [_seen(finding, plan) if finding.job == name else finding for finding in found]
        found += _unknown(plan)
    return found, failures


def _seen(finding: Verified, plan: JobPlan) -> Verified:
    """What the provider shows of a batch that has not ended as far as the lockfile knows."""
    if finding.state != "open":
        return finding
    batch = next((batch for batch in plan.standing.batches if named(batch.record) == finding.batch), None)
    if batch is None:
        return finding
    if batch.phase is Phase.UNREACHABLE:
        return replace(finding, state="unseen", detail="its provider does not show it", help=unreachable(batch))
    if batch.phase is Phase.ENDED:
        return replace(finding, detail="has ended, and is not fetched yet", help="the next `batchctl apply` fetches it")
    return replace(finding, detail=batch.remote.status if batch.remote is not None else finding.detail)


def _unknown(plan: JobPlan) -> Iterator[Verified]:
    """Batches with the job's tag that the lockfile does not have."""
    for action in plan.of(Kind.ADOPT):
        yield Verified(
            plan.job, action.batch_id or "", "unrecorded",
            f"ours, with {count(action.requests, 'request')}, {action.status}",
            "the next `batchctl apply`, or `batchctl lock verify --repair`, adopts it")
    for batch_id in plan.foreign:
        yield Verified(
            plan.job, batch_id, "foreign", "bears the tag of this job, and holds nothing that is wanted",
            f"`batchctl import {plan.job} {batch_id} --force` makes it one that may be cancelled")
