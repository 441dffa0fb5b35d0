"""The run lock keeps two applies apart, and is free at once when its holder dies."""

from __future__ import annotations

import errno
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from batchctl.recorded.runlock import RunLock, holder_of, unlock
from batchctl.words.errors import Refused, RunLockHeld, StateError

ROOT = Path(__file__).parents[2]

HOLD = """
import sys
from pathlib import Path
from batchctl.recorded.runlock import RunLock
with RunLock(Path(sys.argv[1]), "apply"):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def another_holds(store: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen([sys.executable, "-c", HOLD, str(store)], cwd=ROOT, text=True, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def test_g1_a_second_apply_waits_and_then_names_the_holder(tmp_path: Path) -> None:
    now, waits = [0.0], []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        now[0] += seconds

    with another_holds(tmp_path) as process:
        holder = holder_of(tmp_path)
        assert holder is not None
        assert holder.pid == process.pid
        with pytest.raises(RunLockHeld) as caught, RunLock(
                tmp_path, "apply", timeout_s=60, sleep=sleep, clock=lambda: now[0]):
            pytest.fail("two hold it")
    assert sum(waits) == pytest.approx(60)
    assert max(waits) <= 1
    for part in ("apply by", f"pid {process.pid}", f"batchctl unlock {holder.id}"):
        assert part in caught.value.message


def test_a_second_apply_goes_on_as_soon_as_the_first_has_ended(tmp_path: Path) -> None:
    with another_holds(tmp_path) as process:
        assert process.stdin is not None
        threading.Timer(0.2, process.stdin.close).start()
        with RunLock(tmp_path, "apply", timeout_s=30) as lock:
            lock.check()
    assert holder_of(tmp_path) is None


def test_a_killed_holder_frees_the_lock_at_once(tmp_path: Path) -> None:
    with another_holds(tmp_path) as process:
        process.kill()
        process.wait()
        assert holder_of(tmp_path) is not None
        start = time.monotonic()
        with RunLock(tmp_path, "apply", timeout_s=0) as lock:
            lock.check()
    assert time.monotonic() - start < 5


def test_one_process_excludes_itself_too(tmp_path: Path) -> None:
    with RunLock(tmp_path, "apply"), pytest.raises(RunLockHeld), RunLock(tmp_path, "apply", timeout_s=0):
        pass
    with RunLock(tmp_path, "apply", timeout_s=0):
        pass


def test_unlocking_needs_the_right_id(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no run lock"):
        unlock(tmp_path, "x")
    with RunLock(tmp_path, "apply") as lock:
        with pytest.raises(Refused, match="another id"):
            unlock(tmp_path, "0" * 16)
        lock.check()


def test_a_leftover_is_unlocked_without_cutting_anybody_off(tmp_path: Path) -> None:
    with another_holds(tmp_path) as process:
        process.kill()
        process.wait()
    holder = holder_of(tmp_path)
    assert holder is not None
    assert unlock(tmp_path, holder.id) is False
    assert holder_of(tmp_path) is None


def test_g1_a_holder_that_was_cut_off_changes_nothing_more(tmp_path: Path) -> None:
    with RunLock(tmp_path, "apply") as cut_off:
        holder = holder_of(tmp_path)
        assert holder is not None
        assert unlock(tmp_path, holder.id) is True
        with pytest.raises(Refused, match="forced open"):
            cut_off.check()
        with RunLock(tmp_path, "apply", timeout_s=0) as second:
            second.check()
            with pytest.raises(Refused):
                cut_off.check()
            cut_off.__exit__()
            second.check()
            with pytest.raises(RunLockHeld), RunLock(tmp_path, "apply", timeout_s=0):
                pass


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"id": "x"}', '{"id":"x","more":1}', "\udcff"])
def test_a_damaged_record_of_the_holder_is_nobody(tmp_path: Path, content: str) -> None:
    (tmp_path / "run.lock.json").write_bytes(content.encode(errors="surrogateescape"))
    assert holder_of(tmp_path) is None
    with RunLock(tmp_path, "apply", timeout_s=0) as lock:
        lock.check()


def test_where_no_lock_can_be_made_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "run.lock.json").mkdir()
    (tmp_path / "run.lock.json" / "x").touch()
    with pytest.raises(StateError, match="no run lock can be made"), RunLock(tmp_path, "apply", timeout_s=0):
        pass
    (tmp_path / "file").touch()
    with pytest.raises(StateError), RunLock(tmp_path / "file", "apply", timeout_s=0):
        pass


def test_a_user_without_a_name_is_a_number(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def nobody() -> str:
        raise KeyError("uid")

    monkeypatch.setattr("batchctl.recorded.runlock.getpass.getuser", nobody)
    with RunLock(tmp_path, "apply"):
        holder = holder_of(tmp_path)
        assert holder is not None
        assert holder.who.split("@")[0].isdigit()


def test_a_lock_that_cannot_be_released_is_said_and_goes_with_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    lock = RunLock(tmp_path, "apply", timeout_s=0)
    with pytest.raises(StateError, match="cannot be released before this process ends"), lock:
        monkeypatch.setattr("fcntl.flock", _refuse)


def _refuse(*_: object) -> None:
    raise OSError(errno.EIO, "Input/output error")
