"""examples/parquet runs as its README says, and the columns have the types that the manifest promises."""

from __future__ import annotations

import shutil
from pathlib import Path

from pyarrow import parquet

from tests.examples.test_templates import ROOT, batchctl


def test_the_example_writes_typed_columns_and_a_second_run_changes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "parquet"
    shutil.copytree(ROOT / "examples" / "parquet", folder,
                    ignore=shutil.ignore_patterns("out", ".batchctl", "*.lock.json"))
    command = "batchctl apply -f job.yaml --auto-approve"
    assert command in (folder / "README.md").read_text()
    done = batchctl(folder, *command.split()[1:])
    assert done.returncode == 0, done.stderr
    assert "warning" not in done.stderr
    table = parquet.read_table(folder / "out" / "labels.parquet")
    assert [(field.name, str(field.type)) for field in table.schema] == [
        ("id", "string"), ("stars", "int64"), ("label", "string"), ("tokens", "int64"), ("status", "string")]
    assert [(row["id"], row["stars"], row["status"]) for row in table.to_pylist()] == [
        ("r-1", 1, "ok"), ("r-2", 5, "ok"), ("r-3", 3, "ok")]
    assert batchctl(folder, "plan", "--detailed-exitcode").returncode == 0
