"""Distributions: nothing is lost, quantiles are as good as a bucket is wide, and memory has a bound."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from batchctl.act.report.distribution import distribution

numbers = st.lists(st.integers(0, 1 << 40), min_size=1, max_size=200)


@given(numbers)
def test_every_number_is_counted_in_a_bucket_that_holds_it(values: list[int]) -> None:
    made = distribution(values)
    assert sum(count for _, _, count in made.buckets) == made.count == len(values)
    assert (made.total, made.smallest, made.largest) == (sum(values), min(values), max(values))
    for low, above, count in made.buckets:
        assert sum(low <= value < above for value in values) == count
        assert above - low <= max(1, low / 64)


@given(numbers, st.floats(0.01, 1))
def test_a_quantile_is_off_by_less_than_two_percent(values: list[int], share: float) -> None:
    exact = sorted(values)[max(0, math.ceil(share * len(values) - 1e-9) - 1)]
    assert exact <= distribution(values).quantile(share) <= exact * 1.02


def test_a_million_sizes_take_no_more_than_a_few_thousand_buckets() -> None:
    made = distribution(range(0, 1 << 30, 1 << 12))
    assert len(made.buckets) < 3000


def test_nothing_was_measured() -> None:
    made = distribution(())
    assert (made.count, made.mean, made.quantile(0.5)) == (0, 0.0, 0)
