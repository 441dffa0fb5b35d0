"""Looks at all manifests of a command without changing anything, and shows or saves what it found."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from batchctl.act import passes
from batchctl.act.desk import Options
from batchctl.act.passes import JobReport
from batchctl.decide.changed import Changed
from batchctl.recorded import durable
from batchctl.recorded.records import JobRecord
from batchctl.remote.connect import Providers
from batchctl.shell.explained import explained
from batchctl.shell.session import Session
from batchctl.shell.views import print_failures, shown
from batchctl.show.plan_json import PlanContext, dumped, plan_document
from batchctl.show.plan_markdown import plan_markdown
from batchctl.show.plan_text import plan_text
from batchctl.show.reports import Shown, plans_of, unseen
from batchctl.show.terminal import Terminal
from batchctl.words.errors import BatchctlError, ExitCode, StateError, worst
from batchctl.words.events import Emit


@dataclass(frozen=True, slots=True)
class Looked:
    """What one look at all manifests showed; `changes` says why plans create requests, by job, where that was looked
    into."""

    session: Session
    options: Options
    offline: bool
    reports: tuple[JobReport, ...]
    records: dict[str, JobRecord]
    failures: tuple[BatchctlError, ...] = ()
    changes: Mapping[str, Changed] = field(default_factory=dict)

    @property
    def shown(self) -> list[Shown]:
        """The jobs as views take them."""
        return shown(self.session, self.reports, self.changes)

    @property
    def complete(self) -> bool:
        """Every job has a plan."""
        return not self.failures and all(report.plan is not None for report in self.reports)

    def exit_code(self, *, detailed: bool) -> int:
        """A plan that could not see the provider is no plan, unless that was asked for."""
        codes = [failure.exit_code for report in self.reports for failure in report.failures]
        codes += [failure.exit_code for failure in self.failures]
        plans = [report.plan for report in self.reports if report.plan is not None]
        if not self.offline and any(unseen(plan) for plan in plans):
            codes.append(ExitCode.REFUSED)
        if not codes and detailed and any(plan.changes for plan in plans):
            return ExitCode.CHANGES
        return worst(codes)


def look_at(session: Session, options: Options, emit: Emit, *, offline: bool = False,
            providers: Providers | None = None) -> Looked:
    """The plans of all manifests. One manifest's failure never stops the others."""
    reports: list[JobReport] = []
    records: dict[str, JobRecord] = {}
    failures: list[BatchctlError] = []
    with ExitStack() as stack:
        if providers is None and not offline:
            providers = stack.enter_context(Providers(runs=False))
        for project in session.projects:
            try:
                found = passes.look(project, providers, options, emit)
                recorded = project.recorded()
            except BatchctlError as failure:
                failures.append(failure)
                continue
            reports += found.jobs
            records |= {report.job: recorded.job(report.job) for report in found.jobs}
    return Looked(session, options, offline, tuple(reports), records, tuple(failures))


def with_reasons(looked: Looked, *, example: bool = False) -> Looked:
    """The same with the reasons why requests are created; `example`: with one to be shown."""
    return replace(looked, changes=explained(looked.session, plans_of(looked.shown), example=example))


def print_plan(terminal: Terminal, looked: Looked, form: str, *, diff: bool = False) -> None:
    """The plan on stdout, what failed on stderr."""
    jobs = looked.shown
    if form == "json":
        terminal.out(dumped(document(looked, Path.cwd(), diff=diff)))
    elif form == "markdown":
        terminal.out(plan_markdown(jobs, offline=looked.offline, diff=diff))
    else:
        terminal.out(plan_text(jobs, terminal.paint, each=terminal.verbose, offline=looked.offline, diff=diff))
    print_failures(terminal, looked.reports, looked.failures)


def save_plan(terminal: Terminal, looked: Looked, path: Path) -> None:
    """Writes a plan that `batchctl apply` takes, readable by its owner only. Raises StateError."""
    if not looked.complete:
        raise StateError(f"{path} was not written: not all jobs could be planned")
    try:
        if path.exists():
            path.chmod(0o600)  # a replaced file keeps its permissions
        durable.write(path, dumped(document(looked, path.absolute().parent)).encode(), private=True)
    except OSError as error:
        raise StateError(f"the plan {path} cannot be written: {error.strerror or error}") from error
    if looked.offline:
        terminal.err(f"Saved to {path}, to be read: apply takes only a plan that was made without --offline.\n")
        return
    terminal.err(f"Saved to {path}; `batchctl apply {shlex.quote(str(path))}` does exactly this.\n")


def document(looked: Looked, folder: Path, *, diff: bool = False) -> dict[str, Any]:
    """The plan as JSON; paths are relative to `folder`. `diff` puts a changed request of each job into it."""
    session = looked.session
    lockfiles = [project.lockfile for project in session.projects
                 if any(project.lockfile != job.lockfile for job in project.jobs.values())]
    context = PlanContext(
        manifests=tuple(_relative(file, folder) for file in session.files),
        lockfile=_relative(lockfiles[0], folder) if lockfiles else None, variables=session.variables,
        whole_file=looked.options.whole_file, resend_lost=looked.options.resend_lost, prune=looked.options.prune,
        offline=looked.offline, diff=diff)
    paths = {name: job.manifest for name, job in session.jobs.items()}
    jobs = [replace(one, manifest=_relative(paths.get(one.job, session.projects[0].manifest), folder.resolve()))
            for one in looked.shown]
    return plan_document(jobs, looked.records, context)


def _relative(path: Path, folder: Path) -> str:
    try:
        return Path(os.path.relpath(path.absolute(), folder)).as_posix()
    except ValueError:
        return str(path.absolute())
