"""One pass over a manifest's jobs: look, adopt, fetch, then send what is approved, then write what is settled."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from batchctl.act.desk import Desk, Options
from batchctl.act.jobrun import JobRun
from batchctl.act.project import Project
from batchctl.act.room import share
from batchctl.decide.plan import APPROVED, JobPlan
from batchctl.desired.render.lines import InputChanged
from batchctl.recorded.runlock import RunLock
from batchctl.remote.connect import Providers
from batchctl.words.errors import BatchctlError, ExitCode, worst
from batchctl.words.events import Emit

#: Asked with the plans that hold something to approve; False means that the user said no.
Approve = Callable[[Sequence[JobPlan]], bool]
#: Makes of a fresh plan the one to carry out: a saved plan's, or the plan itself.
Choose = Callable[[JobPlan], JobPlan]


@dataclass(frozen=True, slots=True)
class JobReport:
    """How one job came out of a pass: the plan that is left (None where none could be made), and what failed. `full`:
    a create found no room, and is left for another pass. `written` are the sinks that were written, each with its
    number of records."""

    job: str
    plan: JobPlan | None
    failures: tuple[BatchctlError, ...] = ()
    full: bool = False
    written: tuple[tuple[str, int], ...] = ()

    @property
    def exit_code(self) -> int:
        """What the job alone would exit with; that something is still running is 4."""
        if self.failures or self.plan is None:
            return worst(failure.exit_code for failure in self.failures)
        if not self.plan.settled:
            return ExitCode.RUNNING
        return ExitCode.INCOMPLETE if self.plan.tally.unfinished else ExitCode.DONE


@dataclass(frozen=True, slots=True)
class PassReport:
    """A pass over one manifest. `declined`: the user did not approve, and nothing was sent."""

    jobs: tuple[JobReport, ...]
    declined: bool = False


def look(project: Project, providers: Providers | None, options: Options, emit: Emit) -> PassReport:
    """The plans as things stand; changes nothing."""
    desk = project.looking(providers, options, emit)
    runs = [_run(desk, project, name) for name in project.names(desk.recorded, options)]
    share(runs)
    return PassReport(tuple(_planned(run) for run in runs))


def apply(project: Project, providers: Providers, options: Options, emit: Emit, approve: Approve, lock: RunLock, *,
          choose: Choose = lambda plan: plan, sleep: Callable[[float], None] = time.sleep,
          monotonic: Callable[[], float] = time.monotonic) -> PassReport:
    """One pass, under the run lock that the caller holds. Raises StateError when the lockfile cannot be read, and what
    `choose` raises."""
    project.store.prepare()
    project.sweep()
    project.keep_surveys()
    lockfile = project.locked(lock)
    desk = replace(project.working(lockfile, providers, options, emit), sleep=sleep, monotonic=monotonic)
    runs = [_run(desk, project, name) for name in project.names(lockfile.recorded, options)]
    refreshed = [run for run in runs if _keeping(run, run.refresh)]
    share(refreshed)
    plans = {run.name: choose(plan) for run in refreshed if (plan := _plan(run)) is not None}
    if not _approved(plans.values(), approve):
        return PassReport(tuple(_planned(run) for run in runs), declined=True)
    for run in runs:
        if run.name in plans:
            # Not kept here for longer: what is left is planned anew, and a plan grows with its job.
            _act(run, plans.pop(run.name))
    reports = tuple(_finished(run) for run in runs)
    for report in reports:
        if any(isinstance(failure, InputChanged) for failure in report.failures):
            project.drop_survey(report.job)
    return PassReport(reports)


def _run(desk: Desk, project: Project, name: str) -> JobRun:
    return JobRun(desk, name, project.jobs.get(name))


def _approved(plans: Iterable[JobPlan], approve: Approve) -> bool:
    asking = [plan for plan in plans if plan.of(*APPROVED)]
    return not asking or approve(asking)


def _act(run: JobRun, plan: JobPlan) -> None:
    _keeping(run, lambda: run.act(plan))


def _keeping(run: JobRun, step: Callable[[], None]) -> bool:
    """Whether the step came to its end. One job's failure never stops the others."""
    try:
        step()
    except BatchctlError as failure:
        run.failures.append(failure)
        return False
    return True


def _plan(run: JobRun) -> JobPlan | None:
    try:
        return run.plan()
    except BatchctlError as failure:
        run.failures.append(failure)
        return None


def _planned(run: JobRun) -> JobReport:
    plan = _plan(run)
    return JobReport(run.name, plan, tuple(run.failures))


def _finished(run: JobRun) -> JobReport:
    plan: JobPlan | None = None
    try:
        plan = run.finish()
    except BatchctlError as failure:
        run.failures.append(failure)
    return JobReport(run.name, plan, tuple(run.failures), run.full, tuple(run.written.items()))
