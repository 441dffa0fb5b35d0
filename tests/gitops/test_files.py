"""The files that GitHub, GitLab and pre-commit read: valid, pinned, with no more rights than they need."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from batchctl.shell.cli import batchctl
from tests.gitops.expressions import holds
from tests.gitops.runner import ACTION, ROOT

WORKFLOWS = sorted((ROOT / "examples" / "github").glob("*.yml"))
SCRIPTS = sorted(ACTION.glob("*.sh"))
HOOKS = ROOT / ".pre-commit-hooks.yaml"


def loaded(path: Path) -> dict[str, Any]:
    # YAML 1.1 reads the key `on` as true.
    document: dict[str, Any] = yaml.safe_load(path.read_text().replace("\non:\n", '\n"on":\n'))
    return document


def steps() -> list[dict[str, Any]]:
    found = list(loaded(ACTION / "action.yml")["runs"]["steps"])
    for path in WORKFLOWS:
        for job in loaded(path)["jobs"].values():
            found += job["steps"]
    return found


def tool(name: str) -> str:
    found = shutil.which(name, path=f"{Path(sys.executable).parent}") or shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed: pip install '.[dev]'")
    return found


def test_actions_of_others_are_pinned_to_a_commit_with_the_version_beside_it() -> None:
    for path in [ACTION / "action.yml", *WORKFLOWS]:
        for used, rest in re.findall(r"uses: (\S+)(.*)", path.read_text()):
            if not used.startswith("batchctl/batchctl/"):
                assert re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", used)
                assert re.fullmatch(r" # v\d+\.\d+\.\d+", rest)


def test_the_readmes_workflow_uses_the_action_with_inputs_that_it_has() -> None:
    section = (ROOT / "README.md").read_text().partition("## In CI\n")[2]
    workflow = yaml.safe_load(section.split("```yaml\n")[1].split("```")[0].replace("on:\n", '"on":\n', 1))
    (job,) = workflow["jobs"].values()
    action = loaded(ACTION / "action.yml")
    assert set(job["steps"][1]["with"]) <= set(action["inputs"])
    hook = yaml.safe_load(section.split("```yaml\n")[2].split("```")[0])
    assert hook[0]["hooks"][0]["id"] in [one["id"] for one in yaml.safe_load(HOOKS.read_text())]


def test_no_expression_stands_in_a_script() -> None:
    for step in steps():
        assert "${{" not in step.get("run", "")
    for path in SCRIPTS:
        assert "${{" not in path.read_text()


def test_each_step_of_the_action_names_its_shell_and_a_script_that_is_there() -> None:
    for step in loaded(ACTION / "action.yml")["runs"]["steps"]:
        if "run" in step:
            assert step["shell"] == "bash"
            (script,) = re.findall(r'"\$GITHUB_ACTION_PATH/([\w.-]+)"', step["run"])
            assert (ACTION / script).is_file()


@pytest.mark.parametrize(("status", "run"), [
    ("cancelled", ["Push the lockfiles", "Keep the lockfiles"]),
    ("failure", ["Push the lockfiles", "Keep the lockfiles", "Say how batchctl ended"])])
def test_a_run_that_is_cancelled_or_fails_pushes_its_lockfiles_all_the_same(status: str, run: list[str]) -> None:
    contexts = {"inputs": {"command": "apply", "lockfile": "commit", "comment": "true"}, "github": {},
                "steps": {"lockfile": {"outputs": {"kept": "folder"}}}}
    assert [step["name"] for step in loaded(ACTION / "action.yml")["runs"]["steps"]
            if holds(step.get("if"), contexts, status)] == run


def test_every_input_is_used_and_explained() -> None:
    text = (ACTION / "action.yml").read_text()
    action = loaded(ACTION / "action.yml")
    table = (ACTION / "README.md").read_text()
    for name in action["inputs"]:
        assert f"inputs.{name} " in text.replace("}}", " ")
    for name in (*action["inputs"], *action["outputs"]):
        assert f"| `{name}` |" in table


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_has_the_least_rights_and_never_runs_twice_at_once(path: Path) -> None:
    workflow = loaded(path)
    assert workflow["permissions"] == {
        "batchctl-plan.yml": {"contents": "read", "pull-requests": "write"},
        "batchctl-apply.yml": {"contents": "write"}}[path.name]
    assert "pull_request_target" not in workflow["on"]
    assert workflow["concurrency"]["group"]
    applies = path.name == "batchctl-apply.yml"
    assert workflow["concurrency"]["cancel-in-progress"] is not applies
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"]
        checkout = job["steps"][0]
        assert checkout["uses"].startswith("actions/checkout@")
        assert applies or checkout["with"] == {"persist-credentials": False}


def test_the_workflows_use_inputs_that_the_action_has() -> None:
    inputs = loaded(ACTION / "action.yml")["inputs"]
    used = [step for step in steps() if "batchctl/batchctl/" in step.get("uses", "")]
    assert [step["with"]["command"] for step in used] == ["apply", "plan"]
    for step in used:
        assert set(step["with"]) <= set(inputs)


@pytest.mark.parametrize(("path", "matches"), [
    ("job.yaml", True), ("a/b/job.yml", True), ("jobs/labels.yaml", True), ("jobs/rows.csv", True),
    ("jobs/rows.jsonl.zst", True), ("jobs/prompts/system.j2", True), ("a/jobs/x.schema.json", True),
    ("jobs/job.lock.json", False), ("jobs/.batchctl/shards/x.jsonl", False), ("README.md", False),
    ("myjob.yaml", False), ("jobs/notes.md", False), ("config.yaml", False), ("somejobs/a.yaml", False)])
def test_the_hook_looks_at_manifests_and_what_they_read(path: str, matches: bool) -> None:
    (hook,) = yaml.safe_load(HOOKS.read_text())
    found = bool(re.search(hook["files"], path)) and not re.search(hook["exclude"], path)
    assert found is matches


def test_the_hook_runs_a_command_that_needs_neither_network_nor_key() -> None:
    (hook,) = yaml.safe_load(HOOKS.read_text())
    program, command = hook["entry"].split()
    assert (program, command) == ("batchctl", "validate")
    assert batchctl.get_command(None, command) is not None  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.parametrize(("schema", "path"), [
    ("github-actions", ACTION / "action.yml"), *(("github-workflows", path) for path in WORKFLOWS),
    ("gitlab-ci", ROOT / "examples" / "gitlab" / ".gitlab-ci.yml")], ids=lambda value: Path(value).name)
def test_the_files_are_valid_against_the_published_schemas(schema: str, path: Path) -> None:
    done = subprocess.run([tool("check-jsonschema"), "--builtin-schema", f"vendor.{schema}", str(path)],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_the_scripts_are_clean(path: Path) -> None:
    done = subprocess.run([tool("shellcheck"), "--enable=quote-safe-variables", str(path)], capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0, done.stdout
