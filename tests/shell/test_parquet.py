"""Parquet from the command line: said before anything is sent where it cannot be written, and from `results` too."""

from __future__ import annotations

import json

import pytest
from pyarrow import parquet

from tests.shell.conftest import MANIFEST, ROOT, Project


@pytest.mark.parametrize("command", [["validate"], ["plan"], ["apply", "--auto-approve"]])
def test_what_a_format_lacks_is_said_before_anything_is_sent(project: Project, command: list[str]) -> None:
    project.write("job.yaml", MANIFEST.replace("labels.jsonl", "labels.parquet"))
    without = project.folder / "without" / "pyarrow"
    without.mkdir(parents=True)
    (without / "__init__.py").write_text("raise ImportError('not here')")
    ended = project.program(*command, PYTHONPATH=f"{without.parent}:{ROOT}")
    assert ended.code == 1
    assert "error[sink-extra]" in ended.err
    assert "--> job.yaml:12:11" in ended.err
    assert "pip install 'batchctl[parquet]'" in ended.err
    assert not (project.folder / "job.lock.json").exists()
    assert not (project.folder / "out").exists()


def test_results_are_written_as_parquet_to_a_file_only(project: Project) -> None:
    assert project("apply", "--auto-approve").code == 0
    assert project("results", "-o", "so-far.jsonl").code == 0
    assert project("results", "-o", "so-far.parquet").code == 0
    lines = [json.loads(line) for line in (project.folder / "so-far.jsonl").read_text().splitlines()]
    table = parquet.read_table(project.folder / "so-far.parquet").to_pylist()
    assert [record["text"] for record in table] == [record["text"] for record in lines]
    assert json.loads(table[0]["usage"]) == lines[0]["usage"]
    refused = project("results", "--format", "parquet")
    assert refused.code == 64
    assert "-o FILE" in refused.err


def test_results_say_what_parquet_lacks_and_leave_the_file(project: Project) -> None:
    assert project("apply", "--auto-approve").code == 0
    project.write("so-far.parquet", "old")
    without = project.folder / "without" / "pyarrow"
    without.mkdir(parents=True)
    (without / "__init__.py").write_text("raise ImportError('not here')")
    ended = project.program("results", "-o", "so-far.parquet", PYTHONPATH=f"{without.parent}:{ROOT}")
    assert ended.code == 1
    assert "pip install 'batchctl[parquet]'" in ended.err
    assert (project.folder / "so-far.parquet").read_text() == "old"
    assert not list(project.folder.glob(".so-far*"))
