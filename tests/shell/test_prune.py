"""A job that left the manifest: it is named while it runs, cancelled only with --prune, and then forgotten."""

from __future__ import annotations

import json

from tests.shell.conftest import MANIFEST, Project

#: Nothing listens there: its batches run until they are cancelled.
SLOW = MANIFEST.replace("labels", "slow").replace(
    "provider: local", 'provider: {dialect: local, upstream: "http://127.0.0.1:9/v1"}')


def recorded(project: Project) -> set[str]:
    return set(json.loads((project.folder / "job.lock.json").read_text())["jobs"])


def test_a_job_that_left_the_manifest_runs_on_and_is_named_until_it_is_pruned(project: Project) -> None:
    project.write("job.yaml", MANIFEST + "---\n" + SLOW)
    assert project("apply", "--auto-approve", "--timeout", "1").code == 4
    project.write("job.yaml", MANIFEST)
    left = project("apply", "--auto-approve")
    assert left.code == 0
    assert "slow" in left.out
    assert recorded(project) == {"labels", "slow"}
    plan = project("plan", "--prune")
    assert "slow" in plan.out
    assert "cancel" in plan.out
    refused = project("apply", "--prune")
    assert refused.code == 64
    # As processes: the local server ends with each, and takes nothing of the cancelled batch up again.
    for _ in range(3):
        assert project.program("apply", "--prune", "--auto-approve").code == 0
    assert recorded(project) == {"labels"}
    assert project("plan", "--detailed-exitcode").code == 0


def test_a_saved_plan_prunes_what_it_said_it_would(project: Project) -> None:
    project.write("job.yaml", MANIFEST + "---\n" + SLOW)
    assert project("apply", "--auto-approve", "--timeout", "1").code == 4
    project.write("job.yaml", MANIFEST)
    assert project("plan", "--prune", "--out", "p.json").code == 0
    assert project("apply", "p.json").code == 0
    batches = json.loads(project("batches", "--format", "json").out)["batches"]
    lockfile = json.loads((project.folder / "job.lock.json").read_text())
    assert batches
    assert lockfile["jobs"].get("slow", {"batches": [{}]})["batches"][0].get("status") in (None, "cancelled")
