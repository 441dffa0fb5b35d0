"""Each template of `init` is an example: it runs as it is on the local server, and gives the files that it says."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from batchctl.shell.templates import SCHEMA_URL, TEMPLATES, template_files

ROOT = Path(__file__).parents[2]


def batchctl(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BATCHCTL_")}
    return subprocess.run(
        [sys.executable, "-m", "batchctl", *arguments], cwd=project, env={**environment, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120, check=False)


def classified(folder: Path) -> None:
    labels = [record["label"] for record in csv.DictReader((folder / "sentiment.csv").read_text().splitlines())]
    assert len(labels) == 6
    assert all(label.startswith("echo: ") for label in labels)


def extracted(folder: Path) -> None:
    orders = list(csv.DictReader((folder / "orders.csv").read_text().splitlines()))
    assert [(order["id"], order["items"], order["pieces"]) for order in orders] == [
        (f"m-0{number}", "1", "1") for number in range(1, 5)]
    assert (folder / "unusable.jsonl").read_text() == ""


def embedded(folder: Path) -> None:
    vectors = [json.loads(line) for line in (folder / "vectors.jsonl").read_text().splitlines()]
    assert [len(record["vector"]) for record in vectors] == [8] * 4
    assert all(record["tokens"] > 0 for record in vectors)


def transcribed(folder: Path) -> None:
    transcripts = [json.loads(line)["transcript"] for line in (folder / "transcripts.jsonl").read_text().splitlines()]
    assert len(transcripts) == 3
    assert all(text.startswith("echo: https://") for text in transcripts)


def evaluated(folder: Path) -> None:
    marks = list(csv.DictReader((folder / "marks.csv").read_text().splitlines()))
    assert [(mark["model"], mark["verdict"], mark["error"]) for mark in marks] == [
        ("a", "right", ""), ("b", "right", "")] * 2
    assert marks[0]["analysis"].startswith("echo: Question: Why does ice float?")


LOOKS: dict[str, Callable[[Path], None]] = {
    "classify": classified, "extract": extracted, "embed": embedded, "transcribe": transcribed, "evaluate": evaluated}


@pytest.mark.parametrize("name", sorted(TEMPLATES))
def test_each_example_runs_as_its_readme_says_and_a_second_run_changes_nothing(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    shutil.copytree(ROOT / "examples" / name, folder, ignore=shutil.ignore_patterns("out", ".batchctl", "*.lock.json"))
    readme = (folder / "README.md").read_text()
    command = "batchctl apply -f job.yaml --auto-approve"
    assert command in readme
    done = batchctl(folder, *command.split()[1:])
    assert done.returncode == 0, done.stderr
    assert "warning" not in done.stderr
    LOOKS[name](folder / "out")
    assert batchctl(folder, "plan", "--detailed-exitcode").returncode == 0
    assert batchctl(ROOT, "plan", "--offline", "-f", str(folder)).returncode == 0


@pytest.mark.parametrize("name", sorted(TEMPLATES))
def test_init_writes_the_example_with_a_schema_that_an_editor_finds_anywhere(tmp_path: Path, name: str) -> None:
    done = batchctl(tmp_path, "init", "--template", name, "new")
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (tmp_path / "new").iterdir()} == {*TEMPLATES[name], ".gitignore"}
    for file in TEMPLATES[name]:
        example = (ROOT / "examples" / name / file).read_text()
        written = (tmp_path / "new" / file).read_text()
        if file == "job.yaml":
            assert written.splitlines()[0] == f"# yaml-language-server: $schema={SCHEMA_URL}"
            example, written = example.partition("\n")[2], written.partition("\n")[2]
        assert written == example
    done = batchctl(tmp_path / "new", "validate")
    assert (done.returncode, "warning" in done.stderr) == (0, False), done.stderr


def test_the_package_takes_exactly_the_files_that_init_writes() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    taken = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    wanted = {f"examples/{name}/{file}": f"batchctl/templates/{name}/{file}"
              for name, files in TEMPLATES.items() for file in files}
    assert taken == {"schemas": "batchctl/schemas", **wanted}
    for name in TEMPLATES:
        here = {path.name for path in (ROOT / "examples" / name).iterdir() if path.is_file()}
        assert {path for path in here if not path.endswith(".lock.json")} == {*TEMPLATES[name], "README.md"}


def test_a_template_that_the_installation_lacks_is_named() -> None:
    with pytest.raises(FileNotFoundError, match="not part of this installation"):
        template_files("nothing")
