"""`batchctl gc`: deletes what the store no longer needs."""

from __future__ import annotations

import click

from batchctl.shell import options
from batchctl.shell.declared import declared
from batchctl.shell.options import Chosen
from batchctl.show.terminal import Terminal


@declared("gc", exits=(0, 1, 5, 64), examples=("batchctl gc --dry-run", "batchctl gc --results"))
@options.files
@click.option("--dry-run", is_flag=True, help="Only show what would be deleted.")
@click.option("--results", is_flag=True, help="Also results of batches that no lockfile beside the store names.")
@options.run_lock
@options.view("text", "json")
@options.screen
def command(terminal: Terminal, chosen: Chosen, dry_run: bool, results: bool, run_lock_timeout: float,
            form: str) -> int:
    """Delete rendered shards of batches that have ended, and what killed runs left behind. Results that a lockfile
    names are never deleted."""
    from batchctl.shell.collecting import collect
    from batchctl.shell.places import places
    from batchctl.show.garbage import garbage_json, garbage_text

    found = collect(places(chosen), results=results, dry_run=dry_run, run_lock_timeout_s=run_lock_timeout)
    terminal.out(garbage_json(found, dry_run=dry_run) if form == "json" else garbage_text(found, dry_run=dry_run))
    return 0
