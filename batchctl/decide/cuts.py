"""Cuts requests into shards: greedily, in input order, so that the cuts depend on the requests alone."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence

from batchctl.decide.wanted import BYTES_PER_TOKEN, Wanted
from batchctl.words.digest import shard_digest


def cut(wanted: Wanted, positions: Sequence[int]) -> Iterator[array[int]]:
    """Runs of `positions` (ascending) that each fit one input file. A request that fits none alone is a run of its
    own: rendering has refused what the provider would refuse.

    Where the provider wants a minimum, the last run takes what it lacks from the end of the one before.
    """
    fewest = wanted.bounds.min_requests
    before: array[int] | None = None
    for run in _greedy(wanted, positions):
        if before is not None:
            lacking = fewest - len(run)
            if 0 < lacking <= len(before) - fewest and _fits(wanted, before[-lacking:] + run):
                before, run = before[:-lacking], before[-lacking:] + run
            yield before
        before = run
    if before is not None:
        yield before


def _greedy(wanted: Wanted, positions: Sequence[int]) -> Iterator[array[int]]:
    bounds = wanted.bounds
    max_tokens = bounds.max_enqueued_tokens
    max_bytes = bounds.max_bytes if max_tokens is None else min(bounds.max_bytes, max_tokens * BYTES_PER_TOKEN)
    run = array("I")
    size = inputs = 0
    for at in positions:
        length = wanted.lengths[at]
        units = 0 if wanted.units is None else wanted.units[at]
        full = len(run) >= bounds.max_requests or size + length > max_bytes
        if bounds.max_inputs is not None and inputs + units > bounds.max_inputs:
            full = True
        if full and run:
            yield run
            run, size, inputs = array("I"), 0, 0
        run.append(at)
        size += length
        inputs += units
    if run:
        yield run


def _fits(wanted: Wanted, run: array[int]) -> bool:
    return sum(1 for _ in _greedy(wanted, run)) == 1


def digest_of(wanted: Wanted, run: Sequence[int]) -> str:
    """The shard digest of the requests at these positions."""
    return shard_digest([wanted.ids.pick(run).blob])
