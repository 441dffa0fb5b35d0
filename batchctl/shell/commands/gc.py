"""`batchctl gc`: deletes what the store, and the providers' file storage, no longer need."""

from __future__ import annotations

import time
from pathlib import Path

import click

from batchctl.shell import options
from batchctl.shell.declared import declared
from batchctl.shell.options import Chosen
from batchctl.show.terminal import Terminal


@declared("gc", exits=(0, 1, 5, 64), examples=(
    "batchctl gc --dry-run", "batchctl gc --results", "batchctl gc --remote --dry-run"))
@options.files
@options.trust
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
    from batchctl.act.provider_files import collect_remote
    from batchctl.act.store_files import collect
    from batchctl.remote.connect import Providers
    from batchctl.shell.places import places
    from batchctl.shell.session import open_session
    from batchctl.shell.views import near
    from batchctl.show.display import progress
    from batchctl.show.garbage import garbage_json, garbage_text

    # The providers first: what they no longer need is told by what the store has.
    with progress(terminal) as emit, Providers(runs=False) as providers:
        there = [unneeded for project in (open_session(chosen).projects if remote else ())
                 for unneeded in collect_remote(project, providers, emit, results=results, dry_run=dry_run,
                                                now=time.time(), run_lock_timeout_s=run_lock_timeout)]
    stores: dict[Path, frozenset[Path]] = {}
    for place in places(chosen):
        stores[place.store.folder] = stores.get(place.store.folder, frozenset()) | {place.lockfile}
    found = collect(stores, near, results=results, dry_run=dry_run, run_lock_timeout_s=run_lock_timeout)
    terminal.out(garbage_json(found, there, dry_run=dry_run) if form == "json"
                 else garbage_text(found, there, dry_run=dry_run, columns=terminal.room))
    return 0
