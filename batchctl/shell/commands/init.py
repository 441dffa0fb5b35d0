"""`batchctl init`: a small job that runs as it is."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from batchctl.shell import options
from batchctl.shell.declared import declared
from batchctl.show.terminal import Terminal


@declared("init", exits=(0, 1, 64), examples=("batchctl init", "batchctl init labels && batchctl apply -f labels"))
@click.argument("folder", metavar="[DIR]", type=options.PATH, default=Path("."))
@options.screen
def command(terminal: Terminal, folder: Path) -> int:
    """Write a commented job.yaml, a few rows to ask about, and a line for .gitignore. Overwrites nothing, and asks
    nothing. The job needs no key: its provider is the local server."""
    from batchctl.shell.starting import start

    for line in start(folder):
        terminal.err(line + "\n")
    where = "" if folder == Path(".") else f" -f {shlex.quote(str(folder / 'job.yaml'))}"
    terminal.err(f"\nNext: batchctl plan{where}\n      batchctl apply{where}\n")
    return 0
