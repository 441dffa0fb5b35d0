"""The published schema is complete, valid, and says what the code does."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

import batchctl.desired.manifest as package
from batchctl.desired.manifest import build, load
from batchctl.desired.manifest.codes import CODES
from batchctl.desired.manifest.context import Context
from batchctl.desired.manifest.files import from_text
from batchctl.desired.manifest.published import job_schema, schema_path
from batchctl.desired.manifest.tree import Mapping
from batchctl.words.dialects import DIALECTS

from .manifests import FULL


def _schemas(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
        for key, value in schema.items():
            if key not in ("examples", "default", "enum", "const"):
                yield from _schemas(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _schemas(value)


def _properties() -> Iterator[tuple[str, dict[str, Any]]]:
    for schema in _schemas(job_schema()):
        if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
            yield from schema["properties"].items()


def test_the_schema_is_valid_draft_07() -> None:
    assert job_schema()["$schema"] == "http://json-schema.org/draft-07/schema#"
    jsonschema.Draft7Validator.check_schema(job_schema())


def test_every_property_has_a_title_a_description_and_examples() -> None:
    for name, schema in _properties():
        assert {"title", "description", "examples"} <= schema.keys(), name
        assert schema["description"].endswith("."), name


def test_every_example_and_default_is_valid() -> None:
    whole = job_schema()
    for name, schema in _properties():
        part = {**schema, "definitions": whole["definitions"]}
        for example in [*schema["examples"], *([schema["default"]] if "default" in schema else [])]:
            assert jsonschema.Draft7Validator(part).is_valid(example), (name, example)


def test_mappings_are_closed_unless_they_are_free_by_design() -> None:
    free = {"Labels", "Variables", "Body", "Metadata", "Headers", "Fields", "Prices", "a mapping from path to kind",
            "Tables"}
    for schema in _schemas(job_schema()):
        if schema.get("type") == "object" and "title" in schema and schema["title"] not in free:
            assert schema.get("additionalProperties") is False, schema["title"]


def test_the_names_of_providers_are_those_of_the_dialects() -> None:
    provider = job_schema()["properties"]["provider"]
    assert provider["anyOf"][0]["enum"] == list(DIALECTS)
    assert job_schema()["definitions"]["provider"]["properties"]["dialect"]["enum"] == list(DIALECTS)


def test_a_plain_validator_accepts_what_the_loader_accepts() -> None:
    for document in yaml.safe_load_all(FULL):
        jsonschema.Draft7Validator(job_schema()).validate(document)


class _Recorded(dict[str, Any]):
    """Entries that remember which keys were asked for."""

    asked: set[str]

    def get(self, key: str, default: Any = None) -> Any:
        self.asked.add(key)
        return super().get(key, default)

    def __contains__(self, key: object) -> bool:
        self.asked.add(str(key))
        return super().__contains__(key)

    def items(self) -> Any:
        self.asked |= self.keys()
        return super().items()


def test_the_keys_that_are_read_are_the_keys_of_the_schema() -> None:
    asked: set[str] = set()

    def record(node: Any) -> None:
        if isinstance(node, Mapping):
            for _, value in node.entries.values():
                record(value)
            node.entries = _Recorded(node.entries)
            node.entries.asked = asked
        for item in getattr(node, "items", ()):
            record(item)

    file = from_text("job.yaml", FULL, Path("job.yaml").resolve())
    for document in file.documents:
        for key in ("labels", "vars", "body"):
            if document.get(key):
                document.entries.pop(key)
        record(document)
        build.job(document, Context(file.findings, file.path, file.path.parent))
    names = {name for name, _ in _properties()}
    given = {"x-team", "x-gateway-key", "/v1/rerank", "id", "a", "reviews"}
    structural = {"version", "file"}
    assert names - structural <= asked
    assert asked - given <= names


def test_every_code_is_listed_and_every_listed_code_is_used() -> None:
    folder = Path(package.__file__).parent
    text = "".join(path.read_text() for path in folder.glob("*.py") if path.name != "codes.py")
    assert [code for code in CODES if f'"{code}"' not in text] == []
    used = {
        argument.value
        for path in folder.glob("*.py") for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", ""))
        in ("error", "warning", "Diagnostic", "Refused")
        for argument in node.args[:1] if isinstance(argument, ast.Constant)
    }  # fmt: skip
    assert used <= CODES.keys()


def test_a_schema_that_is_not_published_is_not_found() -> None:
    assert schema_path("job.v1.schema.json").is_file()
    with pytest.raises(FileNotFoundError, match=r"nothing\.json"):
        schema_path("nothing.json")


def test_the_full_example_loads(tmp_path: Path) -> None:
    (tmp_path / "job.yaml").write_text(FULL)
    assert [job.name for job in load([tmp_path / "job.yaml"]).jobs] == ["hosted", "own-server", "mixed"]
