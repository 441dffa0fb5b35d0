"""Shard cuts respect every bound, keep the order, and follow from the requests alone."""

from __future__ import annotations

from array import array
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given

from batchctl.decide import cuts
from batchctl.decide.wanted import Bounds, Wanted
from batchctl.desired.job import BatchSettings
from batchctl.words.dialects import Limits
from batchctl.words.digest import shard_digest
from batchctl.words.tokens import BYTES_PER_TOKEN
from tests.decide.worlds import identity, job, wants


def runs(wanted: Wanted) -> list[list[int]]:
    return [list(run) for run in cuts.cut(wanted, range(len(wanted.ids)))]


@given(wants())
def test_g7_cuts_keep_the_order_and_lose_nothing(wanted: Wanted) -> None:
    assert [at for run in runs(wanted) for at in run] == list(range(len(wanted.ids)))
    assert all(runs(wanted))


@given(wants())
def test_every_shard_fits_all_bounds_unless_one_request_alone_does_not(wanted: Wanted) -> None:
    bounds = wanted.bounds
    for run in runs(wanted):
        size = sum(wanted.lengths[at] for at in run)
        assert len(run) <= bounds.max_requests
        if len(run) > 1:
            assert size <= bounds.max_bytes
            assert bounds.max_enqueued_tokens is None or size // BYTES_PER_TOKEN <= bounds.max_enqueued_tokens
            if bounds.max_inputs is not None and wanted.units is not None:
                assert sum(wanted.units[at] for at in run) <= bounds.max_inputs


@given(wants())
def test_g7_cuts_are_greedy_so_that_they_follow_from_the_requests_alone(wanted: Wanted) -> None:
    wanted = replace(wanted, bounds=replace(wanted.bounds, min_requests=1))
    found = runs(wanted)
    assert runs(replace(wanted, scope="x", rows=99, sinks=(), weights=None)) == found
    for before, after in pairwise(found):
        assert runs(replace(wanted, lengths=array("I", [wanted.lengths[at] for at in (*before, after[0])]),
                            units=None if wanted.units is None else array(
                                "I", [wanted.units[at] for at in (*before, after[0])]),
                            ids=wanted.ids.pick([*before, after[0]])))[0] == list(range(len(before)))


@given(wants())
def test_the_last_shard_is_below_the_minimum_only_where_the_one_before_cannot_help(wanted: Wanted) -> None:
    fewest = wanted.bounds.min_requests
    found = runs(wanted)
    small = [run for run in found if len(run) < fewest]
    if wanted.bounds == Bounds(max_requests=wanted.bounds.max_requests, min_requests=fewest):
        assert len(small) <= 1
        assert not small or len(found) == 1 or len(found[-2]) + len(found[-1]) < 2 * fewest


def test_what_the_last_shard_lacks_comes_from_the_one_before() -> None:
    bounds = Bounds(max_requests=25, min_requests=10)
    assert [len(run) for run in runs(job(26, bounds=bounds))] == [16, 10]
    assert [len(run) for run in runs(job(51, bounds=bounds))] == [25, 16, 10]
    assert [len(run) for run in runs(job(9, bounds=bounds))] == [9]


def test_what_the_one_before_cannot_spare_comes_from_those_before_it() -> None:
    for count, most, expected in (
            (31, 15, [11, 10, 10]), (61, 12, [11, 10, 10, 10, 10, 10]), (62, 12, [12, 10, 10, 10, 10, 10]),
            (91, 15, [15, 15, 15, 15, 11, 10, 10]), (37, 12, [12, 12, 12, 1]), (11, 10, [10, 1])):
        bounds = Bounds(max_requests=most, min_requests=10)
        found = runs(job(count, bounds=bounds))
        assert [len(run) for run in found] == expected
        assert [at for run in found for at in run] == list(range(count))


def test_a_change_at_the_end_moves_no_cut_before_it() -> None:
    bounds = Bounds(max_requests=3)
    assert runs(job(7, bounds=bounds)) == [[0, 1, 2], [3, 4, 5], [6]]
    assert runs(job(8, bounds=bounds))[:2] == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize(("bounds", "expected"), [
    (Bounds(max_bytes=250), [[0, 1], [2, 3]]), (Bounds(max_bytes=200), [[0, 1], [2, 3]]),
    (Bounds(max_bytes=199), [[0], [1], [2], [3]]), (Bounds(max_bytes=1), [[0], [1], [2], [3]]),
    (Bounds(max_requests=4), [[0, 1, 2, 3]]), (Bounds(max_enqueued_tokens=75), [[0, 1, 2], [3]]),
    (Bounds(max_inputs=1), [[0, 1, 2, 3]]),
])
def test_each_bound_cuts_where_it_should(bounds: Bounds, expected: list[list[int]]) -> None:
    assert runs(job(4, bounds=bounds)) == expected


def test_a_ceiling_of_tokens_counts_what_is_read_and_not_what_is_around_it() -> None:
    assert runs(job(4, bounds=Bounds(max_enqueued_tokens=50), envelope=0)) == [[0, 1], [2, 3]]
    assert runs(job(4, bounds=Bounds(max_enqueued_tokens=50), envelope=60)) == [[0, 1, 2, 3]]
    assert runs(job(4, bounds=Bounds(max_enqueued_tokens=20), envelope=60)) == [[0, 1], [2, 3]]


def test_embedding_inputs_are_counted_where_they_are_known() -> None:
    assert runs(job(4, bounds=Bounds(max_inputs=5), units=array("I", [2, 3, 1, 9]))) == [[0, 1], [2], [3]]


def test_a_shard_is_named_by_its_requests() -> None:
    assert cuts.digest_of(job(3), [2, 0]) == shard_digest([identity(2), identity(0)])


def test_the_tighter_of_two_limits_counts() -> None:
    limits = Limits(max_requests=100, max_bytes=1000, min_requests=2, max_inputs=7, max_enqueued_tokens=50)
    assert Bounds.of(limits, BatchSettings()) == Bounds(100, 2, 1000, 7, 50)
    assert Bounds.of(limits, BatchSettings(10, 100, 20)) == Bounds(10, 2, 100, 7, 20)
    assert Bounds.of(limits, BatchSettings(1000, 10_000, 200)) == Bounds(100, 2, 1000, 7, 50)
