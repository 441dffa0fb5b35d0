"""`lock verify` compares with the provider too; `--repair` mends what it can, and loses, sends and cancels nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import httpx
import pytest

from batchctl.act.comparing import compare
from batchctl.act.desk import Options
from batchctl.act.repairing import Repair, repair
from batchctl.act.verifying import Verified
from batchctl.recorded.lockfile import Lockfile
from batchctl.recorded.records import BatchRecord
from batchctl.recorded.runlock import RunLock
from batchctl.words.errors import AmbiguousRemote, BatchctlError
from tests.faultlab.provider import Killed
from tests.faultlab.rig import SETTLE_S, Rig


def compared(rig: Rig) -> tuple[list[Verified], list[BatchctlError]]:
    with rig.providers() as providers:
        return compare(rig.project().looking(providers, Options(settle_s=SETTLE_S)))


def states(rig: Rig) -> list[str]:
    return [found.state for found in compared(rig)[0]]


def repaired(rig: Rig, *, approve: bool = True) -> tuple[list[Repair] | None, list[BatchctlError]]:
    project = rig.project()
    with rig.providers() as providers, RunLock(project.store.folder, "repair", timeout_s=0) as lock:
        desk = project.working(project.locked(lock), providers, Options(settle_s=SETTLE_S), rig.events.append)
        desk = replace(desk, sleep=rig.sleep, monotonic=lambda: rig.now)
        _, done, failures = repair(desk, lambda todo: approve)
    return done, failures


def mends(rig: Rig, *expected: str) -> None:
    """Each of these states is found and mended, with nothing sent or cancelled, and the rows settle as ever."""
    writes = len(rig.provider.writes())
    done, failures = repaired(rig)
    assert done is not None
    assert sorted(one.finding.state for one in done) == sorted(expected)
    assert all(one.mended for one in done), done
    assert failures == []
    assert len(rig.provider.writes()) == writes
    settles(rig)


def settles(rig: Rig) -> None:
    rig.apply()
    rig.finish_all()
    rig.apply()
    assert not rig.plan().changes
    assert set(states(rig)) == {"ok"}
    assert set(rig.provider.paid().values()) == {1}
    assert [json.loads(line)["status"] for line in rig.sink.read_text().splitlines()] == ["ok"] * len(rig.rows)


@pytest.fixture
def fetched(rig: Rig) -> Rig:
    rig.apply()
    rig.finish_all()
    rig.apply()
    return rig


def spoil(rig: Rig, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """Damages a file of the store, and returns what it is now."""
    (path,) = rig.store.glob(name)
    path.write_bytes(change(path.read_bytes()))
    return path.read_bytes()


@pytest.mark.parametrize("change", [lambda old: old[:-9], lambda old: old.replace(b"answer", b"anseer"[:5] + b"\n"),
                                    lambda old: b"", lambda old: b"\x00" * len(old)])
def test_damaged_results_are_fetched_again_and_set_aside_and_not_deleted(
    fetched: Rig, change: Callable[[bytes], bytes],
) -> None:
    damaged = spoil(fetched, "results/*/output.jsonl", change)
    assert states(fetched) == ["corrupt"]
    mends(fetched, "corrupt")
    assert [path.read_bytes() for path in fetched.store.glob("quarantine/*/output.jsonl")] == [damaged]


def test_missing_results_are_fetched_again(fetched: Rig) -> None:
    fetched.lose_store()
    fetched.project().store.prepare()
    assert states(fetched) == ["missing"]
    mends(fetched, "missing")


def test_answers_that_are_fetched_again_are_checked_against_their_schema_again(rig: Rig) -> None:
    rig.schema = {"type": "object"}
    rig.apply()
    rig.finish_all(say=lambda custom: "no JSON" if custom.startswith("b-") else "{}")
    rig.apply()
    before = rig.lockfile.read_bytes()
    rig.lose_store()
    rig.project().store.prepare()
    done, _ = repaired(rig)
    assert done is not None
    assert [one.mended for one in done] == [True]
    assert rig.lockfile.read_bytes() == before
    assert (rig.plan().tally.ok, rig.plan().tally.failed) == (2, 1)
    assert not rig.plan().actions


@pytest.mark.parametrize("file", ["output", "batch"])
def test_damaged_results_stay_where_the_provider_no_longer_has_them(fetched: Rig, file: str) -> None:
    spoil(fetched, "results/*/output.jsonl", lambda old: old[:-9])
    (batch,) = fetched.provider.batches.values()
    if file == "output":
        del fetched.provider.files[batch.output or ""]
    else:
        del fetched.provider.batches[batch.id]
    before = fetched.snapshot()
    done, _ = repaired(fetched)
    assert done is not None
    assert [one.mended for one in done] == [False]
    assert "pays again" in done[0].done
    assert fetched.snapshot() == before


def test_a_damaged_list_of_requests_is_set_aside_and_told_anew(fetched: Rig) -> None:
    spoil(fetched, "shards/*.ids", lambda old: old[::-1])
    assert states(fetched) == ["ok", "corrupt-ids"]
    mends(fetched, "corrupt-ids")


def test_a_batch_of_ours_that_the_lockfile_lacks_is_adopted(rig: Rig) -> None:
    rig.apply()
    rig.lose_lockfile()
    assert states(rig) == ["unrecorded"]
    mends(rig, "unrecorded")


def test_a_batch_whose_requests_nobody_wants_is_named_as_foreign_and_left_alone(rig: Rig) -> None:
    rig.apply()
    rig.lose_lockfile()
    rig.rows = {"z": "another"}
    assert states(rig) == ["foreign"]
    assert repaired(rig) == ([], [])


def _dies_after(rig: Rig, method: str, path: str, *, carried_out: bool) -> None:
    def fault(at: int, called: str, where: str, done: bool) -> None:
        if (called, where, done) == (method, path, carried_out):
            raise Killed

    rig.provider.fault = fault
    with pytest.raises(Killed):
        rig.apply()
    rig.provider.fault = None


def test_an_unfinished_create_becomes_the_batch_that_came_of_it(rig: Rig) -> None:
    _dies_after(rig, "POST", "/batches", carried_out=True)
    # It answers the create, so it is not a second thing to mend.
    assert states(rig) == ["unfinished", "unrecorded"]
    mends(rig, "unfinished", "unrecorded")
    assert [batch.origin for batch in rig.project().recorded().job("labels").batches] == ["created"]


def test_an_unfinished_create_that_nothing_came_of_is_dropped_only_after_the_list_was_silent(rig: Rig) -> None:
    _dies_after(rig, "POST", "/batches", carried_out=False)
    before = rig.now
    done, _ = repaired(rig)
    assert done is not None
    assert [one.mended for one in done] == [True]
    assert rig.now - before >= SETTLE_S
    assert rig.project().recorded().job("labels").batches == ()
    settles(rig)


def test_g1_an_unfinished_create_stays_while_the_list_cannot_be_read(rig: Rig) -> None:
    _dies_after(rig, "POST", "/batches", carried_out=True)

    def fault(at: int, method: str, path: str, done: bool) -> None:
        if (method, path) == ("GET", "/batches"):
            raise httpx.ReadError("down")

    rig.provider.fault = fault
    before = rig.lockfile.read_bytes()
    done, failures = repaired(rig)
    assert done is not None
    assert [one.mended for one in done] == [False]
    assert [type(failure) for failure in failures] == [AmbiguousRemote]
    assert rig.lockfile.read_bytes() == before


def test_a_batch_that_the_provider_does_not_show_is_named_with_the_way_out(rig: Rig) -> None:
    rig.apply()
    rig.provider.batches.clear()
    (found,), _ = compared(rig)
    assert found.state == "unseen"
    assert "lock rm" in found.help


def test_without_approval_nothing_is_changed(fetched: Rig) -> None:
    spoil(fetched, "results/*/output.jsonl", lambda old: old[:-9])
    before = fetched.snapshot()
    assert repaired(fetched, approve=False) == (None, [])
    assert fetched.snapshot() == before


def test_what_was_kept_and_not_recorded_when_a_run_died_is_no_damage(rig: Rig) -> None:
    rig.apply()
    rig.finish_all()
    before = rig.lockfile.read_bytes()
    rig.apply()
    rig.lockfile.write_bytes(before)
    rig.apply()
    assert not list(rig.store.glob("quarantine/*"))


def test_a_batch_of_another_job_of_the_lockfile_is_compared_too(fetched: Rig) -> None:
    project = fetched.project()
    lockfile = Lockfile(project.lockfile, project.shown)
    (batch,) = lockfile.job("labels").batches
    gone: BatchRecord = replace(batch, batch_id="batch_9", input_file_id="file-9")
    lockfile.add("former", gone)
    assert sorted(states(fetched)) == ["missing", "ok"]
