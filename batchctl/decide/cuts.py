"""Cuts requests into shards: greedily, in input order, so that the cuts depend on the requests alone."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from itertools import islice

from batchctl.decide.wanted import Wanted
from batchctl.words.digest import shard_digest
from batchctl.words.tokens import BYTES_PER_TOKEN


def cut(wanted: Wanted, positions: Sequence[int]) -> Iterator[array[int]]:
    """Runs of `positions` (ascending) that each fit one input file. A request that fits none alone is a run of its
    own: rendering has refused what the provider would refuse.

    Where the provider wants a minimum, a run takes what it lacks from the end of the one before, which does the same.
    """
    made: list[array[int]] = []
    for run in _greedy(wanted, positions):
        made.append(run)
        _fill_up(wanted, made)
    yield from made


def _fill_up(wanted: Wanted, made: list[array[int]]) -> None:
    """Gives the last run its minimum, where those before can spare it; else nothing is moved."""
    fewest = wanted.bounds.min_requests
    moved: list[array[int]] = []
    run = made[-1]
    for before in islice(reversed(made), 1, None) if len(run) < fewest else ():
        lacking = fewest - len(run)
        run = before[-lacking:] + run
        if len(before) < fewest or not _fits(wanted, run):
            return
        moved.append(run)
        run = before[:-lacking]
        if len(run) >= fewest:
            made[-1 - len(moved):] = [run, *reversed(moved)]
            return


def _greedy(wanted: Wanted, positions: Sequence[int]) -> Iterator[array[int]]:
    bounds, lengths = wanted.bounds, wanted.lengths
    most, max_bytes = bounds.max_requests, bounds.max_bytes
    max_tokens, envelope = bounds.max_enqueued_tokens, wanted.envelope
    max_read = None if max_tokens is None else max_tokens * BYTES_PER_TOKEN
    run = array("I")
    size = inputs = 0
    for at in positions:
        length = lengths[at]
        units = 0 if wanted.units is None else wanted.units[at]
        full = len(run) >= most or size + length > max_bytes
        if max_read is not None and size + length - (len(run) + 1) * envelope > max_read:
            full = True
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
