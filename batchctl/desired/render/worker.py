"""The worker process: takes a task from its parent, walks its blocks under limits, and ends with its parent."""

from __future__ import annotations

import contextlib
import gc
import mmap
import os
import pickle
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Any, BinaryIO

from batchctl.desired.render import frames
from batchctl.desired.render.findings import to_json
from batchctl.words.errors import InvalidInput


def main(arguments: Sequence[str]) -> None:
    """`arguments`: this worker's index, the number of workers, the heartbeat's descriptor, bytes of memory."""
    worker, workers, descriptor, memory_bytes = (int(argument) for argument in arguments)
    _leave_signals_to_the_parent()
    output = _own_output()
    task = pickle.loads(_payload())
    _end_with_the_parent()
    beat = _beat(worker, workers, descriptor)
    _limit(memory_bytes)
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)  # rows hold no cycles; looking for them at the default rate costs 5 %
    try:
        _walk(task, worker, workers, beat, output)
    except BrokenPipeError:
        pass  # the parent has what it wanted
    except InvalidInput as invalid:
        _send(output, frames.FINDINGS_FRAME, {"findings": [to_json(finding) for finding in invalid.findings]})
    except MemoryError:
        _send(output, frames.MEMORY_FRAME, {})
    except Exception:
        _send(output, frames.BUG_FRAME, {"traceback": traceback.format_exc()[-8000:]})
    # Without the interpreter's farewell, which would wait for nothing useful and may fail under the limits.
    os._exit(0)


def _walk(task: Any, worker: int, workers: int, beat: Callable[[int], None], output: BinaryIO) -> None:
    blocks = iter(task.blocks(worker, workers, beat))
    while True:
        try:
            header, body = next(blocks)
        except StopIteration as end:
            _send(output, frames.END_FRAME, end.value or {})
            return
        _send(output, frames.BLOCK_FRAME, header, body)


def _send(output: BinaryIO, kind: bytes, header: dict[str, Any], body: bytes = b"") -> None:
    for part in frames.encode(kind, header, body):
        output.write(part)
    output.flush()


def _payload() -> bytes:
    size = int.from_bytes(_exactly(8), "big")
    return _exactly(size)


def _exactly(size: int) -> bytes:
    parts: list[bytes] = []
    while size:
        part = os.read(0, min(size, 2**20))
        if not part:
            os._exit(0)
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _own_output() -> BinaryIO:
    """Frames go where stdout went; whatever prints by accident goes to the log."""
    output = os.fdopen(os.dup(1), "wb", buffering=2**16)
    os.dup2(2, 1)
    return output


def _beat(worker: int, workers: int, descriptor: int) -> Callable[[int], None]:
    if os.name != "posix":
        return lambda place: None
    view = memoryview(mmap.mmap(descriptor, 8 * workers)).cast("Q")

    def beat(place: int) -> None:
        view[worker] = place + 1

    return beat


def _leave_signals_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _end_with_the_parent() -> None:
    """Nothing more is ever written to stdin, so that an event on it means that the parent is gone. The kernel
    then sends SIGIO, which ends a process that is deep in C code too, as a waiting thread could not."""
    if sys.platform == "linux":
        import fcntl

        signal.signal(signal.SIGIO, signal.SIG_DFL)
        fcntl.fcntl(0, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(0, fcntl.F_SETFL, fcntl.fcntl(0, fcntl.F_GETFL) | os.O_ASYNC | os.O_NONBLOCK)
        with contextlib.suppress(BlockingIOError):
            if not os.read(0, 1):
                os._exit(0)
        return
    import threading

    threading.Thread(target=lambda: os._exit(0) if not os.read(0, 1) else None, daemon=True).start()


def _limit(memory_bytes: int) -> None:
    """So much memory beyond what is in use, as far as the system has such a limit, and no core dumps."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError, ValueError):
        with open("/proc/self/statm", "rb") as statm:
            used = int(statm.read().split()[0]) * resource.getpagesize()
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        limit = used + memory_bytes if hard == resource.RLIM_INFINITY else min(used + memory_bytes, hard)
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
