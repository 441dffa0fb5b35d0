"""`batchctl batches`: what the provider has, ours or not."""

from __future__ import annotations

import click

from batchctl.shell import completing, options
from batchctl.shell.declared import declared
from batchctl.shell.options import Chosen
from batchctl.show.terminal import Terminal


@declared("batches", exits=(0, 1, 64), examples=(
    "batchctl batches", "batchctl batches --all --status in_progress --format json"))
@options.manifests
@click.option("--all", "every", is_flag=True, help="All of them, not only the newest 50 of each provider.")
@click.option("--status", multiple=True, metavar="S", shell_complete=completing.statuses,
              help="Only those with this status; may be repeated.")
@options.view("text", "json")
@options.screen
def command(terminal: Terminal, chosen: Chosen, every: bool, status: tuple[str, ...], form: str) -> int:
    """List the batches at the providers of the jobs; those that a lockfile has, or that bear a job's tag, are marked
    with the job."""
    from batchctl.remote.connect import Providers
    from batchctl.shell.listing import listed
    from batchctl.shell.session import open_session
    from batchctl.show.batches import batches_json, batches_text

    session = open_session(chosen)
    with Providers(runs=False) as providers:
        found = list(listed(session, providers, statuses=frozenset(status), most=None if every else 50))
    terminal.out(batches_json(found) if form == "json" else batches_text(
        found, terminal.paint, terminal.room))
    return 0
