"""A job's plan and what a view says beside it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from batchctl.act.passes import JobReport
from batchctl.decide.changed import Changed
from batchctl.decide.known import Phase
from batchctl.decide.plan import JobPlan
from batchctl.words.errors import ExitCode, worst
from batchctl.words.remote import Coordinates


@dataclass(frozen=True, slots=True)
class Shown:
    """One job as views take it. `where` and `model` are None for a job that only the lockfile has. `changed` says why
    its plan creates requests, where it was looked into."""

    report: JobReport
    manifest: str
    where: Coordinates | None = None
    model: str | None = None
    endpoint: str | None = None
    changed: Changed | None = None

    @property
    def job(self) -> str:
        return self.report.job

    @property
    def plan(self) -> JobPlan | None:
        return self.report.plan


def exit_code_of(report: JobReport) -> int:
    """What the job alone exits with. A batch, or a list, that the provider does not show is ambiguous: a job whose
    state nobody can tell is neither done nor known to be running."""
    unclear = report.plan is not None and unseen(report.plan)
    return worst([report.exit_code, ExitCode.REFUSED if unclear else ExitCode.DONE])


def unseen(plan: JobPlan) -> bool:
    """Whether what the plan is about could not be looked at."""
    return bool(plan.blocked) or any(batch.phase is Phase.UNREACHABLE for batch in plan.standing.batches)


def plans_of(jobs: Iterable[Shown]) -> list[JobPlan]:
    return [job.plan for job in jobs if job.plan is not None]
