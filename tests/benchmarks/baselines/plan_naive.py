"""The pipeline that one would write first: CSV, templates, schema and JSON, a row at a time. Arguments: CSV, folder."""

from __future__ import annotations

import csv
import functools
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import jsonschema
from jinja2 import StrictUndefined, Template
from jinja2.sandbox import ImmutableSandboxedEnvironment

from tests.benchmarks.baselines.labelling import ENDPOINT, LABELS, REQUESTS_IN_A_SHARD, body

_SCHEMA = Path(__file__).parents[3] / "schemas" / "requests.v1.schema.json"
_TEMPLATES = ImmutableSandboxedEnvironment(undefined=StrictUndefined)


def main(source: Path, folder: Path) -> None:
    """Writes the shards."""
    request_body = body()
    validator = jsonschema.Draft7Validator(line_schema())
    shard: list[str] = []
    shards = 0
    with open(source, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            rendered = render(request_body, row)
            digest = hashlib.sha256(json.dumps(rendered, sort_keys=True).encode()).hexdigest()
            custom_id = f"{row['id']}-{digest[:20]}"
            line = {"custom_id": custom_id, "method": "POST", "url": ENDPOINT, "body": rendered}
            validator.validate(line)
            shard.append(json.dumps(line))
            if len(shard) == REQUESTS_IN_A_SHARD:
                write(folder, shards, shard)
                shard, shards = [], shards + 1
    if shard:
        write(folder, shards, shard)


def render(node: Any, row: dict[str, str]) -> Any:
    """The body with every text in it rendered."""
    if isinstance(node, dict):
        return {key: render(value, row) for key, value in node.items()}
    if isinstance(node, list):
        return [render(value, row) for value in node]
    if isinstance(node, str):
        return template(node).render(row=row, vars={"labels": LABELS})
    return node


@functools.cache
def template(source: str) -> Template:
    """A template, compiled once."""
    return _TEMPLATES.from_string(source)


def line_schema() -> dict[str, Any]:
    """What a line must be, its body that of batchctl's published schema."""
    return {
        "type": "object", "required": ["custom_id", "method", "url", "body"],
        "properties": {
            "custom_id": {"type": "string", "pattern": "^[A-Za-z0-9_-]+$", "maxLength": 64},
            "method": {"const": "POST"}, "url": {"const": ENDPOINT}, "body": {"$ref": "#/definitions/chat"},
        },
        "definitions": json.loads(_SCHEMA.read_text(encoding="utf-8"))["definitions"],
    }  # fmt: skip


def write(folder: Path, number: int, lines: list[str]) -> None:
    """One shard."""
    content = "\n".join(lines) + "\n"
    folder.joinpath(f"{number:03}.jsonl").write_text(content, encoding="utf-8")
    print(hashlib.sha256(content.encode()).hexdigest())


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
