"""G1: of batches that two applies made at once the oldest stays, and everybody decides so."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchctl.decide.doubles import doubles
from batchctl.decide.known import KnownBatch, Phase
from batchctl.words.outcomes import Outcome
from tests.decide.worlds import known, settled


def found(batches: list[KnownBatch], *ours: str) -> list[str | None]:
    return [batch.record.batch_id for batch in doubles(batches, frozenset(ours))]


@given(st.integers(2, 4), st.booleans())
def test_g1_everybody_keeps_the_same_one_however_the_list_is_sorted(count: int, same_second: bool) -> None:
    batches = [known([0, 1], at=at, created_at=7 if same_second else 7 + at) for at in range(count)]
    for shown in permutations(batches):
        survivors = [batch.record.batch_id for batch in batches
                     if not found(list(shown), batch.record.batch_id or "")]
        assert survivors == ["batch_0"]


def test_g1_one_shared_request_is_enough() -> None:
    assert found([known([0, 1, 2], at=1), known([2, 3], at=2)], "batch_2") == ["batch_2"]
    assert not found([known([0, 1], at=1), known([2, 3], at=2)], "batch_2")


def test_only_ours_are_named_and_only_those_that_are_younger() -> None:
    batches = [known([0], at=1), known([0], at=2), known([0], at=3)]
    assert found(batches, "batch_1") == []
    assert found(batches, "batch_2") == ["batch_2"]
    assert found(batches, "batch_2", "batch_3") == ["batch_2", "batch_3"]
    assert found(batches) == []


def test_a_retry_is_no_double_of_the_attempt_before_it() -> None:
    assert not found([known([0], at=1), known([0], at=2, attempt=2)], "batch_2")


@pytest.mark.parametrize(("older", "doubled"), [
    (known([0], Phase.ENDED, at=1), True), (known([0], Phase.UNREACHABLE, at=1), True),
    (known([0], at=1, remote_status="failed"), False), (known(None, at=1), False),
    (known([0], Phase.INTENT, at=1), False), (settled([0], Outcome.EXPIRED, at=1), False),
])
def test_what_is_paid_for_counts_and_what_was_turned_away_does_not(older: KnownBatch, doubled: bool) -> None:
    assert bool(found([older, known([0], at=2)], "batch_2")) is doubled


def test_what_has_ended_or_cannot_be_looked_into_is_not_cancelled() -> None:
    old = known([0], at=1)
    assert not found([old, known(None, at=2)], "batch_2")
    assert not found([old, known([0], Phase.ENDED, at=2)], "batch_2")


def test_a_batch_that_is_being_cancelled_for_a_double_protects_nobody() -> None:
    batches = [known([0], at=1), known([0, 1], at=2), known([1], at=3)]
    assert found(batches, "batch_2", "batch_3") == ["batch_2"]
    assert found(batches, "batch_3") == ["batch_3"]
