"""Renders the shards that are about to be sent, all in one walk over the rows."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from contextlib import ExitStack
from typing import BinaryIO

from batchctl.decide.plan import Action
from batchctl.desired.job import Job
from batchctl.desired.render.lines import lines
from batchctl.desired.render.survey import Desired
from batchctl.recorded.store import Store
from batchctl.words.events import Emit


def render(store: Store, job: Job, desired: Desired, sending: Sequence[Action], emit: Emit) -> None:
    """Brings what these creates hold into the store, and the lines of those shards that it lacks. Raises StateError,
    and what rendering raises."""
    for action in sending:
        assert action.positions is not None
        store.keep_ids(_shard(action), desired.ids.pick(action.positions))
    missing = [action for action in sending if not _is_rendered(store, action)]
    if not missing:
        return
    shard_of = array("I", bytes(4 * len(desired.ids)))
    for number, action in enumerate(missing):
        for at in action.positions or ():
            shard_of[at] = number
    positions = array("I", sorted(at for action in missing for at in action.positions or ()))
    with ExitStack() as stack:
        shards = _Shards(store, missing, stack)
        for position, line in lines(job, desired, positions, emit=emit):
            shards.write(shard_of[position], line)


class _Shards:
    """Each shard is opened at its first line and kept at its last. Cuts follow the input, so that few are open at once,
    however many there are. `stack` drops those that are not whole."""

    def __init__(self, store: Store, actions: Sequence[Action], stack: ExitStack) -> None:
        self._store = store
        self._actions = actions
        self._stack = stack
        self._left = [len(action.positions or ()) for action in actions]
        self._open: dict[int, tuple[ExitStack, BinaryIO]] = {}

    def write(self, number: int, line: bytes) -> None:
        if number not in self._open:
            whole = self._stack.enter_context(ExitStack())
            file = whole.enter_context(self._store.writing_shard(_shard(self._actions[number])))
            self._open[number] = whole, file
        whole, file = self._open[number]
        file.write(line)
        self._left[number] -= 1
        if not self._left[number]:
            whole.close()
            del self._open[number]


def _is_rendered(store: Store, action: Action) -> bool:
    try:
        return store.shard_path(_shard(action)).stat().st_size == action.bytes
    except OSError:
        return False


def _shard(action: Action) -> str:
    assert action.shard is not None
    return action.shard
