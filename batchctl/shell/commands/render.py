"""`batchctl render`: the requests as they would be sent."""

from __future__ import annotations

from pathlib import Path

import click

from batchctl.shell import options
from batchctl.shell.declared import declared
from batchctl.shell.options import Chosen
from batchctl.show.terminal import Terminal


@declared("render", exits=(0, 1, 64), examples=(
    "batchctl render | head -n 1", "batchctl render -f job.yaml -o rendered/"))
@options.manifests
@click.option("-o", "--output", type=options.PATH, metavar="FOLDER", help="Write one file a shard there.")
@options.screen
def command(terminal: Terminal, chosen: Chosen, output: Path | None) -> int:
    """Show the JSONL of all requests, on stdout or in a folder. Needs neither network nor key."""
    from batchctl.shell.rendering import rendered_lines, write_shards
    from batchctl.shell.session import open_session
    from batchctl.show import figures
    from batchctl.show.display import progress
    from batchctl.words.errors import ExitCode
    from batchctl.words.events import silent

    session = open_session(chosen)
    with progress(terminal) as emit:
        warnings = session.survey(chosen.workers, emit)
        terminal.diagnostics((*session.warnings_again, *warnings))
        if output is None:
            # On one screen the lines and the bars would overwrite each other.
            told = emit if terminal.rows is None else silent
            emit.close()
            for line in rendered_lines(session, chosen.workers, told):
                terminal.out_bytes(line)
            return ExitCode.DONE
        written = write_shards(session, output, chosen.workers, emit)
    terminal.err(f"{figures.count(written, 'file')} in {output}\n")
    return ExitCode.DONE
