"""The client's side: finds the server of a data folder or starts one, and holds on to it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from batchctl.server.folder import PROTOCOL, DataFolder, PortFile
from batchctl.server.lock import FolderLock
from batchctl.server.options import upstream_key_problem, upstream_problem

POLL_S = 0.02
ANSWER_TIMEOUT_S = 5.0
CONFLICT_PATIENCE_S = 3.0
LOG_TAIL_BYTES = 2_000
LOG_MAX_BYTES = 1024 * 1024
HEAD_MAX_BYTES = 64 * 1024
ALREADY_SERVED = 3
DIALECT = "local"

# Kept so that a server we started and that has ended can be reaped.
_children: list[subprocess.Popen[bytes]] = []


class LaunchError(Exception):
    """There is no server to be had on this data folder; the message says why."""


@dataclass(frozen=True, slots=True)
class LocalServer:
    """A running server and our lease on it: it stays up at least until `close`, or until we die."""

    base_url: str
    token: str = field(repr=False)
    _lease: socket.socket = field(repr=False)

    @property
    def is_up(self) -> bool:
        """Whether it still holds its end of the lease: the system lets go of it when a server is killed."""
        self._lease.setblocking(False)
        try:
            while self._lease.recv(4096):
                pass
        except BlockingIOError:
            return True
        except OSError:
            pass
        return False

    def close(self) -> None:
        """Gives up the lease. The server ends a second after the last one; its work is kept."""
        self._lease.close()
        _reap()

    def __enter__(self) -> LocalServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def connect(
    data: Path,
    *,
    upstream: str | None = None,
    upstream_key_env: str | None = None,
    concurrency: int = 8,
    run: bool,
    ask: bool = False,
    timeout_s: float = 20.0,
) -> LocalServer:
    """Joins the server of this folder, or starts one; with `run`, lines run for as long as it is held; with `ask`,
    single requests are to be answered, and lines stay where they are.

    Raises `LaunchError`: the folder cannot be used, the server does not start, or the one that is
    running has another upstream and other users.
    """
    if upstream is not None and (problem := upstream_problem(upstream)) is not None:
        raise LaunchError(problem)
    if (run or ask) and upstream_key_env is not None:
        problem = upstream_key_problem(upstream_key_env)
        if problem is not None:
            raise LaunchError(problem)
    folder = DataFolder(data.absolute())
    try:
        folder.prepare()
        with suppress(OSError):
            if folder.log.stat().st_size > LOG_MAX_BYTES:
                os.truncate(folder.log, 0)
        return _Attempt(folder, upstream, upstream_key_env, concurrency, run, ask, timeout_s).join()
    except OSError as error:
        raise LaunchError(f"cannot use {folder.root} for the local server: {error}") from error


class _Attempt:
    def __init__(
        self,
        folder: DataFolder,
        upstream: str | None,
        key_env: str | None,
        concurrency: int,
        run: bool,
        ask: bool,
        timeout_s: float,
    ) -> None:
        self._folder = folder
        self._upstream = upstream
        self._key_env = key_env
        self._concurrency = concurrency
        self._mode = "run" if run else "look"
        self._only_looks = not (run or ask)
        self._start = time.monotonic()
        self._timeout_s = timeout_s
        self._child: subprocess.Popen[bytes] | None = None

    def join(self) -> LocalServer:
        """Tries until it is in: a server may be about to end, or another client about to start one."""
        while (waited_s := time.monotonic() - self._start) < self._timeout_s:
            found = PortFile.read(self._folder.port_file)
            if found is not None:
                conflict = self._conflict(found)
                if conflict is None:
                    lease = _open_lease(found, self._mode)
                    if lease is not None:
                        return LocalServer(_base_url(found), found.token, lease)
                elif waited_s > CONFLICT_PATIENCE_S and self._is_served():
                    raise LaunchError(conflict)
            self._start_if_nobody_does()
            time.sleep(POLL_S)
        raise LaunchError(
            f"no server answered on {self._folder.root} within {self._timeout_s:g} s{self._said()}"
        )

    def _conflict(self, found: PortFile) -> str | None:
        if found.protocol != PROTOCOL:
            return f"a server of another version of batchctl (pid {found.pid}) is using {self._folder.root}"
        if found.dialect != DIALECT:
            return (
                f"the server that is using {self._folder.root} (pid {found.pid}) speaks the dialect"
                f" {found.dialect!r}, not {DIALECT!r}; end it, or start it with --dialect {DIALECT}"
            )
        # Who only looks gets nothing answered, so it does not matter by whom.
        same = (found.upstream, found.upstream_key_env) == (self._upstream, self._key_env)
        if same or self._only_looks:
            return None
        theirs, ours = found.upstream or "the echo", self._upstream or "the echo"
        return (
            f"the server that is using {self._folder.root} (pid {found.pid}) answers with {theirs}, not with"
            f" {ours}; wait until the commands that use it have ended"
        )

    def _is_served(self) -> bool:
        lock = FolderLock(self._folder.lock)
        if lock.acquire():
            lock.release()
            return False
        return True

    def _start_if_nobody_does(self) -> None:
        if self._child is not None:
            code = self._child.poll()
            if code is None:
                return
            # It may have ended because another was faster, or in order because nobody came.
            if code not in (0, ALREADY_SERVED):
                raise LaunchError(f"the local server ended with exit code {code}{self._said()}")
            self._child = None
        if not self._is_served():
            self._child = self._spawn()

    def _spawn(self) -> subprocess.Popen[bytes]:
        # -P: a `json.py` in the user's folder must not become part of the server.
        command = [sys.executable, "-P", "-m", "batchctl.server", "--ephemeral", "--dialect", DIALECT]
        command += ["--data", str(self._folder.root), "--concurrency", str(self._concurrency)]
        if self._upstream is not None:
            command += ["--upstream", self._upstream]
        if self._key_env is not None:
            command += ["--upstream-key-env", self._key_env]
        descriptor = os.open(self._folder.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=descriptor,
                start_new_session=True,
                env=_environment(),
            )
        finally:
            os.close(descriptor)
        _reap()
        _children.append(child)
        return child

    def _said(self) -> str:
        try:
            text = self._folder.log.read_bytes()[-LOG_TAIL_BYTES:].decode("utf-8", "replace").strip()
        except OSError:
            return ""
        return f"; {self._folder.log} ends with:\n{text}" if text else ""


def _environment() -> dict[str, str]:
    """Ours, and the way to this package where it runs from a source tree."""
    root = Path(__file__).resolve().parents[2]
    # An installed one is found anyway, and named here it would come before the standard library.
    if root.name in ("site-packages", "dist-packages"):
        return dict(os.environ)
    path = os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": path}


def _open_lease(found: PortFile, mode: str) -> socket.socket | None:
    """A socket whose being open is the lease; None if the server of the port file is not there (any more)."""
    request = (
        f"GET /_batchctl/lease?mode={mode} HTTP/1.1\r\nHost: batchctl\r\n"
        f"Authorization: Bearer {found.token}\r\n\r\n"
    )
    try:
        lease = socket.create_connection((_address(found), found.port), timeout=ANSWER_TIMEOUT_S)
    except OSError:
        return None
    try:
        lease.sendall(request.encode("ascii"))
        head = b""
        while b"\r\n\r\n" not in head and len(head) < HEAD_MAX_BYTES and (more := lease.recv(4096)):
            head += more
    except OSError:
        lease.close()
        return None
    # The port may have passed to another program since: only the server that wrote the file says its name.
    if not head.startswith(b"HTTP/1.1 200") or found.instance.encode() not in head:
        lease.close()
        return None
    lease.settimeout(None)
    return lease


def _address(found: PortFile) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(found.host, found.host)


def _base_url(found: PortFile) -> str:
    host = _address(found)
    return f"http://{f'[{host}]' if ':' in host else host}:{found.port}{found.prefix}"


def _reap() -> None:
    _children[:] = [child for child in _children if child.poll() is None]
