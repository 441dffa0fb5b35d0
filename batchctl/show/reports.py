"""A job's plan and what a view says beside it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from batchctl.act.passes import JobReport
from batchctl.decide.plan import JobPlan
from batchctl.words.remote import Coordinates


@dataclass(frozen=True, slots=True)
class Shown:
    """One job as views take it. `where` and `model` are None for a job that only the lockfile has."""

    report: JobReport
    manifest: str
    where: Coordinates | None = None
    model: str | None = None
    endpoint: str | None = None

    @property
    def job(self) -> str:
        return self.report.job

    @property
    def plan(self) -> JobPlan | None:
        return self.report.plan


def plans_of(jobs: Iterable[Shown]) -> list[JobPlan]:
    return [job.plan for job in jobs if job.plan is not None]
