"""Worker processes that walk a task's blocks under limits, and give back the same frames however many they are.

A task runs templates, which the sandbox alone cannot hold: a child has a memory limit, is ended when it finishes
no row in time, and gets none of the environment's secrets. Pickles go only to the child; what comes back is JSON
and bytes.
"""

from __future__ import annotations

import copyreg
import io
import pickle
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol

from batchctl.desired.render.child import Child, Heartbeats, environment
from batchctl.desired.render.frames import BLOCK_FRAME, END_FRAME

#: Seconds in which a worker must finish a row.
ROW_TIMEOUT_S = 10.0

#: Bytes that a worker may use beyond what it has when it starts.
MEMORY_BYTES = 2**30


class Task(Protocol):
    """What a worker does; picklable, in a module that a child can import."""

    def blocks(self, worker: int, workers: int, beat: Callable[[int], None]) -> Iterator[tuple[dict[str, Any], bytes]]:
        """A JSON header and bytes for each of blocks `worker`, `worker + workers`, …, in order, without gaps.

        `beat(place)` is called before each row. A block may be given in pieces: all but its last have a true
        `more` in their header. A generator may return a dict, which comes as a frame with `end`.
        """
        ...

    def locate(self, place: int) -> str:
        """What stands at a place that `beat` was given, in words; called in the parent."""
        ...


@dataclass(frozen=True, slots=True)
class Frame:
    """One block's header and bytes; or, with `end`, what a worker's task returned (after all blocks)."""

    header: dict[str, Any]
    body: bytes
    worker: int
    end: bool = False


def run(
    task: Task, *, workers: int, row_timeout_s: float = ROW_TIMEOUT_S, memory_bytes: int = MEMORY_BYTES,
    clock: Callable[[], float] = time.monotonic,
) -> Generator[Frame, None, None]:
    """The frames of all blocks in block order, then one end frame of each worker.

    Closing the iterator ends the workers. Raises InvalidInput naming the row for a worker that got stuck or died,
    the InvalidInput that a task raised, and RuntimeError with the child's traceback for anything else it raised.
    """
    payload, kept = _pickled(task), environment()
    with ExitStack() as stack:
        heartbeats = stack.enter_context(Heartbeats(workers))
        children = [
            stack.enter_context(
                Child(
                    index, workers, heartbeats, locate=task.locate,
                    row_timeout_s=row_timeout_s, memory_bytes=memory_bytes, clock=clock, environment=kept,
                )
            )
            for index in range(workers)
        ]
        for child in children:
            child.send(payload)
        yield from _in_turn(children)


def _in_turn(children: list[Child]) -> Iterator[Frame]:
    """Each worker's next block in turn, until one has none; then none of the others can have a later one."""
    ended = 0
    turn = 0
    while ended < len(children):
        child = children[turn % len(children)]
        kind, header, body = child.frame()
        if kind == END_FRAME:
            ended += 1
            yield Frame(header, body, child.index, end=True)
        elif ended == 0:
            yield Frame(header, body, child.index)
        if kind != BLOCK_FRAME or not header.get("more"):
            turn += 1


class _Pickler(pickle.Pickler):
    """Knows the read-only mappings that parsed manifests may hold."""

    dispatch_table = copyreg.dispatch_table.copy()
    dispatch_table[MappingProxyType] = lambda proxy: (dict, (dict(proxy),))


def _pickled(task: Task) -> bytes:
    buffer = io.BytesIO()
    _Pickler(buffer, protocol=5).dump(task)
    return buffer.getvalue()


__all__ = ["MEMORY_BYTES", "ROW_TIMEOUT_S", "Frame", "Task", "run"]
