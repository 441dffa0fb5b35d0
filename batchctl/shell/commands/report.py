"""`batchctl report`: one page about jobs, for people."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from batchctl.shell import completing, options
from batchctl.shell.declared import declared
from batchctl.shell.options import Chosen
from batchctl.show.terminal import Terminal


@declared("report", exits=(0, 1, 64), examples=(
    "batchctl report -o report.html", "batchctl report review-sentiment -f jobs/ -o report.html"))
@click.argument("jobs", metavar="[JOB]...", nargs=-1, shell_complete=completing.jobs)
@options.manifests
@click.option("-o", "--output", type=options.PATH, metavar="FILE", required=True, help="Where to write the page.")
@options.screen
def command(terminal: Terminal, jobs: tuple[str, ...], chosen: Chosen, output: Path) -> int:
    """Write one HTML page about jobs: what was asked and what came back, failures by reason, tokens and cost, times and
    lengths, and some rows word by word. Reads the manifest with its rows, the lockfile and the store, and asks no
    provider; the page loads nothing, and the same state gives the same bytes."""
    from batchctl.shell.reporting import target_of, write_report
    from batchctl.shell.session import open_session
    from batchctl.show import figures
    from batchctl.show.display import progress
    from batchctl.words.errors import ExitCode

    chosen = replace(chosen, target=(*chosen.target, *jobs))
    session = open_session(chosen)
    target = target_of(output, session)
    with progress(terminal) as emit:
        terminal.diagnostics((*session.warnings_again, *session.survey(chosen.workers, emit)))
        write_report(session, target)
    terminal.err(f"{figures.count(len(session.jobs), 'job')} to {output}\n")
    return ExitCode.DONE
