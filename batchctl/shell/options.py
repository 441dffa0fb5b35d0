"""Options that several commands share, as decorators."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from batchctl.shell import completing
from batchctl.show.terminal import Terminal

Function = Callable[..., Any]

if TYPE_CHECKING:
    _Number = click.ParamType[float]
else:
    _Number = click.ParamType

PATH = click.Path(path_type=Path)


class Seconds(_Number):
    """A number of seconds, zero or more; `positive`: more than zero."""

    name = "seconds"

    def __init__(self, *, positive: bool = False) -> None:
        self._positive = positive

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            made = float(value)
        except ValueError:
            made = math.nan
        if not (made > 0 or (made == 0 and not self._positive)):
            self.fail(f"{value!r} is no number of seconds{' above 0' if self._positive else ''}", param, ctx)
        return made


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which manifests, with which variables, and which of their jobs; `trusted` are base URLs that a lockfile may
    name."""

    files: tuple[Path, ...] = ()
    lockfile: Path | None = None
    var: tuple[str, ...] = ()
    var_file: tuple[Path, ...] = ()
    target: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    workers: int | None = None
    trusted: tuple[str, ...] = ()


def screen(function: Function) -> Function:
    """-v, --log-file and --color; they are set on the Terminal before the command runs."""
    for option in (
        click.option("--color", type=click.Choice(["auto", "always", "never"]), expose_value=False, is_eager=True,
                     callback=_set_color, help="When to colour.  [default: auto]"),
        click.option("--log-file", type=PATH, metavar="FILE", expose_value=False, is_eager=True, callback=_set_log,
                     help="Append all that happens to FILE."),
        click.option("-v", "--verbose", is_flag=True, expose_value=False, is_eager=True, callback=_set_verbose,
                     help="Say more, and show tracebacks of bugs."),
    ):
        function = option(function)
    return function


def files(function: Function) -> Function:
    """-f and --lockfile alone, for commands that read no manifest."""
    @functools.wraps(function)
    def wrapped(*args: Any, file: tuple[Path, ...], lockfile: Path | None, **rest: Any) -> Any:
        return function(*args, chosen=Chosen(files=file, lockfile=lockfile), **rest)

    return _file(_lockfile(wrapped))


def manifests(function: Function) -> Function:
    """Everything that chooses jobs; the command gets it as `chosen`."""
    @functools.wraps(function)
    def wrapped(*args: Any, file: tuple[Path, ...], lockfile: Path | None, var: tuple[str, ...],
                var_file: tuple[Path, ...], target: tuple[str, ...], exclude: tuple[str, ...], workers: int | None,
                **rest: Any) -> Any:
        return function(*args, chosen=Chosen(file, lockfile, var, var_file, target, exclude, workers), **rest)

    made: Function = wrapped
    for option in (
        click.option("--workers", type=click.IntRange(1, 256), metavar="N", help="Processes that render.  [default: "
                     "by the size of the inputs]"),
        click.option("--exclude", multiple=True, metavar="NAME", shell_complete=completing.jobs,
                     help="Leave this job out; may be repeated."),
        click.option("--target", multiple=True, metavar="NAME", shell_complete=completing.jobs,
                     help="Only this job; may be repeated."),
        click.option("--var-file", multiple=True, type=PATH, metavar="FILE",
                     help="Variables from a YAML or JSON file."),
        click.option("--var", multiple=True, metavar="NAME=VALUE", help="Set one of the manifest's vars, as text."),
    ):
        made = option(made)
    return _file(_lockfile(made))


def trust(function: Function) -> Function:
    """--trust-url, below `manifests` or `files`: for commands that ask providers which only the lockfile knows."""
    @functools.wraps(function)
    def wrapped(*args: Any, chosen: Chosen, trust_url: tuple[str, ...], **rest: Any) -> Any:
        return function(*args, chosen=replace(chosen, trusted=trust_url), **rest)

    return click.option(
        "--trust-url", multiple=True, metavar="URL", help="Ask a provider that only the lockfile names, at this "
        "base URL, with the key that it wants; may be repeated.")(wrapped)


def view(*formats: str) -> Callable[[Function], Function]:
    """--format; the first one is the default."""
    return click.option("--format", "form", type=click.Choice(formats), default=formats[0], show_default=True,
                        help="What to print on stdout.")


run_lock = click.option(
    "--run-lock-timeout", type=Seconds(), default=60.0, metavar="SECONDS",
    help="How long to wait for another apply to let go of the run lock.  [default: 60]")

settle = click.option(
    "--settle", type=Seconds(), default=60.0, metavar="SECONDS",
    help="How long the provider's list must be silent before an unanswered create is sent again.  [default: 60]")

poll_interval = click.option(
    "--poll-interval", type=Seconds(positive=True), metavar="SECONDS",
    help="How long to wait between two looks.  [default: grows from 5 to 60]")

timeout = click.option(
    "--timeout", type=Seconds(), metavar="SECONDS", help="Give up waiting after so long (exit code 4).")

auto_approve = click.option("--auto-approve", is_flag=True, help="Do not ask before sending, retrying or cancelling.")


def detailed_exitcode(meaning: str) -> Callable[[Function], Function]:
    return click.option("--detailed-exitcode", is_flag=True, help=meaning)


_file = click.option("-f", "--file", multiple=True, type=PATH, metavar="FILE|DIR",
                     help="A manifest, or a folder of them; may be repeated.  [default: job.yaml]")

_lockfile = click.option("--lockfile", type=PATH, metavar="PATH",
                         help="The lockfile of a single manifest, where it is not beside it.")


def _set_color(context: click.Context, _: click.Parameter, value: str | None) -> None:
    if value is not None and not context.resilient_parsing:
        context.ensure_object(Terminal).color = value


def _set_log(context: click.Context, _: click.Parameter, value: Path | None) -> None:
    # A shell that completes a word parses the line, too, and opens nothing.
    if value is not None and not context.resilient_parsing:
        context.ensure_object(Terminal).log_to(value)


def _set_verbose(context: click.Context, _: click.Parameter, value: bool) -> None:
    if value and not context.resilient_parsing:
        context.ensure_object(Terminal).verbose = True
