"""Id lists and their index find every request, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchctl.words.ids import IdIndex, IdList

# Few different heads, so that ids with equal first eight bytes are common.
HEADS = st.sampled_from([bytes(8), b"\x00" * 7 + b"\x01", b"\xff" * 8, b"\x01" + bytes(7)])
IDS = st.tuples(HEADS, st.binary(min_size=2, max_size=2)).map(b"".join) | st.binary(min_size=10, max_size=10)


@given(st.lists(IDS, max_size=40), st.lists(IDS, max_size=10))
def test_the_index_finds_the_first_place_of_every_id_and_nothing_else(ids: list[bytes], others: list[bytes]) -> None:
    index = IdIndex(IdList.of(ids))
    for identity in [*ids, *others]:
        assert index.find(identity) == (ids.index(identity) if identity in ids else None)
        assert (identity in index) is (identity in ids)


@given(st.lists(IDS, max_size=20))
def test_a_list_gives_back_what_it_was_made_of(ids: list[bytes]) -> None:
    made = IdList.of(ids)
    assert list(made) == ids
    assert [made[at] for at in range(len(made))] == ids
    assert list(made.pick(reversed(range(len(ids))))) == ids[::-1]
    assert made == IdList(b"".join(ids))
    assert hash(made) == hash(IdList(made.blob))


def test_half_an_id_is_no_list() -> None:
    with pytest.raises(ValueError, match="whole number"):
        IdList(bytes(11))


@pytest.mark.parametrize("at", [-1, 1, 100])
def test_places_outside_are_errors_and_do_not_wrap(at: int) -> None:
    with pytest.raises(IndexError):
        IdList(bytes(10))[at]
