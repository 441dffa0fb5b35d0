"""How a command is declared: its one-line summary, its examples and its exit codes are part of its help."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

from batchctl.shell.exits import MEANINGS
from batchctl.words.errors import ExitCode

Function = Callable[..., Any]

#: What may end any command.
_ANY = (ExitCode.BUG, ExitCode.HUNG_UP, ExitCode.INTERRUPTED, ExitCode.OUTPUT_CLOSED, ExitCode.TERMINATED)


def declared(name: str, *, examples: Sequence[str] = (), exits: Sequence[int] = (0, 1, 64), summary: str | None = None,
             grammar: str = "", stopped_by_signals: bool = False) -> Callable[[Function], click.Command]:
    """Makes a click command of a function whose docstring says what it does; the function gets the Terminal first.
    `exits` are those of its own: a bug or a signal may end any command, and `stopped_by_signals` is one for which that
    is a good end. `summary` stands in a group's list, and `grammar` explains the value of an option that has more to
    say than fits beside it."""
    always = _ANY[:1] if stopped_by_signals else _ANY

    def made(function: Function) -> click.Command:
        shown = "\n".join(["\b", "Examples:", *(f"  {example}" for example in examples)]) if examples else ""
        codes = "\n".join(["\b", "Exit codes:", *(f"  {code:<3} {MEANINGS[code]}" for code in (*exits, *always))])
        return click.command(
            name, short_help=summary, epilog="\n\n".join(filter(None, (grammar, shown, codes))), cls=Command,
            # One prefix for all commands: BATCHCTL_SETTLE means the same everywhere.
            context_settings={"auto_envvar_prefix": "BATCHCTL", "help_option_names": ["-h", "--help"]},
        )(click.pass_obj(function))
    return made


class Command(click.Command):
    """A command whose examples and exit codes stand in its help as they are written."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for paragraph in (self.epilog or "").split("\n\n"):
            formatter.write("\n" + paragraph.removeprefix("\b\n") + "\n")
