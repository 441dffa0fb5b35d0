"""Where the JSON Schemas are: in the package once it is installed, beside it in a work tree."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

_PACKAGE = Path(__file__).resolve().parents[2]


def schema_path(name: str) -> Path:
    """The file of a published schema such as `job.v1.schema.json`. Raises FileNotFoundError."""
    for folder in (_PACKAGE / "schemas", _PACKAGE.parent / "schemas"):
        if (folder / name).is_file():
            return folder / name
    raise FileNotFoundError(f"the schema {name} is not part of this installation")


@cache
def job_schema() -> dict[str, Any]:
    """The schema of one manifest document. The caller must not change it."""
    schema: dict[str, Any] = json.loads(schema_path("job.v1.schema.json").read_bytes())
    return schema
