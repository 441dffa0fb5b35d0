"""`batchctl schema`: the JSON Schemas of what batchctl reads and writes."""

from __future__ import annotations

import click

from batchctl.shell import options
from batchctl.shell.declared import declared
from batchctl.show.terminal import Terminal


@declared("schema", exits=(0, 64), examples=("batchctl schema job > job.v1.schema.json",))
@click.argument("name", type=click.Choice(["job", "plan", "status", "lock"]), default="job")
@options.screen
def command(terminal: Terminal, name: str) -> int:
    """Print the JSON Schema of a manifest (job), of a plan, of `status --format json`, or of a lockfile (lock)."""
    from batchctl.desired.manifest.published import schema_path

    terminal.out_bytes(schema_path(f"{name}.v1.schema.json").read_bytes())
    return 0
