"""Carries applies out: a pass over each manifest under its run lock, then waiting with the lock let go, and again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from batchctl.act import passes
from batchctl.act.desk import Options
from batchctl.act.passes import Approve, Choose, JobReport
from batchctl.act.project import Project
from batchctl.act.saved import without_approval
from batchctl.act.waiting import LOCAL_PACE, Pace, Unasked, Watch
from batchctl.decide.plan import SENDING, Kind
from batchctl.recorded.runlock import RunLock
from batchctl.remote.connect import Providers
from batchctl.shell.parting import all_local
from batchctl.shell.session import Session
from batchctl.shell.sight import Sight
from batchctl.show.reports import exit_code_of
from batchctl.words.errors import (
    BatchctlError,
    ExitCode,
    ListAway,
    Refused,
    RemoteError,
    RunLockHeld,
    Unavailable,
    UsageError,
    worst,
)
from batchctl.words.events import Emit, Notice
from batchctl.words.outcomes import Tally

#: What a later pass may still do for a job by itself.
_PROGRESS = frozenset({Kind.WAIT, Kind.FETCH, Kind.ADOPT})
_TELL_LOCK_AFTER_S = 1.0


@dataclass(frozen=True, slots=True)
class How:
    """How to run. `wait` holds for all jobs; without it only those of `provider: local` are waited for. `saved`: what
    needs approval comes from a saved plan, and none of it from later passes."""

    operation: str
    options: Options
    wait: bool = False
    timeout_s: float | None = None
    poll_s: float | None = None
    run_lock_timeout_s: float = 60.0
    saved: bool = False


@dataclass(slots=True)
class Outcome:
    """How each job came out, what failed for whole manifests, and whether the user said no or time ran out."""

    reports: dict[str, JobReport] = field(default_factory=dict)
    failures: list[BatchctlError] = field(default_factory=list)
    declined: bool = False
    timed_out: bool = False

    def exit_code(self, *, detailed: bool) -> int:
        """Something that still runs is only an exit code where it was asked for, or waited for in vain."""
        if self.declined:
            return ExitCode.FAILED
        codes = [exit_code_of(report) for report in self.reports.values()]
        if not detailed and not self.timed_out:
            codes = [ExitCode.DONE if code == ExitCode.RUNNING else code for code in codes]
        if self.timed_out:
            codes.append(ExitCode.RUNNING)
        return worst([*codes, *(failure.exit_code for failure in self.failures)])


class Runner:
    """Runs passes until nothing is left that is waited for."""

    def __init__(self, session: Session, how: How, emit: Emit, approve: Approve, choose: Choose = lambda plan: plan, *,
                 sleep: Callable[[float], None] = time.sleep,
                 monotonic: Callable[[], float] = time.monotonic) -> None:
        self._session = session
        self._how = how
        self._emit = emit
        self._approve = approve
        self._choose = choose
        self._sleep = sleep
        self._monotonic = monotonic
        self._outcome = Outcome()
        self._failed: dict[Path, BatchctlError] = {}
        #: Jobs that a pass could be made for without a failure.
        self._listed: set[str] = set()
        #: Where a saved plan could not be done: later passes send nothing of it.
        self._unmade: list[BatchctlError] = []
        self._sight = Sight(how.options.settle_s, monotonic)

    def run(self, providers: Providers) -> Outcome:
        """Raises UsageError when approval is needed and nobody can be asked."""
        how, outcome = self._how, self._outcome
        deadline = None if how.timeout_s is None else self._monotonic() + how.timeout_s
        providers.until(deadline)
        watch = Watch(self._pace(), self._emit, deadline, self._sleep, self._monotonic)
        todo, in_vain = list(self._session.projects), 0
        while todo:
            before = self._standing()
            for project in todo:
                self._pass(project, providers)
                if outcome.declined:
                    return outcome
            if how.saved:
                self._choose = without_approval
            todo = [project for project in todo if any(self._waited_for(project))]
            in_vain = in_vain + 1 if self._standing() == before else 0
            if todo and not self._pause(watch, todo, providers, in_vain):
                outcome.timed_out = True
                break
        return outcome

    def _pass(self, project: Project, providers: Providers) -> None:
        how = self._how
        try:
            project.store.prepare()
            with RunLock(project.store.folder, how.operation, timeout_s=how.run_lock_timeout_s,
                         sleep=self._lock_sleep()) as lock:
                made = passes.apply(project, providers, how.options, self._emit, self._approve, lock,
                                    choose=self._choose, sleep=self._sleep, monotonic=self._monotonic)
        except UsageError:
            raise
        except BatchctlError as failure:
            self._failed[project.manifest] = failure
            self._outcome.failures = [*self._failed.values(), *self._unmade]
            return
        if how.saved:
            self._unmade += [_unmade(report.job) for report in made.jobs if report.full]
        self._failed.pop(project.manifest, None)
        self._outcome.failures = [*self._failed.values(), *self._unmade]
        if made.declined:
            self._outcome.declined = True
            self._outcome.failures += [failure for report in made.jobs for failure in report.failures]
            return
        self._outcome.reports.update({report.job: self._with_earlier(report) for report in made.jobs})
        self._listed |= {report.job for report in made.jobs if not report.failures}

    def _with_earlier(self, report: JobReport) -> JobReport:
        """The report with the sinks that passes before this one have written."""
        before = self._outcome.reports.get(report.job)
        earlier = before.written if before is not None else ()
        return replace(report, written=tuple({**dict(earlier), **dict(report.written)}.items()))

    def _waited_for(self, project: Project) -> Iterator[JobReport]:
        """The jobs for whose sake another pass is made. One that only found the run lock held is made up for."""
        if not isinstance(self._failed.get(project.manifest), RunLockHeld | None):
            return
        for name, job in project.jobs.items():
            report = self._outcome.reports.get(name)
            local = job.provider.where.dialect == "local"
            if report is None or not (self._how.wait or local) or self._sight.lost(name):
                continue
            if self._goes_on(report):
                yield report

    def _goes_on(self, report: JobReport) -> bool:
        # Where no list was ever read, nothing is awaited, and the address may be wrong.
        passing = Unavailable | ListAway if report.job in self._listed else Unavailable
        if any(not isinstance(failure, passing) for failure in report.failures):
            return False
        if report.plan is None:
            return True
        helps = _PROGRESS if self._how.saved else _PROGRESS | SENDING
        # What is held for want of room is sent when a batch has ended, be it one that nobody wants any more.
        unsettled = not report.plan.settled or (report.plan.awaits_room and not self._how.saved)
        return unsettled and bool(report.plan.of(*helps))

    def _standing(self) -> dict[str, Tally | None]:
        """Where each job's rows stand: a pass that changes nothing of it was made in vain."""
        return {name: report.plan.tally if report.plan is not None else None
                for name, report in self._outcome.reports.items()}

    def _pause(self, watch: Watch, todo: list[Project], providers: Providers, in_vain: int) -> bool:
        """Waits until something may have ended; False at the deadline. A provider that cannot be asked is waited for,
        too: a pass finds out."""
        plans = [(project.looking(providers, self._how.options, self._emit), report.plan)
                 for project in todo for report in self._waited_for(project) if report.plan is not None]
        for report in (report for project in todo for report in self._waited_for(project)):
            for failure in report.failures:
                self._emit(Notice(report.job, "warning", f"{failure.message}; it is tried again"))
        seen = [plan for _, plan in plans]
        try:
            in_time = watch.until_something_ends(plans, in_vain=in_vain)
            self._sight.answered(seen)
            return in_time
        except Unasked as unasked:
            self._emit(trouble(unasked, given_up=self._sight.failed(unasked, seen)))
            return watch.until_something_ends([], in_vain=in_vain)

    def _pace(self) -> Pace:
        if self._how.poll_s is not None:
            return Pace(fixed_s=self._how.poll_s)
        return LOCAL_PACE if all_local(self._session) else Pace()

    def _lock_sleep(self) -> Callable[[float], None]:
        """Says once that the run lock is held by somebody else."""
        waited, told = 0.0, False

        def sleep(seconds: float) -> None:
            nonlocal waited, told
            waited += seconds
            if waited >= _TELL_LOCK_AFTER_S and not told:
                told = True
                self._emit(Notice("", "info", "waiting for another batchctl to let go of the run lock"))
            self._sleep(seconds)

        return sleep


def _unmade(job: str) -> Refused:
    return Refused(f'not all of the saved plan is done: for the job "{job}" there was no room at the provider',
                   notes=("Make a new plan, or apply this one again where nothing of it was done.",))


def trouble(error: RemoteError, *, given_up: bool) -> Notice:
    """That a provider could not be asked while waiting, and what comes of it."""
    what = "it is waited for no longer" if given_up else "it is tried again"
    return Notice("", "warning", f"{error.message}; {what}")
