"""A run that is cancelled: the runner signals the process of the step, and nothing below it (actions/runner#1309)."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.gitops.repository import Repository
from tests.gitops.runner import ACTION, program
from tests.shell.conftest import environment
from tests.shell.serving import NOWHERE, at, provider

pytestmark = pytest.mark.slow

#: The runner sends SIGINT, SIGTERM after this, and kills soon after.
GRACE_S = 7.5


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_batchctl_ends_before_the_runner_kills_it_and_the_next_steps_know(tmp_path: Path, number: int) -> None:
    with provider(tmp_path / "provider", "--dialect", "openai", "--upstream", NOWHERE) as base_url:
        repository = Repository(tmp_path)
        repository.start(at(base_url))
        clone = repository.clone("clone")
        output, script = tmp_path / "output", tmp_path / "step.sh"
        script.write_text('exec bash "$GITHUB_ACTION_PATH/run.sh"')
        step = subprocess.Popen(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)], cwd=clone, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={
                **environment({}), "PATH": f"{program(tmp_path)}:{os.environ['PATH']}", "SOME_KEY": "x",
                "COMMAND": "apply", "FILES": "jobs/", "ARGS": "--wait", "PLAN_FILE": "", "OFFLINE": "auto",
                "NAME": "batchctl", "WITHOUT_SECRETS": "false", "GITHUB_ACTION_PATH": str(ACTION),
                "GITHUB_ACTIONS": "true", "RUNNER_TEMP": str(tmp_path), "GITHUB_OUTPUT": str(output),
                "GITHUB_STEP_SUMMARY": str(tmp_path / "summary")})
        try:
            lockfile = clone / "jobs" / "job.lock.json"
            until = time.monotonic() + 60
            while not (lockfile.exists() and '"batch_id"' in lockfile.read_text()):
                assert time.monotonic() < until
                time.sleep(0.05)
            step.send_signal(number)
            started = time.monotonic()
            log, _ = step.communicate(timeout=30)
            assert time.monotonic() - started < GRACE_S
        finally:
            step.kill()
    assert "What was sent is recorded; run the same command again to go on." in log
    assert f"exit-code={128 + number}\n" in output.read_text()
