"""The quickstart does what the README says, byte for byte, and a second run changes nothing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    ignored = shutil.ignore_patterns("out", ".batchctl", "*.lock.json")
    shutil.copytree(ROOT / "examples" / "quickstart", tmp_path / "examples" / "quickstart", ignore=ignored)
    return tmp_path


def batchctl(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BATCHCTL_")}
    return subprocess.run(
        [sys.executable, "-m", "batchctl", *arguments], cwd=project, env={**environment, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120, check=False)


def commands() -> list[str]:
    return re.findall(r"^pip install .*$", README, re.MULTILINE)


def test_the_readme_has_two_commands_that_start_with_pip_install() -> None:
    assert len(commands()) == 2


def test_the_first_command_leaves_the_file_that_the_readme_shows(project: Path) -> None:
    arguments = commands()[0].partition("&& batchctl ")[2].split()
    done = batchctl(project, *arguments)
    assert done.returncode == 0, done.stderr
    made = (project / "examples/quickstart/out/sentiment.csv").read_text()
    assert made.strip() in README
    lockfile = (project / "examples/quickstart/job.lock.json").read_bytes()
    again = batchctl(project, *arguments)
    assert again.returncode == 0, again.stderr
    assert (project / "examples/quickstart/job.lock.json").read_bytes() == lockfile
    assert batchctl(project, "plan", "-f", "examples/quickstart/job.yaml", "--detailed-exitcode").returncode == 0
