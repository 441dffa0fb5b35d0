"""Many request ids in little memory: ten bytes each, in order, with a compact index from id to position."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable, Iterator

from batchctl.words.digest import ID_BYTES

#: Bytes of an id by which it is looked for: as many as an array's "I" holds.
_HEAD = array("I").itemsize


class IdList:
    """An immutable ordered list of ten-byte request ids over one bytes object."""

    __slots__ = ("blob",)

    def __init__(self, blob: bytes = b"") -> None:
        if len(blob) % ID_BYTES:
            raise ValueError("an id list is a whole number of ten-byte ids")
        self.blob = blob

    @classmethod
    def of(cls, ids: Iterable[bytes]) -> IdList:
        return cls(b"".join(ids))

    def __len__(self) -> int:
        return len(self.blob) // ID_BYTES

    def __getitem__(self, position: int) -> bytes:
        start = position * ID_BYTES
        if position < 0 or start >= len(self.blob):
            raise IndexError(position)
        return self.blob[start : start + ID_BYTES]

    def __iter__(self) -> Iterator[bytes]:
        blob = self.blob
        return (blob[start : start + ID_BYTES] for start in range(0, len(blob), ID_BYTES))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IdList) and self.blob == other.blob

    def __hash__(self) -> int:
        return hash(self.blob)

    def __repr__(self) -> str:
        return f"IdList({len(self)} ids)"

    def pick(self, positions: Iterable[int]) -> IdList:
        """The ids at these positions, in that order."""
        blob = self.blob
        if isinstance(positions, array) and positions:
            first, last = positions[0], positions[-1]
            if last - first == len(positions) - 1 and positions == array("I", range(first, last + 1)):
                return IdList(blob[first * ID_BYTES : (last + 1) * ID_BYTES])
        return IdList(b"".join(blob[at * ID_BYTES : (at + 1) * ID_BYTES] for at in positions))


class IdIndex:
    """Finds the position of an id in an `IdList`: a hash table in one array, 8 to 16 bytes an id. Ids are digests, so
    that their own first bytes spread them, and no id is a Python object for longer than it is looked for."""

    __slots__ = ("_blob", "_mask", "_slots")

    def __init__(self, ids: IdList) -> None:
        self._blob = ids.blob
        self._mask = mask = (1 << (2 * len(ids)).bit_length()) - 1
        #: One more than the position that is there; 0 stands for nobody.
        self._slots = slots = array("I", bytes(_HEAD * (mask + 1)))
        for position, head in enumerate(_heads(ids.blob), start=1):
            at = head & mask
            while slots[at]:
                at = (at + 1) & mask
            slots[at] = position

    def find(self, identity: bytes) -> int | None:
        """The first position of this id, or None."""
        blob, slots, mask = self._blob, self._slots, self._mask
        at = int.from_bytes(identity[:_HEAD], sys.byteorder) & mask
        while end := slots[at] * ID_BYTES:
            if blob[end - ID_BYTES : end] == identity:
                return end // ID_BYTES - 1
            at = (at + 1) & mask
        return None

    def __contains__(self, identity: bytes) -> bool:
        return self.find(identity) is not None


def _heads(blob: bytes) -> array[int]:
    """The first bytes of each id, as an integer."""
    heads = bytearray(len(blob) // ID_BYTES * _HEAD)
    for at in range(_HEAD):
        heads[at::_HEAD] = blob[at::ID_BYTES]
    return array("I", bytes(heads))
