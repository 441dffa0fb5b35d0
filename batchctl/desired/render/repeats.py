"""Which of many values occur more than once, found with a few bytes for each of them."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator

from batchctl.words.digest import ID_BYTES
from batchctl.words.ids import IdList

#: Values looked at together, as a set that takes some 64 bytes each for a moment.
_AT_ONCE = 2**15


def repeated(values: array[int]) -> set[int]:
    """The values that occur at least twice. They are dealt out into parts, which takes as much memory again as
    `values`; they should be spread evenly, as digests are."""
    count = len(values) // _AT_ONCE + 1
    parts = [array("Q") for _ in range(count)]
    deal = [part.append for part in parts]
    for value in values:
        deal[value % count](value)
    found: set[int] = set()
    while parts:
        part = parts.pop()
        if len(set(part)) < len(part):
            found.update(value for value, times in Counter(part).items() if times > 1)
    return found


def heads(ids: bytes | bytearray) -> array[int]:
    """The first eight bytes of each ten-byte id, as integers."""
    made = bytearray(8 * (len(ids) // ID_BYTES))
    for at in range(8):
        made[at::8] = ids[at::ID_BYTES]
    return array("Q", made)


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
