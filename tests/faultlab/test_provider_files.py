"""What `gc --remote` deletes at a provider, judged by what the provider has left; and that it never costs anything."""

from __future__ import annotations

import httpx
import pytest

from batchctl.act.provider_files import collect_remote
from batchctl.words.errors import AmbiguousRemote
from batchctl.words.remote import Coordinates
from tests.faultlab.provider import FakeProvider, Killed
from tests.faultlab.rig import HERE, Rig

DAY_S = 24 * 3600


def collect(rig: Rig, *, days: float = 1.5, results: bool = False, dry_run: bool = False) -> list[str]:
    """The ids of the files that are deleted when this runs `days` after the provider's last create."""
    with rig.providers() as providers:
        found = collect_remote(rig.project(), providers, rig.events.append, results=results, dry_run=dry_run,
                               now=rig.provider.clock + days * DAY_S, run_lock_timeout_s=0)
    return [unneeded.file.id for unneeded in found]


def settled(rig: Rig) -> None:
    """A batch of three requests that has ended and is fetched: file-1 asked, file-2 answers."""
    rig.apply()
    rig.finish_all()
    rig.apply()


def test_only_the_requests_of_a_fetched_batch_are_deleted_and_results_stay(rig: Rig) -> None:
    settled(rig)
    assert collect(rig) == ["file-1"]
    assert list(rig.provider.files) == ["file-2"]
    assert collect(rig) == []


def test_results_are_deleted_on_request_where_the_store_has_them(rig: Rig) -> None:
    settled(rig)
    assert collect(rig, results=True) == ["file-1", "file-2"]
    assert not rig.provider.files


@pytest.mark.parametrize("damage", ["lost", "corrupt"])
def test_a_result_that_the_store_has_not_whole_is_never_deleted(rig: Rig, damage: str) -> None:
    settled(rig)
    (output,) = rig.store.glob("results/*/output.jsonl")
    content = output.read_bytes()
    if damage == "lost":
        output.unlink()
    else:
        output.write_bytes(content.replace(b"200", b"500"))
    assert collect(rig, results=True) == []
    assert len(rig.provider.files) == 2


def test_a_result_that_cannot_be_compared_with_what_was_recorded_is_never_deleted(rig: Rig) -> None:
    rig.apply()
    (batch,) = rig.provider.live()
    rig.provider.finish(batch)
    assert batch.output is not None
    name, content = rig.provider.files[batch.output]
    rig.provider.files[batch.output] = (name, b"".join(reversed(content.splitlines(keepends=True))))
    rig.apply()
    for path in rig.store.glob("shards/*"):
        path.unlink()
    assert collect(rig, results=True) == []


def test_a_result_that_is_not_fetched_is_never_deleted(rig: Rig) -> None:
    rig.apply()
    rig.finish_all()
    assert collect(rig, results=True) == []


def test_an_input_is_never_deleted_within_its_window(rig: Rig) -> None:
    settled(rig)
    assert collect(rig, days=0.9) == []
    assert "file-1" in rig.provider.files


def test_the_input_of_a_live_batch_is_never_deleted(rig: Rig) -> None:
    rig.apply()
    assert collect(rig, days=40, results=True) == []


def test_the_input_of_a_batch_without_room_is_kept_as_it_is_sent_again(rig: Rig) -> None:
    rig.apply()
    rig.provider.reject(rig.provider.live()[0], "token_limit_exceeded")
    rig.apply(approve=lambda plans: False)
    assert collect(rig) == []


def test_the_input_that_an_ended_batch_shares_with_a_live_one_is_never_deleted(rig: Rig) -> None:
    def fault(at: int, method: str, path: str, done: bool) -> None:
        if (method, path) == ("POST", "/batches") and done and rig.provider.creates == 1:
            rig.provider.batches["batch_0001"].hidden_for = 100
            raise httpx.ReadTimeout("slow")

    rig.provider.fault = fault
    rig.apply()
    first, second = rig.provider.batches.values()
    assert first.file == second.file, "the list lagged for longer than it was waited for"
    rig.provider.finish(second)
    rig.apply()
    first.hidden_for = 0
    assert collect(rig, days=40, results=True)
    assert first.file in rig.provider.files


