"""The hook in the real pre-commit, from this repository: installed as for a user, and run before a commit."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.gitops.repository import git
from tests.gitops.runner import ROOT
from tests.shell.conftest import MANIFEST

pytestmark = pytest.mark.slow


@pytest.fixture
def hooked(tmp_path: Path) -> Path:
    """A repository whose commits the hook checks."""
    if shutil.which("pre-commit", path=str(Path(sys.executable).parent)) is None:
        pytest.skip("pre-commit is not installed: pip install '.[dev]'")
    if not (ROOT / ".git").exists():
        pytest.skip("a hook comes from a git repository")
    git(tmp_path, "clone", "--quiet", str(ROOT), "hooks")
    for name in (".pre-commit-hooks.yaml", "batchctl"):
        source, target = ROOT / name, tmp_path / "hooks" / name
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    git(tmp_path / "hooks", "add", "--all")
    git(tmp_path / "hooks", "commit", "--quiet", "--allow-empty", "-m", "the work tree")
    project = tmp_path / "project"
    (project / "jobs").mkdir(parents=True)
    git(project, "init", "--quiet")
    (project / "jobs" / "job.yaml").write_text(MANIFEST)
    (project / "jobs" / "rows.csv").write_text("id,text\na,one\n")
    (project / "README.md").write_text("hello\n")
    revision = git(tmp_path / "hooks", "rev-parse", "HEAD").strip()
    (project / ".pre-commit-config.yaml").write_text(
        f"repos:\n- repo: {tmp_path / 'hooks'}\n  rev: {revision}\n  hooks:\n"
        "  - id: batchctl-validate\n    args: [--file, jobs/]\n")
    git(project, "add", "--all")
    return project


def test_a_commit_with_a_mistake_is_stopped_and_one_of_something_else_is_not(hooked: Path) -> None:
    code, shown = commits(hooked)
    assert code == 0, shown
    assert "batchctl validate" in shown
    assert "Passed" in shown
    (hooked / "jobs" / "rows.csv").write_text("id,words\na,one\n")
    git(hooked, "add", "--all")
    code, shown = commits(hooked)
    assert code == 1
    assert "Failed" in shown
    assert "jobs/job.yaml:10" in shown
    git(hooked, "reset", "--quiet", "--hard")
    (hooked / "README.md").write_text("hello again\n")
    git(hooked, "add", "--all")
    code, shown = commits(hooked)
    assert code == 0
    assert "no files to check" in shown


def commits(project: Path) -> tuple[int, str]:
    """What the hook says of what is staged; where it does not object, that is committed."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PYTHON"))}
    done = subprocess.run(
        [sys.executable, "-m", "pre_commit", "run"], cwd=project, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, check=False, env={**environ, "PRE_COMMIT_HOME": str(project.parent / "home")})
    if done.returncode == 0:
        git(project, "commit", "--quiet", "-m", "next")
    return done.returncode, done.stdout
