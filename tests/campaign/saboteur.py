"""Kills a process at its n-th file operation or send, or lets that operation fail. Lives in the process itself, around
the standard library: the product has no hooks."""

from __future__ import annotations

import builtins
import fcntl
import io
import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

_PATHS = ("rename", "replace", "unlink", "remove", "mkdir", "rmdir", "truncate", "link", "symlink", "chmod")
_DESCRIPTORS = ("write", "fsync", "fdatasync", "ftruncate", "fchmod")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class Saboteur:
    """Counts operations, and acts at number `at` (from 0); with `for_good` at every one that comes after as well.

    `error` is the errno to fail with; without one the process is killed. `seen` is a file that gets a line for each
    operation that was acted on, so that a test knows how far the sweep must go.
    """

    def __init__(self, at: int, error: int | None, for_good: bool, seen: str) -> None:
        self._at = at
        self._error = error
        self._for_good = for_good
        self._descriptor = os.open(seen, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._count = 0
        self._write = os.write

    def point(self, what: str) -> None:
        """Called before each operation. Raises OSError, or does not come back."""
        number, self._count = self._count, self._count + 1
        if number < self._at or (number > self._at and not self._for_good):
            return
        self._write(self._descriptor, (what + "\n").encode())
        if self._error is None:
            os.kill(os.getpid(), signal.SIGKILL)
        else:
            raise OSError(self._error, os.strerror(self._error))


def sabotage(kind: str, folder: str, at: int, seen: str, error: int | None = None, for_good: bool = False) -> None:
    """`kind`: `files` (what writes below `folder`) or `sends` (what leaves through a socket)."""
    saboteur = Saboteur(at, error, for_good, seen)
    if kind == "sends":
        _wrap_sends(saboteur.point)
    else:
        _wrap_files(Path(folder), saboteur.point)


def _wrap_sends(point: Callable[[str], None]) -> None:
    send, sendall = socket.socket.send, socket.socket.sendall

    def watched(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(self: socket.socket, data: Any, *rest: Any) -> Any:
            if self.family != socket.AF_UNIX:
                point(f"send {len(data)} bytes")
            return original(self, data, *rest)

        return call

    socket.socket.send = watched(send)  # type: ignore[method-assign]
    socket.socket.sendall = watched(sendall)  # type: ignore[method-assign]


def _wrap_files(folder: Path, point: Callable[[str], None]) -> None:
    def inside(where: Any) -> bool:
        if isinstance(where, int):
            try:
                where = os.readlink(f"/proc/self/fd/{where}")
            except OSError:
                return False
            if not where.startswith("/"):
                return False  # a pipe or a socket
        return Path(os.path.abspath(os.fspath(where))).is_relative_to(folder)

    def watched(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def call(where: Any, *rest: Any, **named: Any) -> Any:
            if inside(where):
                point(f"{name} {where}")
            return original(where, *rest, **named)

        return call

    for name in (*_PATHS, *_DESCRIPTORS):
        setattr(os, name, watched(name, getattr(os, name)))
    for name in ("flock", "lockf"):
        setattr(fcntl, name, watched(name, getattr(fcntl, name)))
    opens = os.open

    def open_descriptor(where: Any, flags: int, *rest: Any, **named: Any) -> int:
        if flags & _WRITING and inside(where):
            point(f"open {where}")
        return opens(where, flags, *rest, **named)

    os.open = open_descriptor
    _wrap_open(inside, point)


def _wrap_open(inside: Callable[[Any], bool], point: Callable[[str], None]) -> None:
    """`open` for writing gives files whose writes are counted too."""
    original = io.open

    class Watched(io.FileIO):
        def write(self, data: Any, /) -> int:
            point(f"write {self.name!r} {len(data)} bytes")
            return super().write(data)

    def opened(file: Any, mode: str = "r", buffering: int = -1, *rest: Any, **named: Any) -> Any:
        if set(mode).isdisjoint("wax+") or not inside(file):
            return original(file, mode, buffering, *rest, **named)
        if not isinstance(file, int):
            point(f"open {file}")
        raw = Watched(file, mode.replace("b", "").replace("t", ""), closefd=named.pop("closefd", True))
        if buffering == 0:
            return raw
        size = buffering if buffering > 1 else io.DEFAULT_BUFFER_SIZE
        made = io.BufferedRandom(raw, size) if "+" in mode else io.BufferedWriter(raw, size)
        return made if "b" in mode else io.TextIOWrapper(made, *rest, **named)

    io.open = opened
    builtins.open = opened  # type: ignore[assignment]
