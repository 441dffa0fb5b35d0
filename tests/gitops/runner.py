"""A runner for composite actions: the steps of action.yml in order, their shell for real, uploads into a folder."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.gitops.expressions import filled, holds
from tests.shell.conftest import environment

ROOT = Path(__file__).parents[2]
ACTION = ROOT / ".github" / "actions" / "batchctl"

#: What a step put out, and whether it succeeded.
Ended = tuple[dict[str, str], bool]


@dataclass
class Job:
    """What one job left: whether it succeeded, its log, summary, outputs, uploads, and which steps were run."""

    succeeded: bool
    log: str
    summary: str
    outputs: dict[str, str]
    artifacts: dict[str, dict[str, bytes]]
    steps: list[str]

    @property
    def commands(self) -> list[str]:
        """The annotations that a runner acts on: not those that stand where commands are stopped."""
        found, stopped = [], None
        for line in self.log.splitlines():
            text = line.strip()
            if stopped is not None:
                stopped = None if text == f"::{stopped}::" else stopped
            elif text.startswith("::stop-commands::"):
                stopped = text.removeprefix("::stop-commands::")
            elif text.startswith("::"):
                found.append(text)
            elif "##[" in text:  # the older form, anywhere in a line
                found.append(text[text.index("##["):])
        return found


@dataclass
class Runner:
    """A machine of GitHub's with one checkout. `temp` is empty in the beginning, as it is there."""

    checkout: Path
    temp: Path
    event: dict[str, Any]
    event_name: str = "push"
    ref: str = "refs/heads/main"
    api_url: str = "http://127.0.0.1:9"
    actor: str = "somebody"
    secrets: Mapping[str, str] = field(default_factory=dict)

    def run(self, **inputs: str) -> Job:
        """One step that uses the action, with what `secrets` has in its environment."""
        action = yaml.safe_load((ACTION / "action.yml").read_text())
        given = {name.replace("_", "-"): value for name, value in inputs.items()}
        assert set(given) <= set(action["inputs"])
        github = {"event_name": self.event_name, "event": self.event, "repository": "owner/jobs", "actor": self.actor,
                  "run_attempt": "1", "token": "token-of-the-run"}
        values = {name: filled(given.get(name, one.get("default", "")), {"github": github})
                  for name, one in action["inputs"].items()}
        contexts: dict[str, Any] = {"inputs": values, "github": github, "steps": {}}
        made = Job(True, "", "", {}, {}, [])
        for number, step in enumerate(action["runs"]["steps"]):
            status = "success" if made.succeeded else "failure"
            if holds(step.get("if"), contexts, status):
                made.steps.append(step["name"])
                outputs, ok = (self._upload if "uses" in step else self._shell)(step, contexts, made, number)
                made.succeeded &= ok
            else:
                outputs = {}
            if "id" in step:
                contexts["steps"][step["id"]] = {"outputs": outputs}
        made.outputs = {name: filled(one["value"], contexts) for name, one in action["outputs"].items()}
        return made

    def _shell(self, step: dict[str, Any], contexts: dict[str, Any], job: Job, number: int) -> Ended:
        assert "${{" not in step["run"], "inputs reach a script through its environment alone"
        files = {name: self.temp / f"{name.lower()}-{number}" for name in (
            "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_PATH", "GITHUB_EVENT_PATH")}
        for name, path in files.items():
            path.write_text(json.dumps(self.event) if name == "GITHUB_EVENT_PATH" else "")
        script = self.temp / f"step-{number}.sh"
        script.write_text(step["run"])
        folder = self.checkout / filled(step.get("working-directory", "."), contexts)
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)], cwd=folder, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, check=False, env={
                **environment({}), **self._variables(), **{name: str(path) for name, path in files.items()},
                **self.secrets, **{name: filled(value, contexts) for name, value in step.get("env", {}).items()}})
        job.log += done.stdout
        job.summary += files["GITHUB_STEP_SUMMARY"].read_text()
        outputs = dict(line.split("=", 1) for line in files["GITHUB_OUTPUT"].read_text().splitlines())
        return outputs, done.returncode == 0

    def _variables(self) -> dict[str, str]:
        return {
            "PATH": f"{program(self.temp)}:{os.environ['PATH']}", "CI": "true", "GITHUB_ACTIONS": "true",
            "GITHUB_WORKSPACE": str(self.checkout), "GITHUB_ACTION_PATH": str(ACTION), "RUNNER_TEMP": str(self.temp),
            "GITHUB_REF": self.ref, "GITHUB_API_URL": self.api_url, "GITHUB_REPOSITORY": "owner/jobs",
            "GITHUB_SERVER_URL": "https://github.test", "GITHUB_RUN_ID": "77", "COMMENT_PAUSE_S": "0.01",
            "PAUSE_S": "0", "GIT_CONFIG_GLOBAL": os.devnull, "HOME": str(self.temp)}

    def _upload(self, step: dict[str, Any], contexts: dict[str, Any], job: Job, number: int) -> Ended:
        assert re.fullmatch(r"actions/upload-artifact@[0-9a-f]{40}", step["uses"]), "pinned"
        wanted = {name: filled(value, contexts) for name, value in step["with"].items()}
        path = Path(wanted["path"])
        files = [path] if path.is_file() else [one for one in path.rglob("*") if one.is_file()]
        root = path.parent if path.is_file() else path
        assert wanted["name"] not in job.artifacts
        job.artifacts[wanted["name"]] = {one.relative_to(root).as_posix(): one.read_bytes() for one in files}
        return {}, bool(files)


def program(folder: Path) -> Path:
    """A folder with `batchctl` and `python3` for the path."""
    programs = folder / "programs"
    if not programs.exists():
        programs.mkdir()
        (programs / "batchctl").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m batchctl "$@"\n')
        (programs / "batchctl").chmod(0o755)
        (programs / "python3").symlink_to(shutil.which("python3") or sys.executable)
    return programs
