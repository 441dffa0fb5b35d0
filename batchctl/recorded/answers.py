"""A compact index over one batch's result files: for each answered request, its outcome and where its line is."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from itertools import repeat
from typing import NamedTuple

from batchctl.words.digest import ID_BYTES, text_digest
from batchctl.words.ids import IdList
from batchctl.words.outcomes import Outcome

_ENTRY = struct.Struct(">10sBBQI")

OUTPUT_FILE = 0
ERROR_FILE = 1

_OUTCOMES = frozenset(Outcome)
_FILES = frozenset((OUTPUT_FILE, ERROR_FILE))


class Answer(NamedTuple):
    """One line of a result file. `file` is OUTPUT_FILE or ERROR_FILE; `offset` and `length` are in bytes. A named
    tuple, as it is made a million times."""

    id: bytes
    outcome: Outcome
    file: int
    offset: int
    length: int


class AnswerIndex:
    """The answers of one batch, at most one a request, as 24 bytes each."""

    __slots__ = ("blob",)

    def __init__(self, blob: bytes = b"") -> None:
        """Raises ValueError for what is no index: its file may be damaged."""
        if len(blob) % _ENTRY.size:
            raise ValueError("an answer index is a whole number of entries")
        outcomes, files = blob[ID_BYTES :: _ENTRY.size], blob[ID_BYTES + 1 :: _ENTRY.size]
        if not _OUTCOMES.issuperset(outcomes) or not _FILES.issuperset(files):
            raise ValueError("an answer index names an outcome or a file that does not exist")
        self.blob = blob

    @classmethod
    def of(cls, answers: Iterable[Answer]) -> AnswerIndex:
        return cls(b"".join(
            _ENTRY.pack(answer.id, answer.outcome, answer.file, answer.offset, answer.length) for answer in answers))

    @classmethod
    def best(cls, answers: Iterable[Answer]) -> AnswerIndex:
        """One answer a request, in the order in which they first came: where several answer one, the first success
        counts, else the first."""
        made = bytearray()
        places: dict[bytes, int] = {}
        for answer in answers:
            at = places.setdefault(answer.id, len(made))
            if at < len(made) and (answer.outcome is not Outcome.OK or made[at + ID_BYTES] == Outcome.OK):
                continue
            made[at : at + _ENTRY.size] = _ENTRY.pack(
                answer.id, answer.outcome, answer.file, answer.offset, answer.length)
        return cls(bytes(made))

    def __len__(self) -> int:
        return len(self.blob) // _ENTRY.size

    def __iter__(self) -> Iterator[Answer]:
        for identity, outcome, file, offset, length in _ENTRY.iter_unpack(self.blob):
            yield Answer(identity, Outcome(outcome), file, offset, length)

    def count(self, file: int) -> int:
        """How many answers are in a file."""
        return self.blob[ID_BYTES + 1 :: _ENTRY.size].count(file)

    def places(self) -> Iterator[tuple[bytes, int, int, int]]:
        """The id, file, offset and length of each answer."""
        for identity, _, file, offset, length in _ENTRY.iter_unpack(self.blob):
            yield identity, file, offset, length

    def reach(self, file: int) -> int:
        """How many bytes a file must have for all its answers to be in it."""
        return max((offset + length for _, _, of, offset, length in _ENTRY.iter_unpack(self.blob) if of == file),
                   default=0)

    def ids(self) -> IdList:
        """The answered requests, in the order of the files."""
        size = _ENTRY.size
        blob = self.blob
        return IdList(b"".join(blob[start : start + ID_BYTES] for start in range(0, len(blob), size)))

    def outcomes(self, ids: IdList, otherwise: Outcome) -> bytes:
        """One outcome a request of `ids`, in that order; `otherwise` for those without an answer."""
        known = dict(zip(self.ids(), self.blob[ID_BYTES :: _ENTRY.size], strict=True))
        return bytes(map(known.get, ids, repeat(otherwise)))


def outcomes_digest(ids: IdList, outcomes: bytes) -> str:
    """The digest under which the lockfile records how a batch ended for each of its requests."""
    return text_digest(ids.blob, outcomes)
