"""The join: for each row, where it stands and where its answer's line is, as a file that workers map."""

from __future__ import annotations

import mmap
import struct
import tempfile
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

from batchctl.decide.standing import Standing
from batchctl.recorded.answers import Answer
from batchctl.recorded.store import StoredResults
from batchctl.words.ids import IdIndex, IdList

_ENTRY = struct.Struct("<BBBBIQI")
_NO_BATCH = 0xFFFFFFFF


class Joined(NamedTuple):
    """One row: State, Outcome (0: none), ended attempts, and its answer's batch (None: no line), file and place."""

    state: int
    outcome: int
    attempts: int
    batch: int | None
    file: int
    offset: int
    length: int


@contextmanager
def join_table(ids: IdList, row_request: array[int] | None, state: bytearray, now: Standing,
               results: dict[int, StoredResults]) -> Iterator[Path]:
    """Writes the table for all rows to a temporary file outside the project, and removes it afterwards. `results` are
    the stored results by the place of their batch in `now.batches`."""
    entries = bytearray(_ENTRY.size * len(ids))
    for at in range(len(ids)):
        _ENTRY.pack_into(entries, at * _ENTRY.size, state[at], now.outcome[at], now.attempts[at], 0, _NO_BATCH, 0, 0)
    index = IdIndex(ids)
    for place, stored in results.items():
        for answer in stored.index:
            at_id = index.find(answer.id)
            if at_id is not None and now.answer[at_id] == place:
                _set_answer(entries, at_id, place, answer)
    with tempfile.NamedTemporaryFile(prefix="batchctl-join-", delete=False) as file:
        path = Path(file.name)
        try:
            _write_rows(file, entries, row_request)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


class JoinTable:
    """The table as a worker sees it."""

    def __init__(self, path: Path) -> None:
        with open(path, "rb") as file:
            empty = path.stat().st_size == 0
            self._map: mmap.mmap | bytes = b"" if empty else mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def __len__(self) -> int:
        return len(self._map) // _ENTRY.size

    def __getitem__(self, row: int) -> Joined:
        state, outcome, attempts, file, batch, offset, length = _ENTRY.unpack_from(self._map, row * _ENTRY.size)
        return Joined(state, outcome, attempts, None if batch == _NO_BATCH else batch, file, offset, length)


def _set_answer(entries: bytearray, at: int, place: int, answer: Answer) -> None:
    start = at * _ENTRY.size
    state, outcome, attempts, *_ = _ENTRY.unpack_from(entries, start)
    _ENTRY.pack_into(entries, start, state, outcome, attempts, answer.file, place, answer.offset, answer.length)


def _write_rows(file: IO[bytes], entries: bytearray, row_request: array[int] | None) -> None:
    if row_request is None:
        file.write(entries)
        return
    view, size = memoryview(entries), _ENTRY.size
    for position in row_request:
        file.write(view[position * size : (position + 1) * size])


