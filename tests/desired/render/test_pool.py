"""Worker processes: the same frames however many, and no way to hang, starve or outlive the parent."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from batchctl.desired.render import pool
from batchctl.words.diagnostics import Diagnostic, Span
from batchctl.words.errors import InvalidInput
from tests.desired.render.tasks import Environment, Numbers


def children() -> list[str]:
    """Processes that this one has started and not yet waited for."""
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()


@pytest.mark.parametrize("count", [0, 1, 2, 7])
@pytest.mark.parametrize("workers", [1, 2, 3])
def test_frames_come_in_block_order_whatever_the_number_of_workers(count: int, workers: int) -> None:
    frames = list(pool.run(Numbers(count), workers=workers))
    assert [frame.header["n"] for frame in frames if not frame.end] == list(range(count))
    assert [frame.body for frame in frames if not frame.end] == [b"%d " % n * 10 for n in range(count)]
    assert sorted(frame.header["worker"] for frame in frames if frame.end) == list(range(workers))


def test_the_pieces_of_a_block_stay_together() -> None:
    frames = [frame for frame in pool.run(Numbers(5, "pieces"), workers=2) if not frame.end]
    assert [frame.header["n"] for frame in frames] == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]


@pytest.mark.parametrize(
    ("trouble", "code"), [("exit", "worker-died"), ("kill", "worker-died"), ("memory", "worker-memory")]
)
def test_a_worker_that_dies_is_a_finding_that_names_the_place(trouble: str, code: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        list(pool.run(Numbers(9, trouble, at=4), workers=2, memory_bytes=2**28))
    (finding,) = caught.value.findings
    assert finding.code == code
    assert finding.message.startswith("block 4 ")
    assert finding.notes
    assert children() == []


@pytest.mark.parametrize("trouble", ["loop", "c-loop"])
def test_a_worker_that_finishes_no_row_in_time_is_ended(trouble: str) -> None:
    began = time.monotonic()
    with pytest.raises(InvalidInput, match=r"block 3 is not rendered within 0\.5 s"):
        list(pool.run(Numbers(9, trouble, at=3), workers=2, row_timeout_s=0.5))
    assert time.monotonic() - began < 5
    assert children() == []


def test_a_bug_in_a_task_comes_with_its_traceback() -> None:
    with pytest.raises(RuntimeError, match="KeyError: 'oops'"):
        list(pool.run(Numbers(9, "bug", at=3), workers=2))


def test_a_mistake_that_a_task_raises_arrives_as_it_was() -> None:
    with pytest.raises(InvalidInput) as caught:
        list(pool.run(Numbers(9, "mistake", at=3), workers=2))
    assert caught.value.findings == (Diagnostic("some-code", "a mistake", Span("a.csv", 3), notes=("a note",)),)


def test_what_prints_by_accident_does_not_get_between_the_frames() -> None:
    frames = list(pool.run(Numbers(3, "print", at=1), workers=1))
    assert len(frames) == 4


def test_a_busy_parent_is_no_reason_to_call_a_worker_stuck() -> None:
    numbers = []
    for frame in pool.run(Numbers(4, size=2**20), workers=2, row_timeout_s=0.3):
        numbers.append(frame.header.get("n"))
        time.sleep(0.4)
    assert numbers[:4] == list(range(4))


def test_rows_that_each_take_less_than_the_limit_may_take_long_together() -> None:
    frames = list(pool.run(Numbers(3, "slow", at=1), workers=1, row_timeout_s=0.8))
    assert len(frames) == 4


def test_leaving_early_ends_the_workers_and_leaks_nothing() -> None:
    before = sorted(os.listdir("/proc/self/fd"))
    for _ in range(3):
        frames = pool.run(Numbers(10**9, size=10**5), workers=2)
        assert next(frames).header == {"n": 0}
        assert len(children()) == 2
        frames.close()
        assert children() == []
    assert sorted(os.listdir("/proc/self/fd")) == before


def test_a_worker_knows_no_secrets_and_searches_no_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "jinja2.py").write_text("raise SystemExit('hijacked')")
    monkeypatch.setenv("OPENAI_API_KEY", "canary")
    monkeypatch.setenv("MY_TOKEN", "canary")
    monkeypatch.chdir(tmp_path)
    (frame, _) = pool.run(Environment(), workers=1)
    assert not {"OPENAI_API_KEY", "MY_TOKEN"} & set(frame.header["names"])
    assert str(tmp_path) not in frame.header["path"]
    assert "" not in frame.header["path"]
    assert frame.header["cores"] == 0
    assert frame.header["interrupt"]
    assert not {"httpx", "jsonschema", "click", "rich", "yaml", "asyncio"} & set(frame.header["modules"])
    # stdin, stdout, log, frames, heartbeat, and the listing itself; mmap keeps one more of its own
    assert len(frame.header["descriptors"]) <= 7


@pytest.mark.skipif(sys.platform != "linux", reason="signals on a closed pipe are Linux's")
@pytest.mark.parametrize("trouble", ["loop", "c-loop"])
def test_a_worker_dies_with_a_parent_that_was_killed(trouble: str) -> None:
    script = (
        "from batchctl.desired.render import pool\n"
        "from tests.desired.render.tasks import Numbers\n"
        f"frames = pool.run(Numbers(9, {trouble!r}, at=1), workers=1, row_timeout_s=60)\n"
        "next(frames)\n"
        "import os; print(open(f'/proc/self/task/{os.getpid()}/children').read(), flush=True)\n"
        "next(frames)\n"
    )
    root = Path(__file__).parents[3]
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=root, env={**os.environ, "PYTHONPATH": str(root)}
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        time.sleep(0.3)
        parent.kill()
    deadline = time.monotonic() + 5
    while _alive(child) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _alive(child)


def _alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
