"""What commands print as JSON is what their published schemas say."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from tests.shell.conftest import ROOT, Project


def check(name: str, printed: str) -> Any:
    """The document, after it was held against its schema."""
    schema = json.loads((ROOT / "schemas" / f"{name}.v1.schema.json").read_text())
    document = json.loads(printed)
    jsonschema.Draft7Validator.check_schema(schema)
    jsonschema.validate(document, schema, cls=jsonschema.Draft7Validator)
    return document


@pytest.mark.parametrize("name", [None, "groq", "local"])
def test_providers(project: Project, name: str | None) -> None:
    shown = check("providers", project("providers", *([name] if name else []), "--format", "json").out)["providers"]
    assert len(shown) == (1 if name else 5)


def test_batches(project: Project) -> None:
    assert check("batches", project("batches", "--format", "json").out)["batches"] == []
    project.program("apply", "--auto-approve")
    (batch,) = check("batches", project("batches", "--all", "--format", "json").out)["batches"]
    assert (batch["job"], batch["recorded"], batch["completed"]) == ("labels", True, 3)
    assert batch["usage"]["input_tokens"] > 0


def test_gc(project: Project) -> None:
    project.program("apply", "--auto-approve")
    shown = check("gc", project("gc", "--remote", "--results", "--dry-run", "--format", "json").out)
    assert [entry["path"].endswith(".jsonl") for entry in shown["entries"]] == [True]
    assert len(shown["files"]) == 1, "the results; the input is younger than its window"
    assert check("gc", project("gc", "--format", "json").out)["files"] == []


def test_every_schema_can_be_printed(project: Project) -> None:
    published = {path.name.removesuffix(".v1.schema.json") for path in (ROOT / "schemas").iterdir()}
    for name in published - {"requests"}:
        assert json.loads(project("schema", name).out)["$schema"] == "http://json-schema.org/draft-07/schema#"