def test_the_input_of_a_batch_that_was_sent_again_for_want_of_room_goes_when_the_second_is_fetched(rig: Rig) -> None:
    rig.apply()
    rig.provider.reject(rig.provider.live()[0], "token_limit_exceeded")
    settled(rig)
    assert collect(rig) == ["file-1"]


def test_an_upload_that_no_batch_was_made_of_is_deleted_once_no_create_can_follow(rig: Rig) -> None:
    def fault(at: int, method: str, path: str, done: bool) -> None:
        if (method, path) == ("POST", "/files") and done:
            raise httpx.ReadError("reset")

    rig.provider.fault = fault
    rig.apply()
    rig.provider.fault = None
    rig.apply()
    (batch,) = rig.provider.batches.values()
    twins = [file for file in rig.provider.files if file != batch.file]
    assert twins
    assert collect(rig, days=0.5) == []
    assert collect(rig) == twins


def test_an_upload_of_an_unfinished_create_stays(rig: Rig) -> None:
    def fault(at: int, method: str, path: str, done: bool) -> None:
        if (method, path) == ("POST", "/files") and done:
            raise Killed

    rig.provider.fault = fault
    with pytest.raises(Killed):
        rig.apply()
    rig.provider.fault = None
    assert collect(rig, days=40) == []


def test_files_that_are_not_of_this_manifests_jobs_stay(rig: Rig) -> None:
    rig.provider.files = {"file-9": (f"batchctl-other-{'a' * 64}-1.jsonl", b""), "file-8": ("mine.jsonl", b"")}
    rig.provider.uploaded_at = dict.fromkeys(rig.provider.files, 0)
    settled(rig)
    collect(rig, results=True)
    assert {"file-8", "file-9"} <= set(rig.provider.files)


def test_nothing_is_deleted_while_the_batches_cannot_be_listed(rig: Rig) -> None:
    settled(rig)

    def fault(at: int, method: str, path: str, done: bool) -> None:
        if path == "/batches":
            raise httpx.ReadTimeout("slow")

    rig.provider.fault = fault
    with pytest.raises(AmbiguousRemote):
        collect(rig)
    assert len(rig.provider.files) == 2


def test_g5_a_dry_run_deletes_nothing(rig: Rig) -> None:
    settled(rig)
    before, calls = rig.snapshot(), len(rig.provider.writes())
    assert collect(rig, results=True, dry_run=True) == ["file-1", "file-2"]
    assert len(rig.provider.files) == 2
    assert len(rig.provider.writes()) == calls
    assert rig.snapshot() == before


def test_g1_after_all_was_deleted_and_store_and_lockfile_are_lost_nothing_is_sent_again(rig: Rig) -> None:
    settled(rig)
    collect(rig, results=True)
    rig.lose_store()
    rig.lose_lockfile()
    assert rig.apply().jobs[0].plan is not None
    assert len(rig.provider.batches) == 1


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_local_server_that_never_ran_is_not_started_to_learn_that_it_has_no_files(rig: Rig, dry_run: bool) -> None:
    rig.where = Coordinates("local", "local")
    before = rig.snapshot()
    assert collect(rig, dry_run=dry_run) == []
    assert not (rig.store / "server").exists()
    assert not dry_run or rig.snapshot() == before


def test_nothing_is_deleted_at_one_provider_where_the_list_of_another_cannot_be_read(rig: Rig) -> None:
    settled(rig)
    rig.environ["SECOND_KEY"] = "another-canary"
    second = rig.elsewhere["http://second.test/v1"] = FakeProvider(made_files=50)
    rig.where = Coordinates("second", "openai", base_url="http://second.test/v1", api_key_env="SECOND_KEY")
    rig.rows["d"] = "four"
    rig.apply()
    rig.where, where = HERE, rig.where

    def fault(at: int, method: str, path: str, done: bool) -> None:
        raise httpx.ConnectError("away")

    second.fault = fault
    with pytest.raises(AmbiguousRemote, match=where.name):
        collect(rig)
    assert list(rig.provider.files) == ["file-1", "file-2"]


def test_a_provider_without_its_key_is_refused_as_one_that_cannot_be_read(rig: Rig) -> None:
    settled(rig)
    del rig.environ["FAKE_KEY"]
    with pytest.raises(AmbiguousRemote, match="FAKE_KEY"):
        collect(rig)
