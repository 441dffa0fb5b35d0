"""`batchctl schema`: the JSON Schemas of what batchctl reads and writes."""

from __future__ import annotations

import click

from batchctl.shell import options
from batchctl.shell.declared import declared
from batchctl.show.terminal import Terminal

NAMES = ("job", "lock", "plan", "preview", "status", "validate", "verify", "batches", "gc", "providers")


@declared("schema", exits=(0, 64), examples=("batchctl schema job > job.v1.schema.json", "batchctl schema plan"))
@click.argument("name", type=click.Choice(NAMES), default="job")
@options.screen
def command(terminal: Terminal, name: str) -> int:
    """Print the JSON Schema of a manifest (job), of a lockfile (lock), or of what a command prints with --format json:
    status is that of wait, apply and destroy, too; verify is that of `lock verify`."""
    from batchctl.desired.manifest.published import schema_path

    terminal.out_bytes(schema_path(f"{name}.v1.schema.json").read_bytes())
    return 0
