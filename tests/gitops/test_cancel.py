"""A run that is cancelled: the runner signals the process of the step, and nothing below it (actions/runner#1309)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
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

#: A program that finishes what it does when it is interrupted.
SLOW_TO_END = """
import pathlib, signal, sys, time
def end(*_):
    time.sleep(0.7)
    print("the last word", flush=True)
    sys.exit(5)
signal.signal(signal.SIGINT, end)
pathlib.Path("started").write_text("yes")
time.sleep(60)
"""


def step(folder: Path, clone: Path, programs: Path) -> subprocess.Popen[str]:
    """The step that runs batchctl, as a runner starts it; outputs are in folder/output."""
    script = folder / "step.sh"
    script.write_text('exec bash "$GITHUB_ACTION_PATH/run.sh"')
    return subprocess.Popen(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)], cwd=clone, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={
            **environment({}), "PATH": f"{programs}:{os.environ['PATH']}", "SOME_KEY": "x",
            "COMMAND": "apply", "FILES": "jobs/", "ARGS": "--wait", "PLAN_FILE": "", "OFFLINE": "auto",
            "NAME": "batchctl", "WITHOUT_SECRETS": "false", "GITHUB_ACTION_PATH": str(ACTION),
            "GITHUB_ACTIONS": "true", "RUNNER_TEMP": str(folder), "GITHUB_OUTPUT": str(folder / "output"),
            "GITHUB_STEP_SUMMARY": str(folder / "summary")})


def wait_for(path: Path, text: str) -> None:
    until = time.monotonic() + 60
    while not (path.exists() and text in path.read_text()):
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_batchctl_ends_before_the_runner_kills_it_and_the_next_steps_know(tmp_path: Path, number: int) -> None:
    with provider(tmp_path / "provider", "--dialect", "openai", "--upstream", NOWHERE) as base_url:
        repository = Repository(tmp_path)
        repository.start(at(base_url))
        clone = repository.clone("clone")
        running = step(tmp_path, clone, program(tmp_path))
        try:
            wait_for(clone / "jobs" / "job.lock.json", '"batch_id"')
            running.send_signal(number)
            started = time.monotonic()
            log, _ = running.communicate(timeout=30)
            assert time.monotonic() - started < GRACE_S
        finally:
            running.kill()
    assert "What was done is recorded, and nothing is sent twice." in log
    assert f"exit-code={128 + number}\n" in (tmp_path / "output").read_text()


def test_the_step_goes_on_when_batchctl_has_ended_and_not_when_it_was_told_to(tmp_path: Path) -> None:
    slow = tmp_path / "programs" / "batchctl"
    slow.parent.mkdir()
    slow.write_text(f"#!{sys.executable}\n" + SLOW_TO_END)
    slow.chmod(0o755)
    running = step(tmp_path, tmp_path, slow.parent)
    try:
        wait_for(tmp_path / "started", "yes")
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=30)
    finally:
        running.kill()
    assert "exit-code=5\n" in (tmp_path / "output").read_text()
    assert (tmp_path / "summary").read_text() == "the last word\n"
