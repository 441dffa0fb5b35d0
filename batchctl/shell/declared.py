"""How a command is declared: its one-line summary, its exit codes and its examples are part of its help."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

from batchctl.shell.exits import MEANINGS
from batchctl.words.errors import ExitCode

Function = Callable[..., Any]

#: What may end any command.
_ANY = (ExitCode.BUG, ExitCode.HUNG_UP, ExitCode.INTERRUPTED, ExitCode.OUTPUT_CLOSED, ExitCode.TERMINATED)

_HELP = {"help_option_names": ["-h", "--help"]}


def declared(name: str, *, examples: Sequence[str], exits: Sequence[int] = (0, 1, 64), summary: str | None = None,
             grammar: str = "", stopped_by_signals: bool = False) -> Callable[[Function], Command]:
    """Makes a click command of a function whose docstring says what it does; the function gets the Terminal first.
    `exits` are those of its own: a bug or a signal may end any command, and `stopped_by_signals` is one for which that
    is a good end. `summary` stands in a group's list, and `grammar` explains the value of an option that has more to
    say than fits beside it. `examples` are whole lines, as they are typed."""
    always = _ANY[:1] if stopped_by_signals else _ANY

    def made(function: Function) -> Command:
        codes = "\n".join(["Exit codes:", *(f"  {code:<3} {MEANINGS[code]}" for code in (*exits, *always))])
        command = click.command(
            name, short_help=summary, epilog="\n\n".join(filter(None, (grammar, codes))), cls=Command,
            # One prefix for all commands: BATCHCTL_SETTLE means the same everywhere.
            context_settings={"auto_envvar_prefix": "BATCHCTL", **_HELP},
        )(click.pass_obj(function))
        command.examples = tuple(examples)
        return command
    return made


class _Exemplified(click.Command):
    """A command whose help ends with paragraphs that stand as they are written, the examples last."""

    examples: tuple[str, ...] = ()

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for paragraph in filter(None, (self.epilog or "").split("\n\n")):
            formatter.write("\n" + paragraph.removeprefix("\b\n") + "\n")
        if self.examples:
            formatter.write("\nExamples:\n" + "".join(f"  {example}\n" for example in self.examples))


class Command(_Exemplified):
    """A command that does something."""


class Group(_Exemplified, click.Group):
    """A command that holds others."""


def group(name: str, *, examples: Sequence[str], cls: type[Group] = Group) -> Callable[[Function], Group]:
    """Makes a group of a function whose docstring says what its commands are about."""
    def made(function: Function) -> Group:
        command = click.group(name, cls=cls, context_settings=_HELP)(function)
        command.examples = tuple(examples)
        return command
    return made
