"""`gc` deletes what can be made again or was left behind, and nothing that a lockfile names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from batchctl.act.store_files import collect
from batchctl.recorded.answers import OUTPUT_FILE, AnswerIndex
from batchctl.recorded.lockfile import Lockfile
from batchctl.recorded.records import BatchRecord
from batchctl.recorded.runlock import RunLock
from batchctl.recorded.store import Store
from batchctl.words.errors import Refused, RunLockHeld, StateError
from batchctl.words.ids import IdList
from tests.recorded.records import batch

SHARD = "a" * 64
LIVE = replace(batch("batch_1"), shard=SHARD, results=None)
ENDED = replace(LIVE, results="sha256:0", status="completed")
INTENT = replace(LIVE, batch_id=None)


class Folder:
    """A project's folder with a lockfile and a store."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(folder / ".batchctl")
        self.store.prepare()
        self.lockfile = folder / "job.lock.json"

    def record(self, *records: BatchRecord) -> None:
        for record in records:
            Lockfile(self.lockfile, "job.lock.json").add("labels", record)

    def keep(self, record: BatchRecord) -> Path:
        with self.store.receiving(record) as receiving:
            receiving.path(OUTPUT_FILE).write_bytes(b"{}\n")
            return receiving.keep(AnswerIndex()).folder

    def shard(self, digest: str = SHARD) -> Path:
        self.store.keep_ids(digest, IdList())
        self.store.shard_path(digest).write_bytes(b"{}\n")
        return self.store.shard_path(digest)

    def collect(self, *, results: bool = False, dry_run: bool = False) -> set[Path]:
        return {garbage.path for garbage in collect(
            {self.store.folder: frozenset()}, str, results=results, dry_run=dry_run, run_lock_timeout_s=0)}


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@pytest.mark.parametrize("record", [INTENT, LIVE], ids=["unfinished", "live"])
def test_the_shard_of_what_has_not_ended_stays(folder: Folder, record: BatchRecord) -> None:
    folder.record(record)
    shard = folder.shard()
    assert folder.collect(results=True) == set()
    assert shard.exists()


def test_a_shard_whose_batch_has_ended_goes_and_its_ids_stay(folder: Folder) -> None:
    folder.record(ENDED)
    shard = folder.shard()
    assert folder.collect(results=True) == {shard}
    assert not shard.exists()
    assert shard.with_suffix(".ids").exists()


def test_a_download_that_broke_off_stays_while_its_batch_is_to_be_fetched(folder: Folder) -> None:
    folder.record(LIVE)
    part, other = folder.store.part_folder(LIVE), folder.store.part_folder(replace(LIVE, batch_id="batch_of_nobody"))
    for path in (part, other):
        path.mkdir()
    assert folder.collect(results=True) == {other}
    assert part.exists()


def test_results_that_any_lockfile_beside_the_store_names_stay(folder: Folder) -> None:
    folder.record(ENDED)
    other = replace(ENDED, batch_id="batch_2")
    Lockfile(folder.lockfile.with_name("other.lock.json"), "other").add("other", other)
    kept, also, lost = folder.keep(ENDED), folder.keep(other), folder.keep(replace(ENDED, batch_id="batch_3"))
    assert folder.collect() == set()
    assert folder.collect(results=True) == {lost}
    assert kept.exists()
    assert also.exists()


def test_without_a_lockfile_no_result_is_deleted(folder: Folder) -> None:
    kept = folder.keep(ENDED)
    with pytest.raises(Refused):
        folder.collect(results=True)
    assert kept.exists()


@pytest.mark.parametrize("content", ["", "<<<<<<< HEAD\n", '{"version": 99}'])
def test_where_a_lockfile_cannot_be_read_nothing_is_deleted(folder: Folder, content: str) -> None:
    kept, shard = folder.keep(ENDED), folder.shard()
    folder.lockfile.write_text(content)
    for results in (False, True):
        with pytest.raises(StateError):
            folder.collect(results=results)
    assert kept.exists()
    assert shard.exists()


def test_nothing_is_deleted_under_another_run_and_a_dry_run_deletes_nothing(folder: Folder) -> None:
    shard = folder.shard()
    with RunLock(folder.store.folder, "apply"):
        with pytest.raises(RunLockHeld):
            folder.collect()
        assert folder.collect(dry_run=True) == {shard}
    assert shard.exists()
