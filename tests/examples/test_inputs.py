"""The examples about inputs run as they are on the local server, and a second run changes nothing."""

from __future__ import annotations

import base64
import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def batchctl(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BATCHCTL_")}
    return subprocess.run(
        [sys.executable, "-m", "batchctl", *arguments], cwd=project, env={**environment, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120, check=False)


def applied(tmp_path: Path, name: str) -> Path:
    """A copy of an example after the command of its README, which is asserted to settle it."""
    folder = tmp_path / name
    shutil.copytree(ROOT / "examples" / name, folder, ignore=shutil.ignore_patterns("out", ".batchctl", "*.lock.json"))
    command = "batchctl apply -f job.yaml --auto-approve"
    assert command in (folder / "README.md").read_text()
    done = batchctl(folder, *command.split()[1:])
    assert (done.returncode, "warning" in done.stderr) == (0, False), done.stderr
    assert batchctl(folder, "plan", "--detailed-exitcode").returncode == 0
    return folder


def records(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_pictures_go_along_with_their_requests(tmp_path: Path) -> None:
    folder = applied(tmp_path, "vision")
    assert [record["chart"] for record in records(folder / "out" / "trends.csv")] == [
        "charts/orders.png", "charts/returns.png", "charts/visitors.png"]
    lines = [json.loads(line) for line in batchctl(folder, "render").stdout.splitlines()]
    for line, chart in zip(lines, sorted((folder / "charts").iterdir()), strict=True):
        _, image = line["body"]["messages"][0]["content"]
        start, _, data = image["image_url"]["url"].partition(",")
        assert (start, base64.b64decode(data)) == ("data:image/png;base64", chart.read_bytes())


def test_a_query_chooses_the_rows_and_a_variable_more_of_them(tmp_path: Path) -> None:
    folder = applied(tmp_path, "sql")
    assert [(record["id"], record["name"]) for record in records(folder / "out" / "answers.csv")] == [
        ("2", "Amara Okafor"), ("3", "Lucía Romero"), ("5", "Amara Okafor")]
    planned = json.loads(batchctl(folder, "plan", "--var", "stars=3", "--format", "json").stdout)
    assert planned["jobs"][0]["tally"]["rows"] == 4
    assert [action["requests"] for action in planned["jobs"][0]["actions"] if action["kind"] == "create"] == [1]


@pytest.mark.parametrize("name", ["sql", "vision"])
def test_the_readme_of_the_project_names_the_example(name: str) -> None:
    assert f"(examples/{name})" in (ROOT / "README.md").read_text()
