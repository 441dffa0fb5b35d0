"""The join: for each row, where it stands and where its answer's line is, as a file that workers read."""

from __future__ import annotations

import struct
import tempfile
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

from batchctl.decide.finding import NOBODY
from batchctl.decide.standing import Standing
from batchctl.recorded.answers import AnswerIndex
from batchctl.words.digest import ID_BYTES
from batchctl.words.ids import IdIndex, IdList

#: State, outcome, attempts; then file, batch, offset and length of the answer's line.
_ENTRY = struct.Struct("<BBBBIQI")
_ANSWER = struct.Struct("<BIQI")
_ANSWER_AT = 3
_NO_BATCH = 0xFFFFFFFF
_REQUESTS = struct.Struct("<Q")

#: Requests that are joined at a time: what that takes does not grow with the job.
_AT_ONCE = 1 << 16

#: The index of a batch's answers, by the place of the batch in `Standing.batches`; None where it has none.
Answers = Callable[[int], AnswerIndex | None]


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
def join_table(ids: IdList, row_request: array[int] | None, state: bytearray, now: Standing, answers: Answers,
               ) -> Iterator[Path]:
    """Writes the table to a temporary file outside the project, and removes it afterwards: the number of requests, an
    entry a request, and where rows share requests the request of each row."""
    with tempfile.NamedTemporaryFile(prefix="batchctl-join-", delete=False) as file:
        path = Path(file.name)
        try:
            file.write(_REQUESTS.pack(len(ids)))
            for start in range(0, len(ids), _AT_ONCE):
                file.write(_entries(ids, start, state, now, answers))
            if row_request is not None:
                row_request.tofile(file)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


class JoinTable:
    """The table as a worker sees it: read a run of rows at a time, as mapping it would count all of it as memory."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        (self._requests,) = _REQUESTS.unpack(file.read(_REQUESTS.size))
        self._entries = _REQUESTS.size
        self._row_request = self._entries + self._requests * _ENTRY.size
        self._shared = file.seek(0, 2) > self._row_request

    def of(self, rows: Sequence[int]) -> Iterator[Joined | None]:
        """Where these rows stand, which ascend; None for a row beyond the table."""
        if not rows:
            return
        first, count = rows[0], rows[-1] - rows[0] + 1
        found = self._of_requests(self._requests_of(first, count)) if self._shared else self._run(first, count)
        for row in rows:
            at = row - first
            yield found[at] if at < len(found) else None

    def _run(self, first: int, count: int) -> list[Joined]:
        count = min(count, self._requests - first)
        self._file.seek(self._entries + first * _ENTRY.size)
        return [
            Joined(state, outcome, attempts, None if batch == _NO_BATCH else batch, file, offset, length)
            for state, outcome, attempts, file, batch, offset, length
            in _ENTRY.iter_unpack(self._file.read(max(count, 0) * _ENTRY.size))
        ]

    def _of_requests(self, positions: array[int]) -> list[Joined]:
        return [self._run(position, 1)[0] for position in positions]

    def _requests_of(self, first: int, count: int) -> array[int]:
        positions = array("I")
        self._file.seek(self._row_request + first * positions.itemsize)
        positions.frombytes(self._file.read(count * positions.itemsize))
        return positions


def _entries(ids: IdList, start: int, state: bytearray, now: Standing, answers: Answers) -> bytearray:
    """Those of the requests from `start` on."""
    blob = ids.blob[start * ID_BYTES : (start + _AT_ONCE) * ID_BYTES]
    index, size = IdIndex(IdList(blob)), _ENTRY.size
    count = len(blob) // ID_BYTES
    entries = bytearray(_ENTRY.pack(0, 0, 0, 0, _NO_BATCH, 0, 0)) * count
    for at, values in enumerate((state, now.outcome, now.attempts)):
        entries[at::size] = values[start : start + count]
    batch_of = now.answer[start : start + count]
    for place in sorted(set(batch_of) - {NOBODY}):
        for identity, file, offset, length in (answers(place) or AnswerIndex()).places():
            at_id = index.find(identity)
            if at_id is not None and batch_of[at_id] == place:
                _ANSWER.pack_into(entries, at_id * size + _ANSWER_AT, file, place, offset, length)
    return entries
