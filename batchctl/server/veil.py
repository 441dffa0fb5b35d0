"""Batches that lists do not show yet: what a provider's lists do that lag behind its other calls."""

from __future__ import annotations


class Veil:
    """Counts, for each hidden batch, the lists that are still to be without it."""

    def __init__(self) -> None:
        self._lists_left: dict[str, int] = {}
        self._hidden: frozenset[str] = frozenset()

    def hide(self, batch_id: str, lists: int) -> None:
        """Keeps a batch out of so many lists from now on."""
        self._lists_left[batch_id] = lists

    def hidden(self, *, walk_goes_on: bool) -> frozenset[str]:
        """What a list is to leave out; all pages of one walk count as one list."""
        if not walk_goes_on:
            self._hidden = frozenset(self._lists_left)
            self._lists_left = {name: left - 1 for name, left in self._lists_left.items() if left > 1}
        return self._hidden
