"""`apply --wait` sits out what passes by itself: a provider that is away for a while, files that come later."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field

import httpx
import pytest

from batchctl.act.desk import Options
from batchctl.recorded.runlock import RunLock
from batchctl.shell.running import How, Outcome, Runner
from batchctl.shell.session import Session
from batchctl.shell.waiting import wait_for_batches
from batchctl.words.errors import ExitCode, RunLockHeld
from batchctl.words.events import Notice
from tests.faultlab.rig import SETTLE_S, Rig

HOUR_S = 3600.0


@dataclass
class Clock:
    """Time as the run sees it: what happens at a time happens while it sleeps."""

    rig: Rig
    happens: dict[float, Callable[[], object]] = field(default_factory=dict)

    def sleep(self, seconds: float) -> None:
        self.rig.sleep(seconds)
        for at in sorted(at for at in self.happens if at <= self.rig.now):
            self.happens.pop(at)()


def wait(rig: Rig, happens: dict[float, Callable[[], object]], timeout_s: float | None = 10 * HOUR_S,
         run_lock_timeout_s: float = 60.0) -> Outcome:
    """`apply --wait`, with what happens meanwhile by its time in seconds."""
    session = Session(projects=(rig.project(),), files=(), variables={}, warnings=(), selection=False)
    how = How("apply", Options(settle_s=SETTLE_S), wait=True, timeout_s=timeout_s,
              run_lock_timeout_s=run_lock_timeout_s)
    with rig.providers() as providers:
        return Runner(session, how, rig.events.append, lambda plans: True, sleep=Clock(rig, happens).sleep,
                      monotonic=lambda: rig.now).run(providers)


def goes(rig: Rig, *paths: str) -> Callable[[], None]:
    """The provider answers no GET below these paths any more."""
    def fault(at: int, method: str, path: str, done: bool) -> None:
        if method == "GET" and path.startswith(paths):
            raise httpx.ConnectError("away")

    def happen() -> None:
        rig.provider.fault = fault

    return happen


def comes_back(rig: Rig) -> None:
    rig.provider.fault = None


def told(rig: Rig) -> list[str]:
    return [event.text for event in rig.events if isinstance(event, Notice)]


@pytest.mark.parametrize("paths", [("/batches", "/files"), ("/files",)], ids=["provider", "files"])
def test_a_provider_that_is_away_for_an_hour_is_waited_for(rig: Rig, paths: tuple[str, ...]) -> None:
    outcome = wait(rig, {100.0: goes(rig, *paths), 200.0: rig.finish_all, HOUR_S: lambda: comes_back(rig)})
    assert outcome.exit_code(detailed=True) == ExitCode.DONE
    assert outcome.reports["labels"].failures == ()
    assert any("away; it is tried again" in text for text in told(rig))
    assert len(rig.sink.read_text().splitlines()) == 3
    assert set(rig.provider.paid().values()) == {1}


@pytest.mark.parametrize("store", ["here", "lost"])
def test_wait_alone_waits_for_a_provider_that_is_away_when_it_starts(rig: Rig, store: str) -> None:
    rig.apply()
    if store == "lost":
        # Which requests the batch holds is asked of the provider then.
        rig.lose_store()
        rig.rows["d"] = "four"
    goes(rig, "/")()
    session = Session(projects=(rig.project(),), files=(), variables={}, warnings=(), selection=False)
    clock = Clock(rig, {HOUR_S: lambda: comes_back(rig), 2 * HOUR_S: rig.finish_all})
    with rig.providers() as providers:
        looked, in_time = wait_for_batches(session, providers, rig.events.append, timeout_s=3 * HOUR_S, poll_s=None,
                                           sleep=clock.sleep, monotonic=lambda: rig.now)
    assert in_time
    assert rig.now > 2 * HOUR_S
    assert looked.complete


def test_a_provider_that_stays_away_ends_with_the_timeout_and_loses_nothing(rig: Rig) -> None:
    outcome = wait(rig, {100.0: goes(rig, "/"), 200.0: rig.finish_all}, timeout_s=2 * HOUR_S)
    assert outcome.timed_out
    assert outcome.exit_code(detailed=False) == ExitCode.REFUSED, "nobody can tell whether it runs"
    comes_back(rig)
    assert wait(rig, {}).exit_code(detailed=True) == ExitCode.DONE
    assert set(rig.provider.paid().values()) == {1}


def test_a_retry_that_falls_into_an_outage_is_made_when_it_is_over(rig: Rig) -> None:
    def ends_and_goes() -> None:
        rig.finish_all(fail=lambda at: 500)
        goes(rig, "/batches")()

    outcome = wait(rig, {100.0: ends_and_goes, HOUR_S: lambda: comes_back(rig), 2 * HOUR_S: rig.finish_all})
    assert outcome.exit_code(detailed=True) == ExitCode.DONE
    assert [len(batch.requests) for batch in rig.provider.batches.values()] == [3, 3]


@pytest.mark.parametrize("path", ["/files", "/batches"], ids=["upload", "create"])
def test_g1_a_send_that_falls_into_an_outage_is_made_once_when_it_is_over(rig: Rig, path: str) -> None:
    def fault(at: int, method: str, called: str, done: bool) -> None:
        if (method, called) == ("POST", path) and not done:
            raise httpx.ConnectError("away")

    rig.provider.fault = fault
    outcome = wait(rig, {HOUR_S: lambda: comes_back(rig), 2 * HOUR_S: rig.finish_all})
    assert outcome.exit_code(detailed=True) == ExitCode.DONE
    assert len(rig.provider.batches) == 1
    assert len(rig.provider.files) == 2


def test_nothing_is_waited_for_where_the_list_cannot_be_read_before_anything_is_made(rig: Rig) -> None:
    goes(rig, "/batches")()
    outcome = wait(rig, {})
    assert outcome.exit_code(detailed=True) == ExitCode.REFUSED
    assert rig.provider.writes() == []


def test_a_run_lock_that_is_held_while_batches_run_is_waited_for_and_no_failure_once_it_is_free(rig: Rig) -> None:
    other = ExitStack()
    outcome = wait(rig, {100.0: lambda: other.enter_context(RunLock(rig.store, "other")), 200.0: rig.finish_all,
                         600.0: other.close}, run_lock_timeout_s=0.0)
    assert outcome.failures == []
    assert outcome.exit_code(detailed=True) == ExitCode.DONE


def test_a_run_lock_that_stays_held_is_named_once_when_time_runs_out(rig: Rig) -> None:
    with ExitStack() as stack:
        outcome = wait(rig, {100.0: lambda: stack.enter_context(RunLock(rig.store, "other")), 200.0: rig.finish_all},
                       timeout_s=HOUR_S, run_lock_timeout_s=0.0)
    assert [type(failure) for failure in outcome.failures] == [RunLockHeld]
    assert outcome.exit_code(detailed=False) == ExitCode.REFUSED


def test_where_the_list_cannot_be_read_each_batch_is_asked_about_once(rig: Rig) -> None:
    rig.max_requests = 1
    rig.apply()

    def fault(at: int, method: str, path: str, done: bool) -> None:
        if method == "GET":
            raise httpx.ConnectError("refused")

    rig.provider.fault = fault
    calls = len(rig.provider.calls)
    plan = rig.plan()
    asked = Counter(path for _, path in rig.provider.calls[calls:])
    assert {path: count for path, count in asked.items() if path != "/batches"} == {
        f"/batches/{batch}": 1 for batch in rig.provider.batches}
    assert plan.tally.waiting == 3
