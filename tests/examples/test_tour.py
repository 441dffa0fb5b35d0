"""The README's five minutes, typed word for word: what it shows is what comes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_IDS = re.compile(r"\b(file-|batch_)[0-9a-f]{32}\b")

_WAITING = re.compile(r"^(?:[\w-]+: )?… .*\n", re.MULTILINE)


def tour() -> list[tuple[str, str]]:
    """Each command with what is shown after it."""
    section = (ROOT / "README.md").read_text().partition("## Five minutes\n")[2].partition("\n## ")[0]
    steps = []
    for block in re.findall(r"```\n(.*?)```", section, re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, shown = part.partition("\n")
            steps.append((command, shown.strip("\n")))
    return steps


@pytest.mark.skipif(os.name == "nt", reason="the tour is typed into a POSIX shell")
def test_the_tour_shows_what_it_says(tmp_path: Path) -> None:
    program = tmp_path / "bin" / "batchctl"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m batchctl "$@"\n')
    program.chmod(0o755)
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith("BATCHCTL_") and name not in ("FORCE_COLOR", "CI", "GITHUB_ACTIONS")}
    environment |= {"PATH": f"{program.parent}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"}
    folder, steps = tmp_path, tour()
    assert len(steps) >= 8
    for command, shown in steps:
        if command.startswith("cd "):
            folder = folder / command.removeprefix("cd ")
            continue
        done = subprocess.run(["sh", "-c", command], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=False)
        assert masked(done.stdout).strip("\n") == masked(shown), command


def masked(text: str) -> str:
    """Without what differs from run to run: ids, and whether a batch was quick enough not to be waited for."""
    return _WAITING.sub("", _IDS.sub(r"\1…", text))
