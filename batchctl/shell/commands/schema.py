"""`batchctl schema`: the JSON Schemas of what batchctl reads and writes."""

from __future__ import annotations

import click

from batchctl.shell import options
from batchctl.shell.declared import declared
from batchctl.show.terminal import Terminal

NAMES = ("job", "lock", "plan", "preview", "status", "validate", "verify", "batches", "gc", "providers")


@declared("schema", exits=(0, 64), examples=("batchctl schema job > job.v1.schema.json", "batchctl schema plan"))
@click.argument("name", type=click.Choice(NAMES), default="job", metavar="[NAME]")
@options.screen
def command(terminal: Terminal, name: str) -> int:
    """Print the JSON Schema of a manifest (job, unless another NAME is given), of a lockfile (lock), or of what a
    command prints with --format json: plan, preview, status (also that of wait, apply and destroy), validate, verify
    (that of `lock verify`), batches, gc, providers."""
    from batchctl.desired.manifest.published import schema_path

    terminal.out_bytes(schema_path(f"{name}.v1.schema.json").read_bytes())
    return 0
