"""The one place where what went wrong becomes an exit code, and where signals become exceptions."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from types import FrameType

import click

from batchctl.act.shield import ENDING
from batchctl.show.redact import redacted
from batchctl.show.terminal import OutputClosed, OutputFailed, Terminal
from batchctl.words.diagnostics import Diagnostic
from batchctl.words.errors import BatchctlError, ExitCode

#: The published table, as `--help` shows it.
MEANINGS = {
    ExitCode.DONE: "done",
    ExitCode.FAILED: "failed",
    ExitCode.CHANGES: "there are changes (with --detailed-exitcode)",
    ExitCode.INCOMPLETE: "finished, but some requests failed for good or are held",
    ExitCode.RUNNING: "still running",
    ExitCode.REFUSED: "refused: stale plan, run lock, budget, unknown address, ambiguous remote",
    ExitCode.USAGE: "the command line is wrong",
    ExitCode.BUG: "a bug in batchctl",
    ExitCode.HUNG_UP: "the terminal was closed (SIGHUP)",
    ExitCode.INTERRUPTED: "interrupted (SIGINT)",
    ExitCode.OUTPUT_CLOSED: "whoever read the output has gone",
    ExitCode.TERMINATED: "terminated (SIGTERM)",
}


class Terminated(BaseException):
    """SIGTERM came."""


class HungUp(BaseException):
    """SIGHUP came: the terminal was closed, or the connection to it was lost."""


def run(main: Callable[[], object], terminal: Terminal) -> int:
    """Runs a command and returns its exit code, whatever it raises."""
    try:
        code = main()
        terminal.flush()
        return code if isinstance(code, int) else ExitCode.DONE
    except OutputClosed:
        # `batchctl plan | head`: what a shell shows for SIGPIPE, and nothing is said.
        terminal.abandon()
        return ExitCode.OUTPUT_CLOSED
    except (KeyboardInterrupt, click.Abort):
        _part("Interrupted", terminal)
        return ExitCode.INTERRUPTED
    except Terminated:
        _part("Terminated", terminal)
        return ExitCode.TERMINATED
    except HungUp:
        _part("Hung up", terminal)
        return ExitCode.HUNG_UP
    except click.ClickException as error:
        _show_usage(error, terminal)
        return ExitCode.USAGE
    except OutputFailed as error:
        terminal.abandon()
        terminal.diagnostics(error.diagnostics())
        return error.exit_code
    except BatchctlError as error:
        terminal.diagnostics(error.diagnostics())
        return error.exit_code
    except Exception as error:
        return _bug(error, terminal)


@contextlib.contextmanager
def signals() -> Iterator[None]:
    """The first signal that ends a run is raised in the main thread, so that files stay whole; the second ends at
    once. A SIGHUP that is ignored stays so: it is what nohup asks for."""
    raised = {signal.SIGINT: KeyboardInterrupt, signal.SIGTERM: Terminated}

    def interrupt(number: int, frame: FrameType | None) -> None:
        for each in before:
            signal.signal(each, _end_at_once)
        raise raised.get(signal.Signals(number), HungUp)

    before = {number: handler for number in ENDING
              if (handler := signal.getsignal(number)) is not signal.SIG_IGN or number in raised}
    for number in before:
        signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _part(why: str, terminal: Terminal) -> None:
    """Says what an end before the end leaves behind."""
    terminal.err(f"{why}. {redacted(terminal.parting(), terminal.environ)}".rstrip() + "\n")


def _end_at_once(number: int, frame: FrameType | None) -> None:
    with contextlib.suppress(OSError):
        # What was being redrawn stays above the shell's prompt.
        os.write(2, b"\n" if os.isatty(2) else b"")
    # Every shell's code for a signal, and the published one.
    os._exit(128 + number)


def _show_usage(error: click.ClickException, terminal: Terminal) -> None:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        terminal.err(error.format_message() + "\n")
        return
    context = getattr(error, "ctx", None)
    notes = (f"try `{context.command_path} --help`",) if context is not None else ()
    if "unexpected extra argument" in error.format_message() and _takes_manifests(context):
        notes = ("manifests are named with -f FILE", *notes)
    # click sets lists of choices on lines of their own.
    message = " ".join(error.format_message().split())
    terminal.diagnostics([Diagnostic("usage", message[:1].lower() + message[1:].removesuffix("."), notes=notes)])


def _takes_manifests(context: click.Context | None) -> bool:
    return context is not None and any("-f" in option.opts for option in context.command.params)


def _bug(error: BaseException, terminal: Terminal) -> int:
    import traceback

    trace = redacted("".join(traceback.format_exception(error)), terminal.environ)
    name = type(error).__name__
    if terminal.verbose:
        terminal.err(trace)
        where = "The traceback is above."
    elif terminal.logs:
        where = "The traceback is in the log file."
    else:
        where = f"The traceback is in {saved}." if (saved := _saved(trace)) else "-v shows the traceback."
    terminal.log(trace)
    terminal.diagnostics([Diagnostic("bug", f"batchctl has a bug ({name})", notes=(
        where, "What was recorded and paid for is safe: the next run goes on from there."))])
    return ExitCode.BUG


def _saved(trace: str) -> str | None:
    """The file that keeps a traceback, readable by its owner only."""
    import platform
    import tempfile

    from batchctl import __version__

    try:
        descriptor, path = tempfile.mkstemp(prefix="batchctl-bug-", suffix=".log")
        with open(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"batchctl {__version__}, Python {sys.version}, {platform.platform()}\n\n{trace}")
    except OSError:
        return None
    return path
