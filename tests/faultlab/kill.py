"""Deaths of the client: at the n-th call to the provider or the n-th file operation, and nothing works after it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faultlab.provider import FakeProvider, Killed

_FILE_EVENTS = frozenset({"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "shutil.rmtree"})
_armed: list[Callable[[str, tuple[Any, ...]], None]] = []


def _hook(event: str, args: tuple[Any, ...]) -> None:
    if _armed and event in _FILE_EVENTS:
        _armed[-1](event, args)


sys.addaudithook(_hook)


@dataclass
class Death:
    """Raises Killed at one point, and again at all that come after: a dead process does not clean up.

    `at` counts from 0 over the calls (`calls` True) or over the writing file operations below `folder`. `after` is for
    calls: the provider carries out the call, and its answer is lost. `happened` tells whether the point was reached.
    """

    provider: FakeProvider
    folder: Path
    at: int
    calls: bool
    after: bool = False
    happened: bool = False
    _seen: int = 0

    def __enter__(self) -> Death:
        _armed.append(self._on_file)
        self.provider.fault = self._on_call
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> bool:
        _armed.pop()
        self.provider.fault = None
        return kind is not None and issubclass(kind, Killed)

    def _on_call(self, number: int, method: str, path: str, done: bool) -> None:
        if self.calls and done is self.after:
            self._count()
        elif self.happened:
            raise Killed

    def _on_file(self, event: str, args: tuple[Any, ...]) -> None:
        if not str(args[0] if args else "").startswith(os.fspath(self.folder)):
            return
        if event == "open" and isinstance(args[1], str) and args[1].startswith("r"):
            return
        if event == "open" and not isinstance(args[1], str) and not args[2] & (os.O_WRONLY | os.O_RDWR):
            return
        if self.happened:
            raise Killed
        if not self.calls:
            self._count()

    def _count(self) -> None:
        if self.happened or self._seen == self.at:
            self.happened = True
            raise Killed
        self._seen += 1
