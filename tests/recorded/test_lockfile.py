"""The lockfile on disk: never overwritten when it cannot be understood, and a new batch id is never lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from batchctl.recorded.codec import LockfileInvalid, encode
from batchctl.recorded.lockfile import Lockfile, read
from batchctl.recorded.records import JobRecord, Recorded
from batchctl.words.errors import Refused, StateError
from tests.recorded.records import SAMPLE, batch

ROOT = Path(__file__).parents[2]


def held(path: Path, guard: Callable[[], None] = lambda: None) -> Lockfile:
    return Lockfile(path, path.name, guard)


def test_no_file_is_nothing_recorded_and_reading_makes_none(tmp_path: Path) -> None:
    assert read(tmp_path / "l", "l") == Recorded()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", [b"", b"{", b"<<<<<<< HEAD\n", b'{"version": 99}'])
def test_g3_what_cannot_be_understood_is_refused_and_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "job.lock.json"
    path.write_bytes(content)
    with pytest.raises(LockfileInvalid):
        held(path)
    assert path.read_bytes() == content
    assert [found.name for found in tmp_path.iterdir()] == ["job.lock.json"]


@pytest.mark.parametrize("kind", ["folder", "loop"])
def test_what_cannot_be_read_is_a_state_error(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "l"
    path.mkdir() if kind == "folder" else path.symlink_to(path)
    with pytest.raises(StateError, match="cannot be read"):
        read(path, "l")


def test_a_change_is_on_disk_before_it_is_believed(tmp_path: Path) -> None:
    lock = held(tmp_path / "l")
    lock.add("reviews", batch(None))
    assert read(lock.path, "l") == lock.recorded
    lock.change("reviews", batch(None), batch("batch_1"))
    assert read(lock.path, "l").job("reviews").batches == (batch("batch_1"),)
    lock.change("reviews", batch("batch_1"), None)
    assert read(lock.path, "l") == Recorded()


def test_g7_what_changes_nothing_does_not_touch_the_file(tmp_path: Path) -> None:
    path = tmp_path / "l"
    path.write_bytes(json.dumps(json.loads(encode(SAMPLE))).encode())
    before = path.read_bytes(), path.stat().st_ino
    lock = held(path)
    lock.set_job("reviews", SAMPLE.job("reviews"))
    assert (path.read_bytes(), path.stat().st_ino) == before


def test_nothing_is_written_once_the_run_lock_is_lost(tmp_path: Path) -> None:
    def guard() -> None:
        raise Refused("forced open")

    with pytest.raises(Refused):
        held(tmp_path / "l", guard).add("reviews", batch())
    assert not list(tmp_path.iterdir())


FULL_DISK = """
import resource, signal, sys, tempfile
from dataclasses import replace
from pathlib import Path
from batchctl.recorded.lockfile import Lockfile
from batchctl.words.errors import StateError
path, rescue = Path(sys.argv[1]), sys.argv[2]
tempfile.tempdir = rescue
lock = Lockfile(path, path.name, chosen=["-f", "my job.yaml"])
old = lock.job("reviews").batches[2]
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]),) * 2)
try:
    lock.change("reviews", old, replace(old, batch_id="batch_paid"))
except StateError as error:
    print(error.message, *error.notes, sep="\\n")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs RLIMIT_FSIZE")
@pytest.mark.parametrize(("room", "beside", "saved"), [
    (1200, True, True), (1200, False, True), (0, True, False)], ids=["beside", "temporary", "nowhere"])
def test_g2_a_new_batch_id_on_a_full_disk_goes_to_a_rescue_file_and_into_the_message(
    tmp_path: Path, room: int, beside: bool, saved: bool
) -> None:
    path, elsewhere = tmp_path / "job.lock.json", tmp_path / "elsewhere"
    elsewhere.mkdir()
    path.write_bytes(encode(SAMPLE))
    rescue = tmp_path / "job.rescue-batch_paid.json"
    if not beside:
        rescue.mkdir()
    said = subprocess.run([sys.executable, "-c", FULL_DISK, str(path), str(elsewhere), str(room)], cwd=ROOT, check=True,
                          capture_output=True, text=True).stdout
    assert path.read_bytes() == encode(SAMPLE)
    assert "batch_paid was made, and is not recorded: job.lock.json cannot be written: File too large" in said
    assert "batchctl import reviews batch_paid -f 'my job.yaml'" in said
    found = [rescue] * rescue.is_file() + list(elsewhere.iterdir())
    assert len(found) == saved
    assert rescue.is_file() == (beside and saved)
    if saved:
        assert str(found[0]) in said
        assert read(found[0], "r").job("reviews").batches[0].batch_id == "batch_paid"
        assert found[0].stat().st_mode & 0o777 == 0o600


def test_g2_a_new_batch_id_whose_run_lock_was_lost_is_told_too_and_its_rescue_file_goes_once_it_is_recorded(
    tmp_path: Path,
) -> None:
    path = tmp_path / "job.lock.json"
    path.write_bytes(encode(SAMPLE))
    lost = [False]

    def guard() -> None:
        if lost[0]:
            raise Refused("forced open")

    lock = held(path, guard)
    old = lock.job("reviews").batches[2]
    lost[0] = True
    with pytest.raises(Refused, match="batch_paid was made, and is not recorded: forced open"):
        lock.change("reviews", old, replace(old, batch_id="batch_paid"))
    assert (tmp_path / "job.rescue-batch_paid.json").exists()
    lost[0] = False
    lock.change("reviews", old, replace(old, batch_id="batch_paid"))
    assert [path.name for path in tmp_path.iterdir()] == ["job.lock.json"]


def test_other_changes_that_cannot_be_written_are_plain_errors_and_are_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "l"
    lock = held(path)
    path.mkdir()
    (path / "x").touch()
    with pytest.raises(StateError, match="cannot be written") as caught:
        lock.set_job("reviews", JobRecord((batch("batch_1"),)))
    assert not caught.value.notes
    assert lock.recorded == Recorded()
    assert [found.name for found in tmp_path.iterdir()] == ["l"]
