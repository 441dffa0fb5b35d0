"""How often a measure has which size, in bounded memory: whole numbers in buckets that are 1.6 % wide at most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

#: Numbers below are counted one by one; from there on each doubling has so many buckets.
_EXACT = 128
_EACH = 64
_BITS = _EXACT.bit_length() - 1


@dataclass(frozen=True, slots=True)
class Distribution:
    """Buckets of `low`, the first number above them, and a count, in ascending order; `total` is the sum of all
    numbers."""

    buckets: tuple[tuple[int, int, int], ...] = ()
    count: int = 0
    total: int = 0
    smallest: int = 0
    largest: int = 0

    @property
    def mean(self) -> float:
        return self.total / self.count if self.count else 0.0

    def quantile(self, share: float) -> int:
        """The smallest number that at least this share of all do not exceed, to the width of a bucket."""
        left = share * self.count
        for _, above, count in self.buckets:
            left -= count
            if left <= 0:
                return min(above - 1, self.largest)
        return self.largest

    def within(self, low: int, above: int) -> int:
        """How many buckets' numbers begin there."""
        return sum(count for first, _, count in self.buckets if low <= first < above)


class Measure:
    """Counts numbers as they come; less than 0 is 0."""

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()
        self._total = 0
        self._smallest: int | None = None
        self._largest = 0

    def add(self, number: int) -> None:
        number = max(0, number)
        self._counts[_bucket(number)] += 1
        self._total += number
        self._smallest = number if self._smallest is None else min(self._smallest, number)
        self._largest = max(self._largest, number)

    def distribution(self) -> Distribution:
        return Distribution(
            tuple((*_bounds(bucket), self._counts[bucket]) for bucket in sorted(self._counts)),
            self._counts.total(), self._total, self._smallest or 0, self._largest)


def distribution(numbers: Iterable[int]) -> Distribution:
    """That of numbers that are at hand."""
    measure = Measure()
    for number in numbers:
        measure.add(number)
    return measure.distribution()


def _bucket(number: int) -> int:
    if number < _EXACT:
        return number
    shift = number.bit_length() - _BITS
    return _EXACT + (shift - 1) * _EACH + ((number >> shift) - _EACH)


def _bounds(bucket: int) -> tuple[int, int]:
    if bucket < _EXACT:
        return bucket, bucket + 1
    doubling, place = divmod(bucket - _EXACT, _EACH)
    return (_EACH + place) << (doubling + 1), (_EACH + place + 1) << (doubling + 1)
