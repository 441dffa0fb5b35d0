"""F16: what every release wrote, and what its provider said, leads today's code to the same plan."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest

from batchctl.act import saved
from batchctl.recorded.codec import decode, encode
from tests.campaign.stations import RELEASES, STORED, call_of, planned, recorded
from tests.campaign.tally import Campaign
from tests.faultlab.rig import inline_pool

pytestmark = pytest.mark.campaign

each_station = pytest.mark.parametrize("station", list(recorded()), ids=lambda path: str(path.relative_to(RELEASES)))


@pytest.fixture
def project(station: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project as it was."""
    monkeypatch.setattr("batchctl.desired.render.pool.run", inline_pool)
    folder = tmp_path.resolve() / "project"
    shutil.copytree(station, folder)
    for written, kept in STORED.items():
        if (folder / kept).exists():
            (folder / kept).rename(folder / written)
    return folder


def replay(station: Path) -> httpx.MockTransport:
    """Answers as it did then; a call that was not made then is answered by 501."""
    calls = json.loads((station / "calls.json").read_text("utf-8"))

    def answer(request: httpx.Request) -> httpx.Response:
        then = calls.get(call_of(request), {"status": 501, "text": "nobody asked this then"})
        return httpx.Response(then["status"], text=then["text"])

    return httpx.MockTransport(answer)


def _kept(then: Any, now: Any) -> bool:
    """Whether all that was said is said still; later releases may say more."""
    if isinstance(then, dict) and isinstance(now, dict):
        return all(key in now and _kept(value, now[key]) for key, value in then.items())
    if isinstance(then, list) and isinstance(now, list):
        return len(then) == len(now) and all(map(_kept, then, now))
    return bool(then == now)


@each_station
def test_g1_g6_the_files_and_calls_of_a_release_lead_to_the_plan_that_it_made(
    station: Path, project: Path, campaign: Campaign,
) -> None:
    then = json.loads((station / "plan.json").read_text("utf-8"))
    with campaign.run("F16", f"plan of {station.relative_to(RELEASES)}") as run:
        _, now = planned(project, replay(station))
        different = sorted(key for key in then.keys() - {"batchctl"} if not _kept(then[key], now.get(key)))
        run.holds("G1", "jobs" not in different, f"another plan: {_jobs(now)} and not {_jobs(then)}")
        run.holds("G6", not different, f"other fields: {different}")


@each_station
def test_g3_the_lockfile_of_a_release_is_read_and_kept(station: Path, project: Path, campaign: Campaign) -> None:
    path = project / "job.lock.json"
    if not path.exists():
        pytest.skip("a station without a lockfile")
    with campaign.run("F16", f"lockfile of {station.relative_to(RELEASES)}") as run:
        data = path.read_bytes()
        run.holds("G3", encode(decode(data, "job.lock.json")) == data, "it would be written in another way")


@each_station
def test_g1_a_plan_that_a_release_saved_is_not_stale(station: Path, project: Path, campaign: Campaign) -> None:
    with campaign.run("F16", f"saved plan of {station.relative_to(RELEASES)}") as run:
        looked, _ = planned(project, replay(station))
        plan = saved.read(project / "plan.json")
        for report in looked.reports:
            assert report.plan is not None
            desired = next(one.surveys[report.job] for one in looked.session.projects)
            plan.check(report.job, report.plan, looked.records[report.job], desired)
            chosen = plan.choose(report.plan)
            run.holds("G1", len(chosen.sending) == len(report.plan.sending), "it would send something else")


def _jobs(document: dict[str, Any]) -> list[Any]:
    return [[(action["kind"], action["reason"], action.get("requests")) for action in job.get("actions", ())]
            for job in document["jobs"]]
