"""`batchctl preview`: the first rows asked at once, before money is spent on a batch."""

from __future__ import annotations

import click

from batchctl.shell import options
from batchctl.shell.declared import declared
from batchctl.shell.options import Chosen
from batchctl.show.terminal import Terminal


@declared("preview", exits=(0, 1, 3, 64), examples=(
    "batchctl preview -n 3 -f job.yaml", "batchctl preview --auto-approve --format json"))
@options.manifests
@click.option("-n", "count", type=click.IntRange(1, 100), default=3, show_default=True, metavar="N",
              help="How many requests of each job to ask.")
@options.auto_approve
@click.option("--timeout", type=options.Seconds(positive=True), default=300.0, metavar="SECONDS",
              help="Give up waiting for a job's answers after so long.  [default: 300]")
@options.view("text", "json")
@options.screen
def command(terminal: Terminal, chosen: Chosen, count: int, auto_approve: bool, timeout: float, form: str) -> int:
    """Send the first requests of each job one by one, through the provider's synchronous endpoint, and show them with
    their answers, and the tokens and the cost of the whole job as far as these tell. Costs what they cost, at the full
    price; records nothing."""
    from batchctl.shell.previewing import approved, previews
    from batchctl.shell.session import open_session
    from batchctl.show.display import progress
    from batchctl.show.preview_json import preview_json
    from batchctl.show.preview_text import preview_text
    from batchctl.words.errors import ExitCode, worst

    session = open_session(chosen)
    terminal.parting = lambda: "What was sent may have been charged; nothing of it is recorded."
    with progress(terminal) as emit:
        terminal.diagnostics((*session.warnings_again, *session.survey(chosen.workers, emit)))
        if not approved(terminal, session, count, emit, auto=auto_approve):
            terminal.err("Declined: nothing was sent.\n")
            return ExitCode.FAILED
        jobs = previews(session, count, emit, timeout_s=timeout)
    terminal.out(preview_json(jobs) if form == "json"
                 else preview_text(jobs, terminal.columns, terminal.paint, whole=terminal.verbose))
    terminal.diagnostics(finding for job in jobs if job.preview.failure is not None
                         for finding in job.preview.failure.diagnostics())
    return worst(job.preview.exit_code for job in jobs)
