"""Jobs of one manifest at two providers: what one of them does costs the jobs of the other nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import httpx
import pytest

from batchctl.act.desk import Options
from batchctl.act.project import projects
from batchctl.desired.job import Job
from batchctl.shell.running import How, Outcome, Runner
from batchctl.shell.session import Session
from batchctl.words.errors import ExitCode
from batchctl.words.remote import Coordinates
from tests.faultlab.provider import FakeProvider
from tests.faultlab.rig import SETTLE_S, Rig
from tests.faultlab.test_waiting import HOUR_S, Clock, told

SECOND = Coordinates("second", "openai", base_url="http://second.test/v1", api_key_env="SECOND_KEY")


@pytest.fixture
def second(rig: Rig) -> FakeProvider:
    """The provider of the job "others"; its batches have the same ids as those of the first."""
    rig.environ["SECOND_KEY"] = "another-canary"
    rig.elsewhere["http://second.test/v1"] = FakeProvider()
    return rig.elsewhere["http://second.test/v1"]


def two_jobs(rig: Rig) -> list[Job]:
    made = rig.job()
    sink = replace(made.sinks[0], path="other.jsonl", target=rig.folder / "other.jsonl")
    return [made, replace(made, name="others", sinks=(sink,), provider=replace(made.provider, where=SECOND))]


def wait(rig: Rig, happens: dict[float, Callable[[], object]], timeout_s: float = 10 * HOUR_S) -> Outcome:
    jobs = two_jobs(rig)
    (project,) = projects(jobs, {job.name: job for job in jobs})
    project.survey(1, rig.events.append)
    session = Session(projects=(project,), files=(), variables={}, warnings=(), selection=False)
    how = How("apply", Options(settle_s=SETTLE_S), wait=True, timeout_s=timeout_s)
    with rig.providers() as providers:
        return Runner(session, how, rig.events.append, lambda plans: True, sleep=Clock(rig, happens).sleep,
                      monotonic=lambda: rig.now).run(providers)


def oks(outcome: Outcome) -> list[int]:
    plans = [report.plan for report in outcome.reports.values()]
    return [plan.tally.ok for plan in plans if plan is not None]


def goes(provider: FakeProvider) -> None:
    def fault(at: int, method: str, path: str, done: bool) -> None:
        raise httpx.ConnectError("away")

    provider.fault = fault


def comes_back(provider: FakeProvider) -> None:
    provider.fault = None
    for batch in provider.live():
        provider.finish(batch)


def refuse(monkeypatch: pytest.MonkeyPatch, provider: FakeProvider) -> None:
    monkeypatch.setattr(provider, "handle", lambda request: httpx.Response(401, json={"error": {"message": "no"}}))


@pytest.mark.parametrize("how", ["without a key", "refused"])
@pytest.mark.parametrize("first_is_down", [False, True])
def test_a_provider_that_is_down_is_waited_for_beside_one_that_refuses(
        rig: Rig, second: FakeProvider, first_is_down: bool, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    wait(rig, {}, timeout_s=1)
    away, refusing = (rig.provider, second) if first_is_down else (second, rig.provider)
    goes(away)
    if how == "refused":
        refuse(monkeypatch, refusing)
    else:
        del rig.environ["SECOND_KEY" if first_is_down else "FAKE_KEY"]
    outcome = wait(rig, {rig.now + HOUR_S: lambda: comes_back(away)})
    assert not outcome.timed_out
    assert outcome.exit_code(detailed=False) == ExitCode.REFUSED
    assert oks(outcome) == ([3, 0] if first_is_down else [0, 3])
    assert sum("waited for no longer" in text for text in told(rig)) == 1


def test_a_batch_that_ends_is_seen_beside_one_of_the_same_id_that_runs_elsewhere(
        rig: Rig, second: FakeProvider) -> None:
    there: list[bool] = []
    outcome = wait(rig, {100.0: rig.finish_all, HOUR_S: lambda: there.append(rig.sink.exists()),
                         HOUR_S + 1: lambda: comes_back(second)})
    assert list(rig.provider.batches) == list(second.batches)
    assert there == [True]
    assert oks(outcome) == [3, 3]


def test_a_job_that_moved_goes_on_where_its_former_provider_refuses_the_key(
        rig: Rig, second: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.apply()
    rig.where = SECOND
    rig.rows["d"] = "four"
    rig.apply()
    assert [len(batch.requests) for batch in second.live()] == [1]
    refuse(monkeypatch, rig.provider)
    comes_back(second)
    (report,) = rig.apply().jobs
    assert report.failures == ()
    assert report.plan is not None
    assert (report.plan.tally.ok, report.plan.tally.waiting) == (1, 3)
    assert "401" in report.plan.notes[0]
