"""Which of many values occur more than once, found with a few bytes for each of them."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from itertools import islice
from operator import eq

from batchctl.words.digest import ID_BYTES
from batchctl.words.ids import IdList

#: Values sorted at once, which takes 40 bytes each for a moment.
_AT_ONCE = 2**18


def repeated(values: array[int]) -> set[int]:
    """The values that occur at least twice. Takes more passes over more values, so that memory stays flat;
    values should be spread evenly, as digests are."""
    passes = len(values) // _AT_ONCE + 1
    found: set[int] = set()
    for turn in range(passes):
        some = sorted(values if passes == 1 else (value for value in values if value % passes == turn))
        if any(map(eq, some, islice(some, 1, None))):
            found.update(value for value, after in zip(some, islice(some, 1, None), strict=False) if value == after)
    return found


def heads(ids: bytes | bytearray) -> array[int]:
    """The first eight bytes of each ten-byte id, as integers."""
    return array("Q", (int.from_bytes(ids[at : at + 8], "big") for at in range(0, len(ids), ID_BYTES)))


def unique(ids: bytearray) -> tuple[IdList, array[int] | None]:
    """The distinct ids in order of appearance, and for each id given the position of it among those; None where
    all are distinct."""
    candidates = repeated(starts := heads(ids))
    if not candidates:
        return IdList(bytes(ids)), None
    firsts: dict[bytes, int] = {}
    kept = bytearray()
    positions = array("I")
    for number, start in enumerate(starts):
        identity = bytes(ids[number * ID_BYTES : (number + 1) * ID_BYTES])
        position = firsts.get(identity) if start in candidates else None
        if position is None:
            position = len(kept) // ID_BYTES
            kept += identity
            if start in candidates:
                firsts[identity] = position
        positions.append(position)
    distinct = IdList(bytes(kept))
    return distinct, positions if len(distinct) < len(positions) else None


def first_rows(positions: Iterable[int]) -> Iterator[int]:
    """The number of the first row of each position, given the position of each row."""
    seen = 0
    for row, position in enumerate(positions):
        if position == seen:
            yield row
            seen += 1
