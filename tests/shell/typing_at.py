"""A person at a terminal, for tests: a program in a pseudo-terminal, what it shows, and what is typed."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pyte

from tests.shell.conftest import environment


class Person:
    """Reads what the program shows, and types."""

    def __init__(self, process: subprocess.Popen[bytes], terminal: int, columns: int, rows: int) -> None:
        self.process = process
        self.screen = ""
        self._terminal = terminal
        self._display = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._display)

    @property
    def display(self) -> list[str]:
        """What stands on the screen now, line by line, without the empty lines below."""
        lines = [line.rstrip() for line in self._display.display]
        while lines and not lines[-1]:
            lines.pop()
        return lines

    @property
    def is_there(self) -> bool:
        """The terminal is not closed yet."""
        return self._terminal >= 0

    @property
    def cursor_is_shown(self) -> bool:
        return not self._display.cursor.hidden

    def watches(self, seconds: float) -> None:
        """Looks at the screen for a while."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self._read(min(left, 0.1))

    def sees(self, text: str, timeout_s: float = 20) -> None:
        """Waits until the text was shown."""
        deadline = time.monotonic() + timeout_s
        while text not in self.screen:
            assert time.monotonic() < deadline, self.screen
            assert self._read(0.1) or self.process.poll() is None, self.screen

    def types(self, text: str) -> None:
        os.write(self._terminal, text.encode())

    def ends(self, timeout_s: float = 20) -> int:
        """Waits for the program's end, and returns its exit code."""
        deadline = time.monotonic() + timeout_s
        while self.process.poll() is None:
            assert time.monotonic() < deadline, self.screen
            self._read(0.1)
        while self._read(0):
            pass
        return self.process.returncode

    def hangs_up(self) -> None:
        """Closes the terminal."""
        os.close(self._terminal)
        self._terminal = -1

    def _read(self, timeout_s: float) -> bool:
        if not select.select([self._terminal], [], [], timeout_s)[0]:
            return False
        try:
            shown = os.read(self._terminal, 65536)
        except OSError:  # Linux: the other side is closed
            return False
        self.screen += shown.decode(errors="replace")
        self._stream.feed(shown)
        return bool(shown)


@contextmanager
def at_terminal(command: Sequence[str], folder: Path, environ: dict[str, str], *, stdout: int | None = None,
                stderr: int | None = None, size: tuple[int, int] = (100, 40)) -> Iterator[Person]:
    """A program with a terminal at stdin, and at stdout and stderr unless they go elsewhere; `size` is that of the
    terminal in columns and rows."""
    columns, rows = size
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-c", _ENTERED, *command], cwd=folder, start_new_session=True, stdin=theirs,
        stdout=theirs if stdout is None else stdout, stderr=theirs if stderr is None else stderr,
        env=environment({"TERM": "xterm", "NO_COLOR": "1", **environ}))
    os.close(theirs)
    person = Person(process, ours, columns, rows)
    try:
        yield person
    finally:
        process.kill()
        process.wait()
        if person.is_there:
            os.close(ours)


def typing_at(folder: Path, *arguments: str, stdout: int | None = None, stderr: int | None = None,
              size: tuple[int, int] = (100, 40), hang_up_ignored: bool = False, **environ: str
              ) -> AbstractContextManager[Person]:
    """The program at a terminal. `hang_up_ignored`: as below nohup."""
    program = _IGNORING + _PROGRAM if hang_up_ignored else _PROGRAM
    return at_terminal([sys.executable, "-c", program, *arguments], folder, environ, stdout=stdout, stderr=stderr,
                       size=size)


_IGNORING = "import signal\nsignal.signal(signal.SIGHUP, signal.SIG_IGN)\n"

_PROGRAM = "from batchctl.shell.cli import main\nmain()\n"

#: Makes the terminal the controlling one, so that ^C that is typed is a signal, and becomes the command.
_ENTERED = """\
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execvp(sys.argv[1], sys.argv[1:])
"""
