"""Jobs that ask one model of one account share its ceiling on enqueued tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from batchctl.act import passes
from batchctl.act.desk import Options
from batchctl.act.passes import PassReport
from batchctl.act.project import projects
from batchctl.decide.plan import JobPlan
from batchctl.desired.job import BatchSettings, Job
from batchctl.recorded.runlock import RunLock
from tests.faultlab.rig import SETTLE_S, Rig

#: One job's three requests are some 23 tokens: one job at a time.
CEILING = 30


def two_jobs(rig: Rig, **second: Any) -> list[Job]:
    made = replace(rig.job(), batch=BatchSettings(max_enqueued_tokens=CEILING))
    other = replace(made.sinks[0], path="other.jsonl", target=rig.folder / "other.jsonl")
    return [made, replace(made, name="others", sinks=(other,), **second)]


def apply(rig: Rig, jobs: Sequence[Job]) -> PassReport:
    (project,) = projects(jobs, {job.name: job for job in jobs})
    project.survey(1, rig.events.append)
    project.store.prepare()
    with rig.providers() as providers, RunLock(project.store.folder, "apply", timeout_s=0) as lock:
        return passes.apply(project, providers, Options(settle_s=SETTLE_S), rig.events.append, lambda plans: True, lock,
                            sleep=rig.sleep, monotonic=lambda: rig.now)


def held(report: PassReport) -> list[int]:
    plans: list[JobPlan] = [job.plan for job in report.jobs if job.plan is not None]
    return [sum(one.requests for one in plan.held) for plan in plans]


def test_what_does_not_fit_beside_another_job_is_held_and_sent_when_that_has_ended(rig: Rig) -> None:
    jobs = two_jobs(rig, revision=2)
    assert held(apply(rig, jobs)) == [0, 3]
    assert len(rig.provider.live()) == 1
    assert held(apply(rig, jobs)) == [0, 3], "what is live at the provider counts too"
    assert len(rig.provider.batches) == 1
    rig.finish_all()
    assert held(apply(rig, jobs)) == [0, 0]
    assert [batch.metadata["batchctl_job"] for batch in rig.provider.live()] == ["others"]
    rig.finish_all()
    assert [report.exit_code for report in apply(rig, jobs).jobs] == [0, 0]


def test_another_model_has_a_queue_of_its_own(rig: Rig) -> None:
    assert held(apply(rig, two_jobs(rig, revision=2, model="another"))) == [0, 0]
    assert len(rig.provider.live()) == 2
