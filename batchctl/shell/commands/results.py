"""`batchctl results`: what is there so far."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from batchctl.shell import options
from batchctl.shell.declared import declared
from batchctl.shell.options import Chosen
from batchctl.show.terminal import Terminal

if TYPE_CHECKING:
    from batchctl.desired.job import SinkFormat

#: The formats that the suffix of FILE says, where it is not jsonl.
_BY_SUFFIX: dict[str, SinkFormat] = {".csv": "csv", ".parquet": "parquet"}


@declared("results", exits=(0, 1, 64), examples=(
    "batchctl results | jq -r .text", "batchctl results -o so-far.csv"))
@options.manifests
@click.option("-o", "--output", type=options.PATH, metavar="FILE", help="Write there instead of to stdout.")
@click.option("--format", "form", type=click.Choice(["jsonl", "csv", "parquet"]), envvar="BATCHCTL_RESULTS_FORMAT",
              help="[default: by the suffix of FILE, else jsonl]")
@options.screen
def command(terminal: Terminal, chosen: Chosen, output: Path | None, form: SinkFormat | None) -> int:
    """Show every row that has ended so far, joined with its answer. Reads the store; fetches nothing."""
    from batchctl.shell.joining import results_so_far, write_results
    from batchctl.shell.session import open_session
    from batchctl.show import figures, money
    from batchctl.show.display import progress
    from batchctl.words.errors import ExitCode, UsageError

    kind = form or (_BY_SUFFIX.get(output.suffix.lower()) if output is not None else None) or "jsonl"
    if kind == "parquet" and output is None:
        raise UsageError("parquet is no text: name the file with -o FILE")
    session = open_session(chosen)
    with progress(terminal) as emit:
        terminal.diagnostics((*session.warnings_again, *session.survey(chosen.workers, emit)))
    so_far = results_so_far(session, kind)
    if output is not None:
        written = write_results(output, so_far.pieces)
        terminal.err(f"{figures.count(written, 'record')} to {output}; {money.used_for(so_far.spent)}\n")
        return ExitCode.DONE
    written = 0
    for count, piece in so_far.pieces:
        written += count
        terminal.out_bytes(piece)
    if written:
        terminal.err(f"{figures.count(written, 'record')}; {money.used_for(so_far.spent)}\n")
    else:
        terminal.err("No row has ended yet, as far as the store knows; `batchctl apply` fetches what is done.\n")
    return ExitCode.DONE
