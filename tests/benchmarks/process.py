"""One command as a process of its own, and what it cost: wall time, CPU time, and memory at its peak."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

#: Seconds between two looks at the memory of all processes together.
_LOOK_S = 0.05

#: `ru_maxrss` is in KiB on Linux, and in bytes on macOS.
_MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024
_PROC = Path("/proc")


class CommandFailed(Exception):
    """A command that was to be measured ended with another exit code than it should."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What one run cost. `rss` is the peak, in bytes, of the largest process; `sum_rss` that of the process and its
    descendants at one moment (None where the system does not show it)."""

    wall_s: float
    cpu_s: float
    rss: int
    sum_rss: int | None


def measure(
    command: Sequence[str], *, cwd: Path | None = None, env: Mapping[str, str] | None = None, exit_code: int = 0,
) -> tuple[Usage, bytes]:
    """Runs a command to its end: what it cost, and what it wrote to stdout. Raises CommandFailed.

    CPU seconds count the descendants that were waited for; one that outlives the command does not count. This process
    should stay small, as a child's peak starts at what its parent had when it began.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        start = time.monotonic()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd=cwd, env=env)
        with _Watch(process.pid) as watch:
            _, status, spent = os.wait4(process.pid, 0)
        wall_s = time.monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(status)  # Popen would wait for it again
        out.seek(0)
        err.seek(0)
        printed = out.read()
        if process.returncode != exit_code:
            said = (err.read() or printed)[-2000:].decode("utf-8", "replace")
            raise CommandFailed(f"{' '.join(command)}\nended with {process.returncode}:\n{said}")
    usage = Usage(wall_s, spent.ru_utime + spent.ru_stime, spent.ru_maxrss * _MAXRSS_UNIT, watch.peak)
    return usage, printed


class _Watch:
    """Looks at the memory of a process and its descendants now and then, while its context lasts."""

    def __init__(self, pid: int) -> None:
        self.peak: int | None = None
        self._pid = pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> _Watch:
        if (_PROC / "self" / "task").exists():
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(_LOOK_S):
            self.peak = max(self.peak or 0, _resident(self._pid) * os.sysconf("SC_PAGE_SIZE"))


def _resident(pid: int, of_parent: str = "") -> int:
    """Pages of a process and its descendants, as far as they can be seen. One that is just being made still has the
    memory of its parent, which is not counted twice."""
    try:
        memory = (_PROC / f"{pid}/statm").read_text()
        children = (_PROC / f"{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return 0
    own = int(memory.split()[1]) if memory != of_parent else 0
    return own + sum(_resident(int(child), memory) for child in children)
