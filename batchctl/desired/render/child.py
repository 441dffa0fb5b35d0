"""One worker process as its parent sees it: started, fed, watched, and always ended."""

from __future__ import annotations

import mmap
import os
import secrets
import selectors
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

import batchctl
from batchctl.desired.render import frames
from batchctl.desired.render.findings import from_json
from batchctl.words.diagnostics import Diagnostic
from batchctl.words.errors import InvalidInput

#: Seconds that a child may take to start and to compile its task, on however slow a machine.
_START_S = 30.0

#: Seconds between two looks at a child's heartbeat, and a gap after which this process itself was asleep.
_LOOK_S = 0.1
_ASLEEP_S = 2.0

#: What to do about each end of a worker.
_ADVICE = {
    "row-timeout": "look for loops within loops in the templates, and for what a very long cell does to them",
    "worker-memory": "look for what the templates repeat, pad or join, and for rows of many megabytes",
    "worker-died": "look for what the templates do with this row; it may take more memory than there is",
}

_PIPE = 2**20
_POSIX = os.name == "posix"

#: What a worker may know of the environment: how to run Python here, and how to speak. No keys.
_ENVIRONMENT = ("PATH", "HOME", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "LANG", "LANGUAGE", "TZ", "LD_LIBRARY_PATH")
_ENVIRONMENT_PREFIXES = ("LC_", "PYTHON", "DYLD_", "COVERAGE")
_HASH_SEED = "PYTHONHASHSEED"

#: Finds this very package first and nothing else by accident: with `-P` the working folder is not searched.
_BOOTSTRAP = (
    "import sys; root = sys.argv.pop(1); sys.path.insert(0, root); import batchctl; sys.path.remove(root); "
    "sys.path.append(root); from batchctl.desired.render.worker import main; main(sys.argv[1:])"
)


class Heartbeats:
    """One integer of shared memory a worker, where it notes the place of the row it is at."""

    def __init__(self, workers: int) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  # closed on leaving the context
        self._file.truncate(8 * workers)
        self.descriptor = self._file.fileno()
        self._map = mmap.mmap(self.descriptor, 8 * workers)
        self._view = memoryview(self._map).cast("Q")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._view.release()
        self._map.close()
        self._file.close()

    def of(self, worker: int) -> int:
        """The place that a worker is at, plus one; 0 while it has not begun."""
        return self._view[worker]


class Child:
    """A running worker. Leaving its context kills it, closes its pipes and waits for it."""

    def __init__(
        self, index: int, workers: int, heartbeats: Heartbeats, *, locate: Callable[[int], str],
        row_timeout_s: float, memory_bytes: int, clock: Callable[[], float], environment: Mapping[str, str],
    ) -> None:
        self.index = index
        self._heartbeats = heartbeats
        self._locate = locate
        self._row_timeout_s = row_timeout_s
        self._clock = clock
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  # closed on leaving the context
        arguments = [str(number) for number in (index, workers, heartbeats.descriptor, memory_bytes)]
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", _BOOTSTRAP, str(Path(batchctl.__file__).parents[1]), *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, bufsize=0, pipesize=_PIPE,
            pass_fds=(heartbeats.descriptor,) if _POSIX else (), env=environment,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._stdin, self._stdout = self._process.stdin, self._process.stdout
        self._buffer = bytearray()
        self._selector = selectors.DefaultSelector()
        if _POSIX:
            self._selector.register(self._stdout, selectors.EVENT_READ)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._selector.close()
        self._stdin.close()
        self._stdout.close()
        self._log.close()

    def send(self, payload: bytes) -> None:
        """Hands over the task. The pipe stays open: its end tells the child that this process is gone."""
        rest = memoryview(len(payload).to_bytes(8, "big") + payload)
        try:
            while rest:
                rest = rest[self._stdin.write(rest) :]
        except BrokenPipeError:
            raise self._died() from None

    def frame(self) -> frames.Frame:
        """The next frame. Raises InvalidInput for a child that is stuck or dead, or whose task raised it;
        RuntimeError for a bug in it."""
        kind, header, body = frames.decode(self._exactly)
        if kind == frames.FINDINGS_FRAME:
            raise InvalidInput(map(from_json, header["findings"]))
        if kind == frames.MEMORY_FRAME:
            raise self._finding("worker-memory", "needs more memory than a worker may use")
        if kind == frames.BUG_FRAME:
            raise RuntimeError("a worker failed:\n" + str(header.get("traceback")))
        return kind, header, body

    def _exactly(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._wait()
            data = os.read(self._stdout.fileno(), max(size - len(self._buffer), 2**16))
            if not data:
                raise self._died()
            self._buffer += data
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken

    def _wait(self) -> None:
        """Until there is something to read. Only here, where the child cannot be waiting for this process, does
        the time without a heartbeat count."""
        if not _POSIX:
            return  # selectors know no pipes there; the read itself waits, without a watchdog
        seen, since = self._heartbeats.of(self.index), self._clock()
        looked = since
        while not self._selector.select(_LOOK_S):
            now, beat = self._clock(), self._heartbeats.of(self.index)
            if beat != seen or now - looked > _ASLEEP_S:
                seen, since = beat, now
            looked = now
            allowed = self._row_timeout_s if beat else max(self._row_timeout_s, _START_S)
            if now - since > allowed:
                raise self._finding("row-timeout", f"is not rendered within {allowed:g} s")

    def _died(self) -> Exception:
        status = self._process.wait()
        if status == -signal.SIGKILL or not self._tail():
            how = f"by signal {-status}" if status < 0 else f"with status {status}"
            return self._finding("worker-died", f"ended its worker {how}")
        return RuntimeError(f"a worker ended with status {status}:\n{self._tail()}")

    def _tail(self) -> str:
        self._log.seek(0)
        return self._log.read()[-4000:].decode("utf-8", "replace")

    def _finding(self, code: str, what: str) -> InvalidInput:
        beat = self._heartbeats.of(self.index)
        where = self._locate(beat - 1) if beat else "the job"
        return InvalidInput([Diagnostic(code, f"{where} {what}", notes=(_ADVICE[code],))])


def environment() -> dict[str, str]:
    """What all workers of a run get of this process's environment. They share a hash seed, so that they can compare
    hashes of what they read: the given one, else one that no row was written for."""
    kept = {
        name: value for name, value in os.environ.items()
        if name in _ENVIRONMENT or name.startswith(_ENVIRONMENT_PREFIXES)
    }
    if kept.get(_HASH_SEED, "random") == "random":
        kept[_HASH_SEED] = str(secrets.randbelow(2**32))
    return kept
