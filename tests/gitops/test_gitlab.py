"""The GitLab template: the script lines of its jobs, run on fresh clones, and which pipelines have which jobs."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.gitops.conftest import CANARY, Ledger
from tests.gitops.forge import Forge
from tests.gitops.repository import ROWS, Repository
from tests.gitops.runner import ACTION, program
from tests.shell.conftest import environment

FOLDER = Path(__file__).parents[2] / "examples" / "gitlab"
TEMPLATE: dict[str, Any] = yaml.safe_load((FOLDER / ".gitlab-ci.yml").read_text())
TOKEN = "canary-job-token"

MERGE_REQUEST = {
    "CI_PIPELINE_SOURCE": "merge_request_event", "CI_MERGE_REQUEST_IID": "7", "CI_MERGE_REQUEST_PROJECT_ID": "5",
    "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "5", "BATCHCTL_GITLAB_TOKEN": "canary-project-token"}
MAIN = {"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BRANCH": "main"}


@dataclass
class Pipelines:
    """Runs one job of the template after another, each on a fresh clone."""

    repository: Repository
    forge: Forge
    made: int = 0

    def run(self, job: str, variables: Mapping[str, str], clone: Path | None = None) -> tuple[int, str, Path]:
        """The exit code of a job's script, its log, and its work tree."""
        self.made += 1
        checkout = clone or self.repository.clone(f"clone-{self.made}")
        (checkout / "ci").mkdir(exist_ok=True)
        for file in (FOLDER / "ci").iterdir():
            (checkout / "ci" / file.name).write_bytes(file.read_bytes())
        temp = self.repository.folder / f"temp-{self.made}"
        temp.mkdir()
        url = f"https://gitlab-ci-token:{TOKEN}@gitlab.test/group/jobs.git"
        given = {
            **environment({}), "PATH": f"{program(temp)}:{os.environ['PATH']}", "SOME_KEY": CANARY, "CI": "true",
            "CI_API_V4_URL": self.forge.url, "CI_JOB_TOKEN": TOKEN, "CI_SERVER_FQDN": "gitlab.test",
            "CI_PROJECT_PATH": "group/jobs", "CI_COMMIT_SHORT_SHA": "0123abcd", "CI_JOB_ID": "9",
            "CI_JOB_URL": "https://gitlab.test/group/jobs/-/jobs/9", "CI_DEFAULT_BRANCH": "main",
            "COMMENT_PAUSE_S": "0.01", "PAUSE_S": "0", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"url.file://{self.repository.remote}.insteadOf", "GIT_CONFIG_VALUE_0": url,
            **variables}
        for name, value in {**TEMPLATE["variables"], **TEMPLATE[job].get("variables", {})}.items():
            given[name] = re.sub(r"\$(?:\{(\w+)\}|(\w+))", lambda found: given[found[1] or found[2]], value)
        done = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", "\n".join(TEMPLATE[job]["script"])], cwd=checkout, env=given,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120,
            check=False)
        for secret in (CANARY, TOKEN, "canary-project-token"):
            assert secret not in done.stdout
        return done.returncode, done.stdout, checkout


@pytest.fixture
def pipelines(repository: Repository, forge: Forge) -> Pipelines:
    forge.me = {"id": 55, "username": "project_5_bot"}
    return Pipelines(repository, forge)


@pytest.mark.slow
def test_a_merge_request_gets_one_note_that_is_kept_up_to_date(pipelines: Pipelines, forge: Forge,
                                                               ledger: Ledger) -> None:
    theirs = forge.add({"id": 66}, "<!-- batchctl batchctl -->\nlies")
    code, log, clone = pipelines.run("batchctl plan", MERGE_REQUEST)
    assert code == 0, log
    (clone / "jobs" / "rows.csv").write_text(ROWS + "d,four\n")
    assert pipelines.run("batchctl plan", MERGE_REQUEST, clone)[0] == 0
    (note,) = [one for one in forge.comments if one is not theirs]
    assert note["body"].startswith("<!-- batchctl batchctl -->\n")
    assert "\n### batchctl plan\n\n**Plan: 1 create. New requests: 4" in note["body"]
    assert forge.writes == ["POST", "PUT"]
    assert forge.tokens == {"canary-project-token"}
    assert theirs["body"].endswith("lies")
    assert ledger.batches() == []


@pytest.mark.slow
def test_a_mistake_fails_the_job_and_is_said_in_the_note(pipelines: Pipelines, forge: Forge,
                                                         repository: Repository) -> None:
    clone = repository.clone("bad")
    manifest = clone / "jobs" / "job.yaml"
    manifest.write_text(manifest.read_text().replace("model:", "modle:"))
    code, log, _ = pipelines.run("batchctl plan", MERGE_REQUEST, clone)
    assert code == 1
    assert "jobs/job.yaml:4:1" in log
    (note,) = forge.comments
    assert "**Failed: 1 error.**" in note["body"]


