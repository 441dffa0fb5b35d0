"""The run lock: one apply at a time in a store, let go by the kernel however its holder ends."""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import secrets
import socket
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import filelock

from batchctl.recorded import durable
from batchctl.words.errors import Refused, RunLockHeld, StateError


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a run lock. `id` is what `batchctl unlock` asks for."""

    id: str
    operation: str
    who: str
    pid: int
    since: str

    def __str__(self) -> str:
        return f"{self.operation} by {self.who} (pid {self.pid}) since {self.since}, lock id {self.id}"


class RunLock:
    """Held for one pass. The lock is on a file of its own that is never renamed: a lock on the lockfile itself
    would be lost with each replacement."""

    def __init__(self, store: Path, operation: str, *, timeout_s: float = 60.0,
                 sleep: Callable[[float], None] = time.sleep,
                 clock: Callable[[], float] = time.monotonic) -> None:
        self._path = store / "run.lock"
        self._info = store / "run.lock.json"
        self._operation = operation
        self._id = secrets.token_hex(8)
        self._timeout_s = timeout_s
        self._sleep = sleep
        self._clock = clock
        self._lock = filelock.FileLock(self._path, thread_local=False)

    def __enter__(self) -> RunLock:
        """Waits up to the timeout. Raises RunLockHeld, naming the holder; StateError where no lock can be made."""
        deadline = self._clock() + self._timeout_s
        wait_s = 0.05
        try:
            while not self._try():
                if self._clock() >= deadline:
                    raise RunLockHeld(_held(self._info))
                self._sleep(min(wait_s, max(0.0, deadline - self._clock())))
                wait_s = min(wait_s * 2, 1.0)
            self._mark()
        except OSError as error:
            self._let_go()
            raise StateError(f"no run lock can be made in {self._path.parent}: {error.strerror or error}") from error
        except BaseException:
            self._let_go()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None = None, *rest: object) -> None:
        try:
            holder = holder_of(self._path.parent)
            if holder is not None and holder.id == self._id:
                with contextlib.suppress(OSError):
                    self._info.unlink()
        finally:
            refusal = self._let_go()
        if refusal is not None and kind is None:
            raise StateError(f"the run lock in {self._path.parent} cannot be released before this process ends: "
                             f"{refusal.strerror or refusal}") from refusal

    def _let_go(self) -> OSError | None:
        try:
            self._lock.release()
        except OSError as refusal:
            return refusal
        return None

    def check(self) -> None:
        """Raises Refused when somebody forced this lock open: from then on nothing may be changed."""
        holder = holder_of(self._path.parent)
        if holder is None or holder.id != self._id:
            raise Refused("the run lock was forced open by someone else; this run changes nothing more")

    def _try(self) -> bool:
        try:
            self._lock.acquire(blocking=False)
        except filelock.Timeout:
            return False
        return True

    def _mark(self) -> None:
        since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        holder = Holder(self._id, self._operation, _who(), os.getpid(), since)
        durable.write(self._info, (json.dumps(asdict(holder), indent=2) + "\n").encode())


def holder_of(store: Path) -> Holder | None:
    """Who is recorded as the holder; the record may be left over from a killed process."""
    try:
        return Holder(**json.loads((store / "run.lock.json").read_text()))
    except (OSError, ValueError, TypeError):
        return None


def unlock(store: Path, lock_id: str) -> bool:
    """Removes the lock with this id. True where a living holder was cut off, False where it was only a leftover.

    Raises Refused when there is no such lock.
    """
    holder = holder_of(store)
    if holder is None:
        raise Refused("there is no run lock here")
    if holder.id != lock_id:
        raise Refused(f"the run lock here has another id: {holder}")
    path = store / "run.lock"
    probe = filelock.FileLock(path, thread_local=False)
    try:
        probe.acquire(blocking=False)
        held = False
        probe.release()
    except filelock.Timeout:
        held = True
        path.unlink(missing_ok=True)
    (store / "run.lock.json").unlink(missing_ok=True)
    return held


def _held(info: Path) -> str:
    holder = holder_of(info.parent)
    if holder is None:
        return f"another batchctl holds the run lock {info.with_suffix('')}"
    return f"the run lock is held: {holder}; if that run is gone for good: batchctl unlock {holder.id}"


def _who() -> str:
    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        user = str(os.getuid()) if hasattr(os, "getuid") else "unknown"
    return f"{user}@{socket.gethostname()}"
