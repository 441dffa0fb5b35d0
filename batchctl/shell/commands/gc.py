"""`batchctl gc`: deletes what the store, and the providers' file storage, no longer need."""

from __future__ import annotations

import click

from batchctl.shell import options
from batchctl.shell.declared import declared
from batchctl.shell.options import Chosen
from batchctl.show.terminal import Terminal


@declared("gc", exits=(0, 1, 5, 64), examples=(
    "batchctl gc --dry-run", "batchctl gc --results", "batchctl gc --remote --dry-run"))
@options.files
@click.option("--dry-run", is_flag=True, help="Only show what would be deleted.")
@click.option("--results", is_flag=True, help="Also results of batches that no lockfile beside the store names; with "
              "--remote, at the provider, those that the store has.")
@click.option("--remote", is_flag=True, help="Also files at the providers of the jobs.")
@options.run_lock
@options.view("text", "json")
@options.screen
def command(terminal: Terminal, chosen: Chosen, dry_run: bool, results: bool, remote: bool, run_lock_timeout: float,
            form: str) -> int:
    """Delete rendered shards of batches that have ended, and what killed runs left behind. Results that a lockfile
    names are never deleted.

    With --remote, uploads of this manifest's jobs are deleted at their providers too: those of batches that have ended
    and are fetched, and those that no batch was made of; none that is younger than its completion window. Results are
    deleted there only with --results, and only where the store has all of them.
    """
    from batchctl.shell.collecting import collect, collect_at_providers
    from batchctl.shell.places import places
    from batchctl.show.garbage import garbage_json, garbage_text

    # The providers first: what they no longer need is told by what the store has.
    there = collect_at_providers(
        chosen, terminal, results=results, dry_run=dry_run, run_lock_timeout_s=run_lock_timeout) if remote else []
    found = collect(places(chosen), results=results, dry_run=dry_run, run_lock_timeout_s=run_lock_timeout)
    view = garbage_json if form == "json" else garbage_text
    terminal.out(view(found, there, dry_run=dry_run))
    return 0
