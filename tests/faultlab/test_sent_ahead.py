"""Large files of the next batches are sent while one is made: what that may not change."""

from __future__ import annotations

import itertools
import json
import threading
import time
from contextlib import suppress
from typing import Any

import pytest

from batchctl.act import create
from batchctl.act.uploading import Uploads
from batchctl.remote.http import Http
from batchctl.words.errors import Refusal
from tests.faultlab.provider import Killed
from tests.faultlab.rig import Rig

SHARDS = 7


@pytest.fixture(autouse=True)
def large(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file counts as a large one, and each request is one."""
    monkeypatch.setattr(create, "LARGE", 0)
    rig.max_requests = 1
    rig.rows = {f"r{at}": f"text {at}" for at in range(SHARDS)}


def intents(rig: Rig) -> list[str]:
    """The files that the lockfile on the disk announces, by the job's tag."""
    job = json.loads(rig.lockfile.read_text())["jobs"].get("labels", {}) if rig.lockfile.exists() else {}
    return [f"batchctl-labels-{one['shard'][:16]}" for one in job.get("batches", []) if "batch_id" not in one]


def uploads(rig: Rig) -> int:
    return sum(call == ("POST", "/files") for call in rig.provider.calls)


def paid_once(rig: Rig) -> bool:
    return set(rig.provider.paid().values()) == {1} and len(rig.provider.paid()) == SHARDS


def test_more_and_more_are_under_way_as_creates_go_well(rig: Rig) -> None:
    together = threading.Barrier(create.AT_ONCE, timeout=20)

    def fault(number: int, method: str, path: str, done: bool) -> None:
        # After three creates the fourth file is sent by itself, and three more beside it.
        if (method, path, done) == ("POST", "/files", False) and uploads(rig) > SHARDS - create.AT_ONCE:
            together.wait()

    rig.provider.fault = fault
    assert not rig.apply().jobs[0].failures
    assert uploads(rig) == SHARDS
    assert paid_once(rig)


def test_where_there_is_room_for_one_no_more_than_two_files_are_sent_in_vain(rig: Rig) -> None:
    rig.provider.refuse[2] = ("token_limit_exceeded", 400)
    rig.apply()
    assert uploads(rig) <= 3


def test_g2_where_not_every_thread_can_be_had_no_file_is_announced_twice(
    rig: Rig, monkeypatch: pytest.MonkeyPatch,
) -> None:
    begin, calls = Uploads.begin, itertools.count()

    def sometimes(uploads: Uploads, *given: Any) -> None:
        if next(calls) % 2:
            raise RuntimeError("can't start new thread")
        begin(uploads, *given)

    monkeypatch.setattr(Uploads, "begin", sometimes)
    assert not rig.apply().jobs[0].failures
    assert paid_once(rig)
    assert not intents(rig)


def test_a_connection_is_closed_by_the_thread_that_sends(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = []
    close = Http.close
    monkeypatch.setattr(Http, "close", lambda http: (closed.append(threading.current_thread()), close(http)))
    rig.provider.refuse[4] = ("token_limit_exceeded", 400)
    rig.apply()
    deadline = time.monotonic() + 20
    while len(closed) < uploads(rig) - 4 + 1 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert closed.count(threading.main_thread()) == 1, "its own, at the end of the command"


def test_g1_batches_are_made_in_the_order_of_the_input_and_recorded_so(rig: Rig) -> None:
    rig.provider.fault = lambda number, method, path, done: time.sleep(0.02 * (number % 3))
    rig.apply()
    made = [batch.requests[0].split("-")[0] for batch in rig.provider.batches.values()]
    assert made == list(rig.rows)
    recorded = json.loads(rig.lockfile.read_text())["jobs"]["labels"]["batches"]
    assert [one["batch_id"] for one in recorded] == list(rig.provider.batches)


def test_g2_no_file_is_sent_that_the_lockfile_on_the_disk_does_not_announce(rig: Rig) -> None:
    announced = []

    def fault(number: int, method: str, path: str, done: bool) -> None:
        if (method, path, done) == ("POST", "/files", True):
            arrived = [name for name, _ in rig.provider.files.values()][-1]
            announced.append(any(arrived.startswith(name) for name in intents(rig)))

    rig.provider.fault = fault
    rig.apply()
    assert announced == [True] * SHARDS


def test_g1_g2_a_kill_at_any_call_pays_once_and_leaves_no_intent(rig: Rig) -> None:
    at = 0
    while True:
        rig.lose_lockfile()
        rig.lose_store()
        rig.provider.__init__()  # type: ignore[misc]
        hit = threading.Event()

        def fault(number: int, method: str, path: str, done: bool, at: int = at, hit: threading.Event = hit) -> None:
            if number >= at // 2 and done == bool(at % 2):
                hit.set()
            if hit.is_set():
                raise Killed

        rig.provider.fault = fault
        with suppress(Killed):
            rig.apply()
        rig.provider.fault = None
        for _ in range(2):
            rig.apply()
            rig.finish_all()
        rig.apply()
        assert paid_once(rig), at
        assert not intents(rig), at
        assert not rig.plan().changes, at
        if not hit.is_set():
            break
        at += 1
    assert at > 2 * SHARDS


def test_where_there_is_no_room_nothing_is_left_announced_and_what_arrived_is_not_sent_again(rig: Rig) -> None:
    rig.provider.refuse[4] = ("token_limit_exceeded", 400)
    report = rig.apply().jobs[0]
    assert report.full
    assert not report.failures
    assert not intents(rig)
    assert len(rig.provider.live()) == 3
    rig.apply()
    rig.finish_all()
    rig.apply()
    assert paid_once(rig)


def test_one_file_that_is_refused_keeps_none_of_the_others_back(rig: Rig) -> None:
    def fault(number: int, method: str, path: str, done: bool) -> None:
        if (method, path, done) == ("POST", "/files", True) and uploads(rig) == 4:
            raise Refusal("no such thing", status=400)

    rig.provider.fault = fault
    report = rig.apply().jobs[0]
    assert [failure.message for failure in report.failures] == ["no such thing"]
    assert len(rig.provider.live()) == SHARDS - 1
    assert not intents(rig)


def test_an_interrupt_waits_for_no_file_and_the_next_run_goes_on(rig: Rig) -> None:
    release, first = threading.Event(), threading.Event()

    def fault(number: int, method: str, path: str, done: bool) -> None:
        if (method, path, done) == ("POST", "/batches", True):
            if first.is_set():
                raise KeyboardInterrupt
            first.set()
        elif (method, path) == ("POST", "/files") and threading.current_thread() is not threading.main_thread():
            release.wait(30)

    rig.provider.fault = fault
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        rig.apply()
    assert time.monotonic() - began < 10
    release.set()
    rig.provider.fault = None
    rig.apply()
    assert paid_once(rig)
    assert not intents(rig)