@pytest.mark.slow
def test_a_fork_is_planned_offline_without_a_note(pipelines: Pipelines, forge: Forge) -> None:
    fork = {**MERGE_REQUEST, "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "6", "BATCHCTL_GITLAB_TOKEN": "", "SOME_KEY": ""}
    code, log, _ = pipelines.run("batchctl plan", fork)
    assert code == 0, log
    assert "Offline: what the provider has was not looked at." in log
    assert forge.calls == []


@pytest.mark.slow
def test_a_merge_sends_once_and_schedules_fetch_and_push_only_what_changed(pipelines: Pipelines, repository: Repository,
                                                                           ledger: Ledger) -> None:
    code, log, _ = pipelines.run("batchctl apply", MAIN)
    assert code == 0, log
    assert repository.files_of_last_commit() == ["jobs/job.lock.json"]
    for _ in range(4):
        code, log, clone = pipelines.run("batchctl apply", {**MAIN, "CI_PIPELINE_SOURCE": "schedule"})
        assert code == 0, log
    assert (clone / "jobs" / "out" / "labels.jsonl").exists()
    commits = repository.log()
    assert 2 <= len(commits) <= 4
    pipelines.run("batchctl apply", {**MAIN, "CI_PIPELINE_SOURCE": "schedule"})
    assert repository.log() == commits
    assert len(ledger.batches()) == 1


@pytest.mark.slow
def test_g1_a_push_that_never_works_fails_the_job_and_the_next_one_adopts(pipelines: Pipelines, repository: Repository,
                                                                          ledger: Ledger) -> None:
    repository.refuse()
    code, log, clone = pipelines.run("batchctl apply", MAIN)
    assert code == 1
    assert "What was sent is safe" in log
    assert (clone / "jobs" / "job.lock.json").exists(), "the job's artifacts have it"
    repository.refuse(times=1)
    code, log, _ = pipelines.run("batchctl apply", MAIN)
    assert code == 0, log
    (batch,) = ledger.batches()
    assert batch["id"] in repository.show("jobs/job.lock.json")


@pytest.mark.slow
def test_what_was_sent_before_a_failure_is_pushed_and_the_job_fails(pipelines: Pipelines, repository: Repository,
                                                                    ledger: Ledger) -> None:
    clone = repository.clone("two")
    manifest = clone / "jobs" / "job.yaml"
    manifest.with_name("other.yaml").write_text(
        manifest.read_text().replace("name: labels", "name: other").replace("SOME_KEY", "NO_KEY")
        .replace("out/labels", "out/other"))
    code, _, _ = pipelines.run("batchctl apply", MAIN, clone)
    assert code not in (0, 3)
    assert len(ledger.batches()) == 1
    assert "jobs/job.lock.json" in repository.files_of_last_commit()


def test_the_scripts_are_those_of_the_action() -> None:
    assert {file.name for file in (FOLDER / "ci").iterdir()} == {"comment.py", "push-lockfiles.sh"}
    for file in (FOLDER / "ci").iterdir():
        assert file.read_bytes() == (ACTION / file.name).read_bytes()


def test_every_lockfile_and_rescue_is_kept_whatever_becomes_of_the_job() -> None:
    kept = TEMPLATE["batchctl apply"]["artifacts"]
    assert kept["when"] == "always"
    assert {"**/*.lock.json", "**/*.rescue-*.json"} <= set(kept["paths"])


def test_two_applies_never_overlap_and_none_is_stopped() -> None:
    job = TEMPLATE["batchctl apply"]
    assert job["resource_group"]
    assert job["interruptible"] is False


@pytest.mark.parametrize(("variables", "jobs"), [
    (MERGE_REQUEST, ["batchctl plan"]),
    (MAIN, ["batchctl apply"]),
    ({**MAIN, "CI_PIPELINE_SOURCE": "schedule"}, ["batchctl apply"]),
    ({**MAIN, "CI_PIPELINE_SOURCE": "web"}, ["batchctl apply"]),
    ({**MAIN, "CI_COMMIT_BRANCH": "feature"}, []),
    ({**MAIN, "CI_COMMIT_BRANCH": "feature", "CI_PIPELINE_SOURCE": "schedule"}, []),
    ({"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_TAG": "v1"}, []),
])
def test_merge_requests_are_planned_and_the_default_branch_is_applied(variables: dict[str, str],
                                                                      jobs: list[str]) -> None:
    given = {"CI_DEFAULT_BRANCH": "main", **variables}
    found = [name for name, job in TEMPLATE.items() if isinstance(job, dict) and "script" in job and any(
        _holds(rule["if"], given) for rule in job["rules"])]
    assert found == jobs
    assert any(_holds(rule["if"], given) for rule in TEMPLATE["workflow"]["rules"]) or not jobs


def _holds(condition: str, variables: Mapping[str, str]) -> bool:
    """A rule's `if`, as far as the template uses it: equality, and `&&`."""
    def value(text: str) -> str | None:
        return variables.get(text[1:]) if text.startswith("$") else text.strip('"')

    sides = [part.strip().split(" == ") for part in condition.split("&&")]
    return all(value(left) == value(right) for left, right in sides)
