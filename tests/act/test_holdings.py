"""Which requests a batch holds: from the store, else from what renders the same, else from its input file."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from batchctl.act.holdings import Holdings
from batchctl.decide import cuts
from batchctl.decide.wanted import Bounds
from batchctl.recorded.store import Store
from batchctl.words.digest import shard_digest
from batchctl.words.errors import Refusal, Unavailable
from batchctl.words.ids import IdList
from tests.decide.worlds import ids, job
from tests.remote.http import Scripted, Step, answer, text

OTHER = ids([7, 8, 9])
SHARD = shard_digest([OTHER.blob])
WANTED = job(5, bounds=Bounds(max_requests=3))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path / ".batchctl")
    made.prepare()
    return made


def lines(held: IdList) -> bytes:
    return b"".join(json.dumps({"custom_id": f"k-{one.hex()}", "body": {}}).encode() + b"\n" for one in held)


def asked(store: Store, step: Step, *, keeps: bool = True) -> IdList | None:
    return Holdings(WANTED, store, keeps=keeps).at_provider(SHARD, "file-1", Scripted(step).provider())


def test_the_store_knows_first(store: Store) -> None:
    store.keep_ids(SHARD, OTHER)
    assert Holdings(WANTED, store, keeps=False).at_hand(SHARD) == OTHER


def test_a_shard_that_renders_the_same_is_known_without_asking(store: Store) -> None:
    digest = cuts.digest_of(WANTED, range(3))
    assert Holdings(WANTED, store, keeps=False).at_hand(digest) == ids(range(3))
    assert store.ids(digest) is None
    assert Holdings(WANTED, store, keeps=True).at_hand(digest) == ids(range(3))
    assert store.ids(digest) == ids(range(3))


def test_what_nobody_here_knows_is_not_guessed(store: Store) -> None:
    holdings = Holdings(WANTED, store, keeps=True)
    assert holdings.at_hand(SHARD) is None
    assert holdings.at_provider(SHARD, None, Scripted(answer({}, 500)).provider()) is None


def test_g2_the_input_file_at_the_provider_tells_and_is_believed_only_if_it_is_that_shard(store: Store) -> None:
    assert asked(store, text(lines(OTHER)), keeps=False) == OTHER
    assert store.ids(SHARD) is None
    assert asked(store, text(lines(OTHER))) == OTHER
    assert store.ids(SHARD) == OTHER


@pytest.mark.parametrize("content", [
    lines(ids([8, 7, 9])), lines(ids([7, 8])), b"", b"<html>", b"{", b"[]\n", b'{"custom_id": "mine"}\n', b"\xff",
    lines(OTHER) + b'{"html-message": ""}', b'{"custom_id": 7}\n', b"[" * 100_000,
])
def test_g1_any_other_file_tells_nothing(store: Store, content: bytes) -> None:
    assert asked(store, text(content)) is None
    assert store.ids(SHARD) is None


def test_a_file_that_is_gone_tells_nothing_and_other_failures_are_failures(store: Store) -> None:
    assert asked(store, answer({}, 404)) is None
    with pytest.raises(Refusal):
        asked(store, answer({}, 403))
    with pytest.raises(Unavailable):
        asked(store, httpx.ReadTimeout("slow"))
