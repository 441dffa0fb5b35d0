"""`batchctl unlock`: removes a run lock that was left behind."""

from __future__ import annotations

import click

from batchctl.shell import options
from batchctl.shell.declared import declared
from batchctl.shell.options import Chosen
from batchctl.show.terminal import Terminal


@declared("unlock", exits=(0, 5, 64), examples=(
    "batchctl unlock 5f0c1b2a9d3e4f60", "batchctl unlock 5f0c1b2a9d3e4f60 -f jobs/labels.yaml"))
@click.argument("lock_id", metavar="ID")
@options.files
@options.screen
def command(terminal: Terminal, lock_id: str, chosen: Chosen) -> int:
    """Remove the run lock with this id. A killed run leaves none that holds; this is for a run that hangs on another
    machine over a shared folder. The run that is cut off changes nothing more."""
    from batchctl.recorded.runlock import holder_of, unlock
    from batchctl.shell.places import places
    from batchctl.words.errors import Refused

    stores = {place.store.folder: place for place in places(chosen)}
    for folder in stores:
        holder = holder_of(folder)
        if holder is not None and holder.id == lock_id:
            held = unlock(folder, lock_id)
            terminal.err("The run lock is removed; its holder was still alive.\n" if held
                         else "The run lock is removed; it was a leftover.\n")
            return 0
    if len(stores) == 1:
        unlock(next(iter(stores)), lock_id)
    raise Refused(f"no run lock here has the id {lock_id}")
