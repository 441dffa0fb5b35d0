"""The terminal: results go to stdout, all else to stderr, and a log file may have it all."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TextIO

from batchctl.show.annotations import annotation_text, harmless, read_by_runner
from batchctl.show.colour import Palette, wants_colour
from batchctl.show.diagnostics import diagnostic_text
from batchctl.show.redact import redacted
from batchctl.show.safe import safe_lines
from batchctl.words.diagnostics import Diagnostic
from batchctl.words.errors import BatchctlError, UsageError

#: Where nobody says how wide a line may be.
_COLUMNS = 80


class OutputClosed(Exception):
    """Whoever read stdout has gone."""


class OutputFailed(BatchctlError):
    """Results cannot be written to stdout: the disk is full, for one."""

    code = "output"


class Terminal:
    """Where a command writes. `color` and `verbose` are set from options as they are read; `arguments` are the command
    line as it was typed, and `parting` says, while something is under way, what an interrupt leaves behind and how to
    go on."""

    def __init__(self, environ: Mapping[str, str] = os.environ, *, stdin: TextIO | None = None,
                 stdout: TextIO | None = None, stderr: TextIO | None = None) -> None:
        self.environ = environ
        self.color = "auto"
        self.verbose = False
        self.arguments: tuple[str, ...] = ()
        self.parting: Callable[[], str] = str
        #: Writes text above what is redrawn on stderr, while something is.
        self.above: Callable[[str], None] | None = None
        self._stdin = stdin or sys.stdin
        self._stdout = stdout or sys.stdout
        self._stderr = stderr or sys.stderr
        self._log: TextIO | None = None
        for stream in (self._stdout, self._stderr):
            if isinstance(stream, io.TextIOWrapper):
                # A locale that lacks a character must not end a run.
                stream.reconfigure(errors="backslashreplace")

    @property
    def paint(self) -> Palette:
        """For stdout."""
        return Palette(wants_colour(self.color, self.environ, _is_terminal(self._stdout)))

    @property
    def paint_err(self) -> Palette:
        """For stderr."""
        return Palette(wants_colour(self.color, self.environ, _is_terminal(self._stderr)))

    @property
    def asks(self) -> bool:
        """Somebody sees the question and can answer it: stderr and stdin are terminals, and this is no CI."""
        return _is_terminal(self._stdin) and _is_terminal(self._stderr) and not self.environ.get("CI")

    @property
    def is_live(self) -> bool:
        """stderr can show progress that redraws itself."""
        return (_is_terminal(self._stderr) and not self.environ.get("CI") and self.environ.get("TERM") != "dumb")

    @property
    def columns(self) -> int:
        """How wide stdout is; 80 where nobody says."""
        return self.room or _COLUMNS

    @property
    def room(self) -> int | None:
        """How wide a line of stdout may be: as COLUMNS says, else the terminal. None where it is none: what is piped is
        cut nowhere."""
        said = self.environ.get("COLUMNS", "")
        if said.isascii() and said.isdigit() and int(said):
            return int(said)
        try:
            return os.get_terminal_size(self._stdout.fileno()).columns or None
        except (OSError, ValueError, AttributeError):
            return None

    @property
    def rows(self) -> int | None:
        """How many lines a screen has for what stdout shows, above the next prompt. None where it is none."""
        if not _is_terminal(self._stdout):
            return None
        try:
            return max(0, os.get_terminal_size(self._stdout.fileno()).lines - 1) or None
        except (OSError, ValueError, AttributeError):
            return None

    @property
    def stderr(self) -> TextIO:
        return self._stderr

    def out(self, text: str) -> None:
        """A result. Raises OutputClosed or OutputFailed."""
        with _told():
            self._stdout.write(text)

    def out_bytes(self, data: bytes) -> None:
        """A result as it is, whole lines of it; on a screen with every control character made visible, as models and
        rows may say anything. Raises OutputClosed or OutputFailed."""
        if _is_terminal(self._stdout):
            self.out("\n".join(safe_lines(data.decode(errors="replace"))))
            return
        buffer = getattr(self._stdout, "buffer", None)
        with _told():
            if buffer is None:
                self._stdout.write(data.decode(errors="replace"))
            else:
                self._stdout.flush()
                buffer.write(data)

    def err(self, text: str) -> None:
        """Anything else; nobody listening is no reason to stop."""
        if self.above is not None:
            self.above(text)
            return
        self._write_err(harmless(text) if read_by_runner(self.environ) else text)

    def _write_err(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stderr.write(text)
            self._stderr.flush()

    def diagnostics(self, findings: Iterable[Diagnostic]) -> None:
        """Shows findings on stderr, for a runner of GitHub Actions beside their lines too, and logs them."""
        found = tuple(findings)
        self.err(diagnostic_text(found, self.paint_err))
        if read_by_runner(self.environ):
            self._write_err(annotation_text(found, self.environ.get("GITHUB_WORKSPACE")))
        for finding in found:
            self.log(str(finding))

    def ask(self, question: str) -> str:
        """A line from the terminal, without its newline; empty at its end."""
        self.flush()
        self.err(question)
        answer = self._stdin.readline()
        if not answer.endswith("\n"):
            self.err("\n")
        return answer.rstrip("\n")

    def flush(self) -> None:
        """Raises OutputClosed or OutputFailed."""
        with _told():
            self._stdout.flush()

    def fail(self, error: OSError) -> None:
        """Raises OutputClosed or OutputFailed for what somebody else could not write to stdout."""
        with _told():
            raise error

    def abandon(self) -> None:
        """Nothing more can be written to stdout: the interpreter must not try when it ends."""
        with contextlib.suppress(OSError, ValueError, AttributeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stdout.fileno())

    def log_to(self, path: Path) -> None:
        """Appends everything that happens to a file that only its owner can read. Raises UsageError."""
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError as error:
            raise UsageError(f"the log file {path} cannot be written: {error.strerror or error}") from error
        self._log = open(descriptor, "a", encoding="utf-8", errors="backslashreplace", buffering=1)  # noqa: SIM115

    @property
    def logs(self) -> bool:
        return self._log is not None

    def log(self, text: str) -> None:
        """One entry of the log file, where there is one."""
        if self._log is not None:
            stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            with contextlib.suppress(OSError):
                self._log.write(f"{stamp} {redacted(text, self.environ)}\n")


@contextlib.contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise OutputClosed from None
    except OSError as error:
        raise OutputFailed(f"the output cannot be written: {error.strerror or error}") from None


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except (AttributeError, ValueError):
        return False
