"""Many request ids in little memory: ten bytes each, in order, with a compact index from id to position."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator

from batchctl.words.digest import ID_BYTES


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
    """Finds the position of an id in an `IdList`: 12 bytes an id, built bucket by bucket so that it never
    needs a million Python objects at once."""

    __slots__ = ("_heads", "_ids", "_positions")

    def __init__(self, ids: IdList) -> None:
        self._ids = ids
        buckets = [array("I") for _ in range(256)]
        for position, first in enumerate(ids.blob[::ID_BYTES]):
            buckets[first].append(position)
        self._heads = array("Q")
        self._positions = array("I")
        for bucket in buckets:
            pairs = sorted((self._head(ids[position]), position) for position in bucket)
            self._heads.extend(head for head, _ in pairs)
            self._positions.extend(position for _, position in pairs)

    @staticmethod
    def _head(identity: bytes) -> int:
        return int.from_bytes(identity[:8], "big")

    def find(self, identity: bytes) -> int | None:
        """The first position of this id, or None."""
        head = self._head(identity)
        at = bisect_left(self._heads, head)
        while at < len(self._heads) and self._heads[at] == head:
            position = self._positions[at]
            if self._ids[position] == identity:
                return position
            at += 1
        return None

    def __contains__(self, identity: bytes) -> bool:
        return self.find(identity) is not None
