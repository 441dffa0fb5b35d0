"""push-lockfiles.sh alone, where what it guards against takes a lockfile made by hand."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.gitops.repository import Repository
from tests.gitops.runner import ACTION, program

pytestmark = pytest.mark.slow

#: Blank lines keep two changes so far apart that git merges them.
GAP = "\n" * 8
LOCKFILE = '{\n"//": "Maintained by batchctl.",\n"jobs": {' + GAP + GAP + '}\n}\n'


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path)
    made.start()
    return made


def push(clone: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    temp = clone.with_name(f"{clone.name}-temp")
    temp.mkdir()
    return subprocess.run(
        ["bash", str(ACTION / "push-lockfiles.sh")], cwd=clone, capture_output=True, text=True, check=False, env={
            "PATH": f"{program(temp)}:{os.environ['PATH']}", "HOME": str(temp), "GIT_CONFIG_GLOBAL": os.devnull,
            "BRANCH": "main", "MESSAGE": "ours", "PAUSE_S": "0", **variables})


def both(repository: Repository, theirs: str, ours: str) -> subprocess.CompletedProcess[str]:
    """Somebody pushes a lockfile while another run has changed it, too."""
    first = repository.clone("base")
    (first / "jobs" / "job.lock.json").write_text(LOCKFILE)
    repository.push(first, "a lockfile")
    run = repository.clone("run")
    other = repository.clone("other")
    (other / "jobs" / "job.lock.json").write_text(theirs)
    repository.push(other, "theirs")
    (run / "jobs" / "job.lock.json").write_text(ours)
    return push(run)


def test_changes_of_two_runs_that_fit_together_are_both_kept(repository: Repository) -> None:
    done = both(repository, LOCKFILE.replace('"jobs": {', '"former": 1,\n"jobs": {'), LOCKFILE.replace(
        "}\n}\n", '},\n"later": 1}\n'))
    assert done.returncode == 0, done.stderr
    merged = repository.show("jobs/job.lock.json")
    assert '"former"' in merged
    assert '"later"' in merged
    assert repository.log()[:2] == ["ours", "theirs"]


def test_a_merge_that_is_no_json_any_more_is_not_pushed(repository: Repository) -> None:
    theirs = LOCKFILE.replace('"jobs": {', '"jobs": [').replace("}\n}\n", "]\n}\n")
    done = both(repository, theirs, LOCKFILE.replace(GAP + GAP, GAP + '"a": 1' + GAP))
    assert done.returncode == 1
    assert "changed on main at the same time" in done.stderr
    assert repository.show("jobs/job.lock.json") == theirs


def test_a_push_whose_answer_was_lost_is_no_second_commit(repository: Repository) -> None:
    run = repository.clone("run")
    (run / "jobs" / "job.lock.json").write_text(LOCKFILE)
    hook = repository.remote / "hooks" / "post-receive"
    hook.write_text('#!/bin/sh\n[ -e "$GIT_DIR/cut" ] || { touch "$GIT_DIR/cut"; kill -9 $PPID; }\n')
    hook.chmod(0o755)
    done = push(run)
    assert done.returncode == 0, done.stderr
    assert (repository.remote / "cut").exists()
    assert repository.log() == ["ours", "start"]


def test_what_is_named_like_a_lockfile_and_is_none_is_not_pushed(repository: Repository) -> None:
    run = repository.clone("run")
    (run / "packages.lock.json").write_text('{"version": 1}\n')
    (run / "linked.lock.json").symlink_to("packages.lock.json")
    assert push(run).returncode == 0
    assert repository.log() == ["start"]


def test_the_record_of_a_batch_whose_lockfile_could_not_be_written_is_kept(repository: Repository) -> None:
    run = repository.clone("run")
    (run / "jobs" / "job.lock.json").write_text(LOCKFILE)
    (run / "jobs" / "job.rescue-batch_1.json").write_text("{}\n")
    temp = run.with_name("runner-temp")
    temp.mkdir()
    output = temp / "output"
    assert push(run, RUNNER_TEMP=str(temp), GITHUB_OUTPUT=str(output)).returncode == 0
    assert output.read_text() == f"state=pushed\nkept={temp}/batchctl-batchctl-lockfiles\n"
    kept = temp / "batchctl-batchctl-lockfiles" / "jobs"
    assert sorted(file.name for file in kept.iterdir()) == ["job.lock.json", "job.rescue-batch_1.json"]
    assert repository.files_of_last_commit() == ["jobs/job.lock.json"]
