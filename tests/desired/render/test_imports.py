"""What starts quickly stays so: templates are for the workers, the schema for their parent."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

#: What reads inputs that few jobs have.
SOURCES = {"sqlite3", "pyarrow", "duckdb", "python_calamine"}


@pytest.mark.parametrize(
    ("imported", "spared"),
    [
        ("batchctl.desired.render.survey, batchctl.desired.render.lines",
         {"jinja2", "click", "httpx", "asyncio", *SOURCES}),
        ("batchctl.desired.render.worker, batchctl.desired.render.requests",
         {"jsonschema", "asyncio", "subprocess", *SOURCES}),
        ("batchctl.desired.render.worker", {"jinja2", "jsonschema", "asyncio"}),
    ],
)
def test_each_side_imports_only_what_it_needs(imported: str, spared: set[str]) -> None:
    code = f"import sys, {imported}; print(*sys.modules)"
    listed = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert not spared & set(listed.split())
