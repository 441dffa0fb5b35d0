"""A person at a terminal, for tests: a program in a pseudo-terminal, what it shows, and what is typed."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.shell.conftest import environment


class Person:
    """Reads what the program shows, and types."""

    def __init__(self, process: subprocess.Popen[bytes], terminal: int) -> None:
        self.process = process
        self.screen = ""
        self._terminal = terminal

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

    def _read(self, timeout_s: float) -> bool:
        if not select.select([self._terminal], [], [], timeout_s)[0]:
            return False
        try:
            shown = os.read(self._terminal, 65536)
        except OSError:  # Linux: the other side is closed
            return False
        self.screen += shown.decode(errors="replace")
        return bool(shown)


@contextmanager
def typing_at(folder: Path, *arguments: str, stderr: int | None = None, **environ: str) -> Iterator[Person]:
    """The program with a terminal at stdin and stdout, and at stderr unless it goes elsewhere."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", _ENTERED, *arguments], cwd=folder, stdin=theirs, stdout=theirs,
        stderr=theirs if stderr is None else stderr, start_new_session=True,
        env=environment({"TERM": "xterm", "COLUMNS": "100", "NO_COLOR": "1", **environ}))
    os.close(theirs)
    try:
        yield Person(process, ours)
    finally:
        process.kill()
        process.wait()
        os.close(ours)


#: Makes the terminal the controlling one, so that ^C that is typed is a signal, and runs the program.
_ENTERED = """\
import fcntl, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
from batchctl.shell.cli import main
main()
"""
