"""A job that moves to another provider: what is answered counts, what is live stays there, the rest is sent anew."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from batchctl.words.errors import ExitCode
from batchctl.words.remote import Coordinates
from tests.faultlab.provider import FakeProvider
from tests.faultlab.rig import HERE, Rig

THERE = Coordinates("there", "openai", base_url="http://there.test/v1", api_key_env="THERE_KEY")


def move(rig: Rig) -> FakeProvider:
    """The job's provider is another one from now on."""
    assert THERE.base_url is not None
    rig.where = THERE
    rig.environ["THERE_KEY"] = "canary-there"
    rig.elsewhere[THERE.base_url] = FakeProvider()
    return rig.elsewhere[THERE.base_url]


def paid_once(rig: Rig) -> None:
    paid = rig.provider.paid()
    for provider in rig.elsewhere.values():
        paid += provider.paid()
    assert set(paid.values()) == {1}


def test_g1_what_is_live_at_a_former_provider_stays_there_and_is_fetched_from_there(rig: Rig) -> None:
    rig.apply()
    there = move(rig)
    rig.rows["d"] = "four"
    rig.apply()
    assert [len(batch.requests) for batch in there.batches.values()] == [1]
    assert rig.provider.writes() == [("POST", "/files"), ("POST", "/batches")]
    rig.finish_all()
    there.finish(*there.live())
    rig.apply()
    paid_once(rig)
    assert rig.plan().tally.ok == 4
    assert not rig.plan().changes
    assert len(rig.sink.read_text().splitlines()) == 4


def test_what_failed_at_a_former_provider_is_tried_again_at_the_new_one(rig: Rig) -> None:
    rig.apply()
    there = move(rig)
    rig.finish_all(fail=lambda at: 500 if at == 0 else None)
    rig.apply()
    assert [len(batch.requests) for batch in there.batches.values()] == [1]
    assert len(rig.provider.batches) == 1
    there.finish(*there.live())
    rig.apply()
    paid_once(rig)
    assert rig.plan().tally.ok == 3


def test_what_is_unwanted_at_a_former_provider_is_cancelled_there(rig: Rig) -> None:
    rig.apply()
    there = move(rig)
    rig.rows = {"z": "other"}
    rig.apply()
    assert [batch.status for batch in rig.provider.batches.values()] == ["cancelling"]
    assert [batch.status for batch in there.batches.values()] == ["validating"]


def test_g1_a_former_provider_whose_key_is_gone_holds_its_requests_back_and_says_so(rig: Rig) -> None:
    rig.apply()
    there = move(rig)
    del rig.environ["FAKE_KEY"]
    rig.rows["d"] = "four"
    (report,) = rig.apply().jobs
    assert [len(batch.requests) for batch in there.batches.values()] == [1]
    assert report.plan is not None
    assert report.plan.tally.waiting == 4
    assert "FAKE_KEY" in report.plan.notes[0]


def test_g1_an_unfinished_create_at_a_former_provider_is_found_out_there(rig: Rig) -> None:
    def fault(at: int, method: str, path: str, done: bool) -> None:
        if path == "/batches" and ("POST", "/batches") in rig.provider.calls and (done or method == "GET"):
            raise httpx.ReadError("cut")

    rig.provider.fault = fault
    (report,) = rig.apply().jobs
    assert report.exit_code == ExitCode.REFUSED
    there = move(rig)
    (report,) = rig.apply().jobs
    assert report.exit_code == ExitCode.REFUSED
    assert not there.batches
    rig.provider.fault = None
    rig.apply()
    assert not there.batches
    rig.finish_all()
    rig.apply()
    paid_once(rig)
    assert rig.plan().tally.ok == 3


@pytest.mark.parametrize("lose", ["lockfile", "both"])
def test_a_move_with_a_lost_lockfile_asks_only_the_new_provider(rig: Rig, lose: str) -> None:
    rig.apply()
    rig.finish_all()
    rig.apply()
    there = move(rig)
    rig.lose_lockfile()
    if lose == "both":
        rig.lose_store()
    before = len(rig.provider.calls)
    rig.apply()
    assert len(rig.provider.calls) == before
    assert [len(batch.requests) for batch in there.batches.values()] == [3]


def test_batches_of_two_providers_may_have_the_same_id(rig: Rig) -> None:
    rig.apply()
    there = move(rig)
    rig.rows["d"] = "four"
    rig.apply()
    assert list(there.batches) == list(rig.provider.batches)
    rig.lose_lockfile()
    rig.where = HERE
    del rig.rows["d"]
    rig.apply()
    rig.where = THERE
    rig.rows["d"] = "four"
    rig.apply()
    rig.finish_all()
    for batch in there.live():
        there.finish(batch)
    rig.apply()
    paid_once(rig)
    assert rig.plan().tally.ok == 4


def test_the_same_account_under_another_name_is_the_same_account(rig: Rig) -> None:
    rig.apply()
    rig.where = replace(HERE, name="renamed")
    rig.rows["d"] = "four"
    rig.apply()
    rig.finish_all()
    rig.apply()
    paid_once(rig)
    assert rig.plan().tally.ok == 4
