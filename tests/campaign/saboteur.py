"""Kills a process at its n-th file operation or send, or lets that operation fail or do half its work.

Lives in the process itself, around the standard library: the product has no hooks.
"""

from __future__ import annotations

import builtins
import fcntl
import io
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_PATHS = ("rename", "replace", "unlink", "remove", "mkdir", "rmdir", "truncate", "link", "symlink", "chmod")
_DESCRIPTORS = ("fsync", "fdatasync", "ftruncate", "fchmod")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


@dataclass
class Saboteur:
    """Counts operations, and acts at number `at` (from 0); with `for_good` at every one that comes after as well.

    `error` is the errno to fail with; without one the process is killed. With `short` only writes count, and the n-th
    takes half of its bytes. `seen` has what was acted on, and is empty when the work ended before.
    """

    at: int
    error: int | None = None
    for_good: bool = False
    short: bool = False
    seen: list[str] = field(default_factory=list)
    _count: int = 0

    def point(self, what: str) -> None:
        """Called before each operation. Raises OSError, or does not come back."""
        if self.short or not self._due(what):
            return
        if self.error is None:
            os.kill(os.getpid(), signal.SIGKILL)
        else:
            raise OSError(self.error, os.strerror(self.error))

    def taken(self, what: str, size: int) -> int:
        """Called before each write: how many of its bytes it may take."""
        self.point(what)
        return (size + 1) // 2 if self.short and size > 1 and self._due(what) else size

    def _due(self, what: str) -> bool:
        number, self._count = self._count, self._count + 1
        if number < self.at or (number > self.at and not self.for_good):
            return False
        self.seen.append(what)
        return True


class Noted(list[str]):
    """What a process that may be killed has seen: each line is in the file before the next thing happens."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._write = os.write

    def append(self, line: str) -> None:
        super().append(line)
        self._write(self._descriptor, (line + "\n").encode())


@contextmanager
def sends(saboteur: Saboteur) -> Iterator[None]:
    """What leaves through sockets."""

    def watched(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(self: socket.socket, data: Any, *rest: Any) -> Any:
            if self.family != socket.AF_UNIX:
                saboteur.point(f"send {len(data)} bytes")
            return original(self, data, *rest)

        return call

    with _replaced((socket.socket, name, watched(getattr(socket.socket, name))) for name in ("send", "sendall")):
        yield


@contextmanager
def files(saboteur: Saboteur, folder: Path) -> Iterator[None]:
    """What changes something below `folder`."""
    inside = _below(folder)

    def watched(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def call(where: Any, *rest: Any, **named: Any) -> Any:
            if inside(where):
                saboteur.point(f"{name} {where}")
            return original(where, *rest, **named)

        return call

    opens, writes = os.open, os.write

    def open_descriptor(where: Any, flags: int, *rest: Any, **named: Any) -> int:
        if flags & _WRITING and inside(where):
            saboteur.point(f"open {where}")
        return opens(where, flags, *rest, **named)

    def write(descriptor: int, data: Any) -> int:
        size = saboteur.taken(f"write {descriptor}", len(data)) if inside(descriptor) else len(data)
        return writes(descriptor, memoryview(data)[:size])

    flocks = fcntl.flock

    def lock(descriptor: int, operation: int) -> None:
        if inside(descriptor) and not operation & fcntl.LOCK_UN:  # a lock that nobody lets go goes with its process
            saboteur.point(f"flock {descriptor}")
        flocks(descriptor, operation)

    opened = _open(inside, saboteur)
    with _replaced((
        *((os, name, watched(name, getattr(os, name))) for name in (*_PATHS, *_DESCRIPTORS)),
        (fcntl, "flock", lock),
        (os, "open", open_descriptor), (os, "write", write), (io, "open", opened), (builtins, "open", opened),
    )):
        yield


def _below(folder: Path) -> Callable[[Any], bool]:
    def inside(where: Any) -> bool:
        if isinstance(where, int):
            try:
                where = os.readlink(f"/proc/self/fd/{where}")
            except OSError:
                return False
            if not where.startswith("/"):
                return False  # a pipe or a socket
        return Path(os.path.abspath(os.fspath(where))).is_relative_to(folder)

    return inside


def _open(inside: Callable[[Any], bool], saboteur: Saboteur) -> Callable[..., Any]:
    """`open`, which for writing gives files whose writes are counted."""
    original = io.open

    class Watched(io.FileIO):
        def write(self, data: Any, /) -> int:
            return super().write(memoryview(data)[:saboteur.taken(f"write {self.name!r}", len(data))])

    def opened(file: Any, mode: str = "r", buffering: int = -1, *rest: Any, **named: Any) -> Any:
        if set(mode).isdisjoint("wax+") or not inside(file):
            return original(file, mode, buffering, *rest, **named)
        if not isinstance(file, int):
            saboteur.point(f"open {file}")
        raw = Watched(file, mode.replace("b", "").replace("t", ""), closefd=named.pop("closefd", True))
        if buffering == 0:
            return raw
        size = buffering if buffering > 1 else io.DEFAULT_BUFFER_SIZE
        made = io.BufferedRandom(raw, size) if "+" in mode else io.BufferedWriter(raw, size)
        return made if "b" in mode else io.TextIOWrapper(made, *rest, **named)

    return opened


@contextmanager
def _replaced(changes: Any) -> Iterator[None]:
    """Sets attributes of modules and classes, `(owner, name, value)`, and gives them back."""
    before = []
    try:
        for owner, name, value in list(changes):
            before.append((owner, name, getattr(owner, name)))
            setattr(owner, name, value)
        yield
    finally:
        for owner, name, value in reversed(before):
            setattr(owner, name, value)
