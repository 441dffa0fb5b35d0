"""Where many requests stand among those of a job."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

from batchctl.words.ids import IdIndex, IdList

#: The position of what is not asked.
NOBODY = -1


class Finder:
    """Positions of many ids at once; the index is only built for batches that are not a plain run of the list."""

    def __init__(self, ids: IdList) -> None:
        self._ids = ids
        self._index: IdIndex | None = None

    def find(self, identity: bytes) -> int | None:
        """The position of one id, or None."""
        if self._index is None:
            self._index = IdIndex(self._ids)
        return self._index.find(identity)

    def positions(self, wanted: IdList) -> Sequence[int]:
        if not len(wanted):
            return ()
        blob, width = self._ids.blob, len(wanted[0])
        start = blob.find(wanted.blob)
        if start >= 0 and start % width == 0:
            return range(start // width, start // width + len(wanted))
        found = map(self.find, wanted)
        return array("i", [NOBODY if at is None else at for at in found])
