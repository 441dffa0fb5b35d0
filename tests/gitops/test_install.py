"""How the action installs batchctl: from its own commit, apart from all else on the machine."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.gitops.runner import ACTION, ROOT


def install(temp: Path, version: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run(
        ["bash", str(ACTION / "install.sh")], cwd=temp, capture_output=True, text=True, check=False, timeout=300,
        env={**kept, "VERSION": version, "GITHUB_ACTION_PATH": str(ACTION), "RUNNER_TEMP": str(temp),
             "GITHUB_PATH": str(temp / "path")})


@pytest.mark.slow
def test_without_a_version_it_is_the_one_of_the_same_commit(tmp_path: Path) -> None:
    done = install(tmp_path, "")
    assert done.returncode == 0, done.stderr
    programs = Path((tmp_path / "path").read_text().strip())
    shown = subprocess.run([programs / "batchctl", "schema", "job"], cwd=tmp_path, capture_output=True, text=True,
                           check=True, env={"PATH": os.environ["PATH"]})
    assert shown.stdout == (ROOT / "schemas" / "job.v1.schema.json").read_text()


@pytest.mark.parametrize("version", ["1.0; touch pwned", "-r /etc/passwd", "$(touch pwned)", "git+https://evil.test/x",
                                     "1.0\n--index-url=https://evil.test"])
def test_what_is_no_version_reaches_no_installer(tmp_path: Path, version: str) -> None:
    done = install(tmp_path, version)
    assert done.returncode == 64
    assert "the input version is no version" in done.stdout
    assert not list(tmp_path.iterdir())
