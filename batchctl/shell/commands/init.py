"""`batchctl init`: a job to start from, that runs as it is."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from batchctl.shell import options
from batchctl.shell.declared import declared
from batchctl.shell.templates import SCHEMA_URL, TEMPLATES, template_files
from batchctl.show.terminal import Terminal

if TYPE_CHECKING:
    from batchctl.shell.starting import Files

_DEFAULT = "classify"


@declared("init", exits=(0, 1, 64), examples=(
    "batchctl init labels && batchctl apply -f labels", "batchctl init --template extract orders",
    "batchctl init --from requests.jsonl nightly"))
@click.argument("folder", metavar="[DIR]", type=options.PATH, default=Path("."))
@click.option("--template", type=click.Choice(sorted(TEMPLATES)),
              help=f"What the job does; {_DEFAULT} unless given.")
@click.option("--from", "batch_file", metavar="FILE", type=options.PATH,
              help="Make the job of a batch file (lines with custom_id, method, url, body): its requests, with their "
                   "custom_ids as keys.")
@options.screen
def command(terminal: Terminal, folder: Path, template: str | None, batch_file: Path | None) -> int:
    """Write a commented job.yaml, a few rows to ask about, and a line for .gitignore. Overwrites nothing, and asks
    nothing. The job needs no key: its provider is the local server.

    With --from the rows are those of a batch file: job.yaml says what all of its requests share, and rows.jsonl what
    differs."""
    from batchctl.shell.starting import start

    if template is not None and batch_file is not None:
        raise click.UsageError("--template and --from are two ways to begin: give one of them")
    done = start(folder, _of_template(template or _DEFAULT)) if batch_file is None else _from(
        batch_file, folder)
    for line in done:
        terminal.err(line + "\n")
    where = "" if folder == Path(".") else f" -f {shlex.quote(str(folder / 'job.yaml'))}"
    terminal.err(f"\nNext: batchctl plan{where}\n      batchctl apply{where}\n")
    return 0


def _of_template(name: str) -> Files:
    def pieces(content: bytes) -> Callable[[], Iterator[bytes]]:
        return lambda: iter((content,))

    return {file: pieces(content) for file, content in template_files(name).items()}


def _from(batch_file: Path, folder: Path) -> list[str]:
    from batchctl.desired.converted.convert import convert
    from batchctl.shell.starting import start
    from batchctl.show import figures

    made = convert(batch_file, SCHEMA_URL)
    jobs = "" if made.jobs == 1 else f"; they differ in their parameters, and are {made.jobs} jobs"
    return [*start(folder, made.files), f"{figures.count(made.requests, 'request')} of {batch_file}{jobs}"]
