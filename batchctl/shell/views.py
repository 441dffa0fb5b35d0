"""Hands what came out to the view that was asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from batchctl.act.passes import JobReport
from batchctl.decide.changed import Changed
from batchctl.shell.session import Session
from batchctl.show.failure_markdown import failure_markdown
from batchctl.show.reports import Shown
from batchctl.show.status_json import status_json
from batchctl.show.status_markdown import status_markdown
from batchctl.show.terminal import Terminal
from batchctl.words.diagnostics import Diagnostic
from batchctl.words.errors import BatchctlError

TextView = Callable[[Sequence[Shown]], str]


def shown(session: Session, reports: Iterable[JobReport], changes: Mapping[str, Changed] | None = None) -> list[Shown]:
    """Reports with what the manifests say of their jobs; `changes` says why plans create requests, by job."""
    made = []
    jobs = session.jobs
    for report in reports:
        job = jobs.get(report.job)
        if job is None:
            made.append(Shown(report, near(session.projects[0].manifest)))
        else:
            made.append(Shown(report, near(job.manifest), job.provider.where, job.model, job.endpoint,
                              (changes or {}).get(report.job)))
    return made


def print_status(terminal: Terminal, jobs: Sequence[Shown], form: str, text: TextView) -> None:
    """Where jobs stand, in one of the three formats; `text` makes the text."""
    if form == "json":
        terminal.out(status_json(jobs))
    elif form == "markdown":
        terminal.out(status_markdown(jobs))
    else:
        terminal.out(text(jobs))


def print_failures(terminal: Terminal, reports: Iterable[JobReport], others: Iterable[BatchctlError] = ()) -> None:
    """What failed, on stderr, each with the job that it is about."""
    findings: dict[Diagnostic, None] = {}
    for report in reports:
        for failure in report.failures:
            for finding in failure.diagnostics():
                findings[_in_job(finding, report.job)] = None
    findings.update((finding, None) for failure in others for finding in failure.diagnostics())
    terminal.diagnostics(findings)


@contextmanager
def failing_as(form: str, command: str, terminal: Terminal) -> Iterator[None]:
    """Where Markdown was asked for, what ends a command is said in Markdown too; whoever called sees the exception."""
    try:
        yield
    except BatchctlError as failure:
        if form == "markdown":
            terminal.out(failure_markdown(command, failure.diagnostics()))
        raise


def near(path: Path) -> str:
    """A path from here, where it is not far."""
    try:
        relative = os.path.relpath(path)
    except ValueError:
        return str(path)
    return str(path) if relative.startswith(os.path.join("..", "..")) else Path(relative).as_posix()


def _in_job(finding: Diagnostic, job: str) -> Diagnostic:
    return Diagnostic(finding.code, finding.message, finding.span, finding.label, finding.source,
                      (*finding.notes, f'in the job "{job}"'), finding.severity)
