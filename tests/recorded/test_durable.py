"""G3: a file is the old one or the new one, whatever instruction was the last."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from batchctl.recorded import durable

ROOT = Path(__file__).parents[2]

#: Writes a file after arming an audit hook that kills the process at the N-th event that concerns the folder.
KILLED = """
import os, signal, sys
from pathlib import Path
from batchctl.recorded import durable
folder, number = sys.argv[1], int(sys.argv[2])
def replace():
    {action}
seen = 0
def hook(event, args):
    global seen
    if event.split(".")[0] in ("open", "os", "shutil") and any(folder in str(arg) for arg in args):
        seen += 1
        if seen == number:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(hook)
replace()
"""


#: Writes with a folder that cannot be flushed, as `errno` says; of this one process alone.
UNFLUSHED = """
import os, stat, sys
from pathlib import Path
from batchctl.recorded import durable
fsync = os.fsync
def failing(descriptor):
    if stat.S_ISDIR(os.fstat(descriptor).st_mode):
        raise OSError(int(sys.argv[2]), "said the file system")
    fsync(descriptor)
os.fsync = failing
durable.write(Path(sys.argv[1]), b"new")
"""


def run_killed(action: str, folder: Path, number: int) -> bool:
    """Runs the action, killed at the N-th file event; False when it ended before."""
    done = subprocess.run([sys.executable, "-c", KILLED.replace("{action}", action), str(folder), str(number)],
                          cwd=ROOT, check=False, capture_output=True)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode != 0


def test_g3_a_kill_at_any_file_event_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    target = tmp_path / "file"
    found = []
    for number in range(1, 30):
        target.write_bytes(b"old" * 1000)
        fired = run_killed('durable.write(Path(folder) / "file", b"new" * 100_000)', tmp_path, number)
        found.append(target.read_bytes())
        assert found[-1] in (b"old" * 1000, b"new" * 100_000)
        if not fired:
            break
        for path in tmp_path.iterdir():
            assert path == target or durable.is_temporary(path)
    else:
        pytest.fail("it never ended")
    assert number >= 3
    assert found[0] == b"old" * 1000
    assert found[-1] == b"new" * 100_000


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt(), ValueError()])
def test_g3_an_exception_leaves_the_old_file_and_no_temporary_one(tmp_path: Path, error: BaseException) -> None:
    target = tmp_path / "file"
    target.write_text("old")
    with pytest.raises(type(error)), durable.replacing(target) as file:  # noqa: PT012
        file.write(b"new")
        file.flush()
        raise error
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"file": "old"}


def test_g3_a_target_that_cannot_be_replaced_leaves_no_temporary_file(tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "inside").touch()
    with pytest.raises(OSError, match=r".*"):
        durable.write(tmp_path / "target", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["target"]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o666, 0o755, 0o444])
def test_the_permissions_of_the_old_file_are_kept_under_any_umask(tmp_path: Path, mode: int) -> None:
    target = tmp_path / "file"
    target.write_text("old")
    target.chmod(mode)
    before = os.umask(0o077)
    try:
        durable.write(target, b"new", private=True)
    finally:
        os.umask(before)
    assert stat.S_IMODE(target.stat().st_mode) == mode
    assert target.read_bytes() == b"new"


def test_a_new_file_follows_the_umask_and_a_private_one_is_its_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        durable.write(tmp_path / "shared", b"")
        durable.write(tmp_path / "private", b"", private=True)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "shared").stat().st_mode) == 0o640
    assert stat.S_IMODE((tmp_path / "private").stat().st_mode) == 0o600


def test_a_symlink_stays_a_symlink_and_its_target_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "real" / "file")
    durable.write(link, b"one")
    durable.write(link, b"two")
    assert link.is_symlink()
    assert (tmp_path / "real" / "file").read_bytes() == b"two"
    assert [path.name for path in (tmp_path / "real").iterdir()] == ["file"]


def test_folders_are_made_with_those_above_and_may_be_there_already(tmp_path: Path) -> None:
    for _ in range(2):
        durable.make_folder(tmp_path / "a" / "b" / "c")
    assert (tmp_path / "a" / "b" / "c").is_dir()
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r".*"):
        durable.make_folder(tmp_path / "file" / "x")


def test_g3_what_a_killed_writer_left_is_swept_and_nothing_else(tmp_path: Path) -> None:
    kept = [".other.csv.0123456789ab.tmp", ".out.csv.tmp", "out.csv"]
    for name in (".out.csv.0123456789ab.tmp", ".out.csv.ff.tmp", *kept):
        (tmp_path / name).write_text("")
    durable.sweep(tmp_path / "out.csv")
    assert sorted(path.name for path in tmp_path.iterdir()) == kept


@pytest.mark.parametrize(("number", "passes"), [
    (errno.EINVAL, True), (errno.ENOTSUP, True), (errno.ENOSYS, True), (errno.EIO, False), (errno.ENOSPC, False)])
def test_g3_a_folder_that_cannot_be_flushed_at_all_is_let_pass_and_a_disk_that_fails_to_is_not(
    tmp_path: Path, number: int, passes: bool,
) -> None:
    done = subprocess.run([sys.executable, "-c", UNFLUSHED, str(tmp_path / "file"), str(number)], cwd=ROOT,
                          capture_output=True, text=True, check=False)
    assert (done.returncode == 0) == passes, done.stderr
    assert passes or "said the file system" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_g3_a_file_is_flushed_before_it_gets_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The order of system calls, as nothing else shows what a power cut would."""
    calls: list[str] = []
    fsync, renamed = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda descriptor: calls.append(
        "folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file") or fsync(descriptor))
    monkeypatch.setattr(os, "replace", lambda *names: calls.append("name") or renamed(*names))
    (tmp_path / "part").write_bytes(b"all")
    durable.move_file(tmp_path / "part", tmp_path / "whole")
    assert calls == ["file", "name", "folder"]
    assert (tmp_path / "whole").read_bytes() == b"all"
