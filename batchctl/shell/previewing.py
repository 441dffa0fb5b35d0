"""Asks the first requests of all chosen jobs, once somebody has said yes to what it costs."""

from __future__ import annotations

from batchctl.act.preview import Preview, preview
from batchctl.remote.connect import Providers
from batchctl.shell.approval import must_ask, says_yes
from batchctl.shell.session import Session
from batchctl.shell.views import near
from batchctl.show import figures
from batchctl.show.preview_text import Previewed, heading
from batchctl.show.progress import Progress
from batchctl.show.terminal import Terminal
from batchctl.words.events import Emit


def approved(terminal: Terminal, session: Session, count: int, emit: Progress, *, auto: bool) -> bool:
    """Whether the requests may be sent. Raises UsageError when nobody can be asked."""
    jobs = [_shown(session, Preview(name, len(made.ids), sum(made.lengths)))
            for project in session.projects for name, made in project.surveys.items()]
    total = sum(min(count, job.preview.requests) for job in jobs)
    if auto or not total:
        return True
    must_ask(terminal, f"sending {figures.count(total, 'request')}")
    emit.close()
    for job in jobs:
        requests = job.preview.requests
        asked = f"{min(count, requests):,} of {figures.count(requests, 'request')}"
        terminal.err(f"{heading(job, terminal.paint_err)}: {asked}\n")
    terminal.err("\nThey go one by one, at the full price; apply uses none of the answers.\n")
    return says_yes(terminal, f"Send {figures.count(total, 'request')}")


def previews(session: Session, count: int, emit: Emit, *, timeout_s: float) -> list[Previewed]:
    """One a job, in the order of the manifests. Raises InputChanged."""
    with Providers(runs=False, asks=True) as providers:
        return [_shown(session, preview(project, name, count, providers, emit, timeout_s=timeout_s))
                for project in session.projects for name in project.jobs]


def _shown(session: Session, made: Preview) -> Previewed:
    job = session.jobs[made.job]
    return Previewed(made, near(job.manifest), job.provider.where, job.model, job.endpoint)
