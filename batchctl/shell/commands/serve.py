"""`batchctl serve`: the local batch server for any client."""

from __future__ import annotations

import logging
from pathlib import Path

import click

from batchctl.server.fault_spec import GRAMMAR
from batchctl.shell import completing, options
from batchctl.shell.declared import declared
from batchctl.show.terminal import Terminal


@declared("serve", exits=(0, 1, 5, 64), stopped_by_signals=True, grammar=GRAMMAR, examples=(
    "batchctl serve --port 8000 --data DIR",
    "batchctl serve --port 8000 --data DIR --upstream http://127.0.0.1:11434/v1",
    "batchctl serve --data DIR --dialect groq --fault 'POST /batches after drop'"))
@click.option("--data", type=options.PATH, required=True, metavar="DIR", help="Folder for files and database.")
@click.option("--dialect", default="openai", show_default=True, metavar="D", shell_complete=completing.providers,
              help="Whose API to speak: groq, cerebras, openai, portkey or local.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, metavar="N", help="0: any free port.")
@click.option("--upstream", metavar="URL", help="OpenAI-compatible API that answers the lines; without it, an echo.")
@click.option("--upstream-key-env", metavar="NAME", help="Environment variable with the upstream's key.")
@click.option("--concurrency", type=click.IntRange(1), default=8, show_default=True, metavar="N",
              help="Lines at a time.")
@click.option("--fault", "faults", multiple=True, metavar="FAULT", allow_from_autoenv=False,
              help="Let calls go wrong, to test a client; repeatable. Explained below.")
@click.option("--expire-after", type=click.IntRange(0), metavar="N",
              help="Let every batch expire after N answered lines, to test a client.")
@options.screen
def command(terminal: Terminal, data: Path, dialect: str, host: str, port: int, upstream: str | None,
            upstream_key_env: str | None, concurrency: int, faults: tuple[str, ...], expire_after: int | None) -> int:
    """Run the local batch server until SIGINT or SIGTERM. It speaks the Files and Batches API; what it was given is
    kept in DIR, and lines that were answered are never sent again."""
    from batchctl.server.dialects import DIALECTS
    from batchctl.server.fault_spec import FaultSpecError, parse
    from batchctl.server.options import ServeOptions, upstream_problem
    from batchctl.server.serve import IN_USE, serve
    from batchctl.words.errors import ExitCode, UsageError

    if dialect not in DIALECTS:
        raise UsageError(f'--dialect: there is no "{dialect}"', notes=(f"there is {', '.join(DIALECTS)}",))
    if upstream is not None and (problem := upstream_problem(upstream)) is not None:
        raise UsageError(f"--upstream: {problem}")
    try:
        for fault in faults:
            parse(fault)
    except FaultSpecError as error:
        raise UsageError(f"--fault: {error}") from error
    if terminal.logs:
        logging.getLogger("batchctl.server").addHandler(_LogFile(terminal))
    code = serve(ServeOptions(data, host, port, dialect, upstream, upstream_key_env, concurrency, faults,
                              expire_after=expire_after))
    return ExitCode.REFUSED if code == IN_USE else code


class _LogFile(logging.Handler):
    """What the server says, in the file of --log-file too."""

    def __init__(self, terminal: Terminal) -> None:
        super().__init__()
        self._terminal = terminal

    def emit(self, record: logging.LogRecord) -> None:
        self._terminal.log(self.format(record))
