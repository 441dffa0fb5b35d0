"""The program: a click group that imports a command only when it is asked for."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from importlib import import_module

import click

from batchctl import __version__
from batchctl.shell import completing, exits, options
from batchctl.shell.declared import Group, group
from batchctl.show.terminal import Terminal

#: Commands by section: what each does, and its module.
COMMANDS: dict[str, dict[str, tuple[str, str]]] = {
    "Write": {
        "init": ("Write a small job that runs as it is.", "init"),
        "validate": ("Check manifests, inputs, templates and every request.", "validate"),
        "render": ("Show the requests that would be sent, as JSONL.", "render"),
        "preview": ("Ask the first rows at once, and show the answers.", "preview"),
    },
    "Run": {
        "plan": ("Show what apply would do, and change nothing.", "plan"),
        "apply": ("Make it so: send what is missing, fetch what is done.", "apply"),
        "status": ("Show where each job and batch stands.", "status"),
        "wait": ("Wait until no batch is running any more.", "wait"),
        "results": ("Show the answers so far, joined with the rows.", "results"),
        "report": ("Write a page about jobs: what was asked, and what came back.", "report"),
        "destroy": ("Cancel the live batches of jobs.", "destroy"),
    },
    "Single moves": {
        "cancel": ("Cancel one batch, or all of a job.", "cancel"),
        "import": ("Record a batch that was made elsewhere.", "import_batch"),
        "lock": ("Look into the lockfile, and mend it.", "lock"),
        "unlock": ("Remove a run lock that was left behind.", "unlock"),
        "gc": ("Delete what the store no longer needs.", "gc"),
    },
    "Look around": {
        "batches": ("List the provider's batches, ours or not.", "batches"),
        "providers": ("Show the providers that batchctl knows.", "providers"),
        "serve": ("Run the local batch server for any client.", "serve"),
        "schema": ("Print a JSON Schema.", "schema"),
        "completion": ("Print a shell completion script.", "completion"),
    },
}

#: The variable by which a shell asks what to offer.
_COMPLETING = "_BATCHCTL_COMPLETE"

_ALL = {name: entry for section in COMMANDS.values() for name, entry in section.items()}


class Commands(Group):
    """Finds commands by name without loading the others."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_ALL)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _ALL:
            return None
        command = import_module(f"batchctl.shell.commands.{_ALL[cmd_name][1]}").command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]
                        ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in _ALL and not args[0].startswith("-"):
            from difflib import get_close_matches

            close = get_close_matches(args[0], _ALL, n=1)
            ctx.fail(f'no such command "{args[0]}"' + (f'; did you mean "{close[0]}"?' if close else ""))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, section in COMMANDS.items():
            with formatter.section(title):
                formatter.write_dl([(name, summary) for name, (summary, _) in section.items()], col_max=12)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[click.shell_completion.CompletionItem]:
        """From the table: completing a command's name loads none of them."""
        found = [click.shell_completion.CompletionItem(name, help=summary)
                 for name, (summary, _) in _ALL.items() if name.startswith(incomplete)]
        return found if not incomplete.startswith("-") else super().shell_complete(ctx, incomplete)


@group("batchctl", cls=Commands, examples=(
    "batchctl init labels", "batchctl plan -f labels", "batchctl apply -f labels --wait"))
@click.version_option(__version__, "-V", "--version", message="batchctl %(version)s")
@options.screen
def batchctl() -> None:
    """Declarative jobs over LLM batch APIs: a manifest says what to ask about which rows, `plan` shows what would be
    sent, and `apply` makes it so. Run again, it sends nothing twice.

    `batchctl COMMAND --help` tells more of each."""


def run(arguments: Sequence[str], terminal: Terminal) -> int:
    """Runs one command line and returns its exit code."""
    terminal.arguments = tuple(arguments)
    return exits.run(lambda: _invoked(arguments, terminal), terminal)


def _invoked(arguments: Sequence[str], terminal: Terminal) -> object:
    try:
        return batchctl.main(list(arguments), prog_name="batchctl", standalone_mode=False, obj=terminal)
    except OSError as error:
        # click writes help by itself.
        if error.filename is None and error.errno in (errno.ENOSPC, errno.EIO, errno.EPIPE):
            terminal.fail(error)
        raise


def main() -> None:
    """The console script."""
    if _COMPLETING in os.environ:
        completing.register()
    with exits.signals():
        code = run(sys.argv[1:], Terminal())
    sys.exit(code)
