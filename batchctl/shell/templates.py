"""The jobs that `batchctl init` starts from: each is a folder of `examples/`, of which the package has a copy."""

from __future__ import annotations

import re
from pathlib import Path

#: The files of each, the manifest first. pyproject.toml puts the same into the package.
TEMPLATES: dict[str, tuple[str, ...]] = {
    "classify": ("job.yaml", "reviews.csv"),
    "extract": ("job.yaml", "orders.jsonl", "order.schema.json"),
    "embed": ("job.yaml", "passages.csv"),
    "transcribe": ("job.yaml", "recordings.csv"),
    "evaluate": ("job.yaml", "answers.jsonl"),
}

#: Where editors find the schema of manifests that do not lie beside it.
SCHEMA_URL = "https://raw.githubusercontent.com/batchctl/batchctl/main/schemas/job.v1.schema.json"

_PACKAGE = Path(__file__).resolve().parents[1]
_SCHEMA_LINE = re.compile(rb"\A(# yaml-language-server: \$schema=)\S+")


def template_files(name: str) -> dict[str, bytes]:
    """The files of a template, as a project of its own has them. Raises FileNotFoundError where the installation lacks
    them."""
    folder = next((found for found in (_PACKAGE / "templates" / name, _PACKAGE.parent / "examples" / name)
                   if (found / "job.yaml").is_file()), None)
    if folder is None:
        raise FileNotFoundError(f"the template {name} is not part of this installation")
    files = {file: (folder / file).read_bytes() for file in TEMPLATES[name]}
    manifest = _SCHEMA_LINE.sub(rb"\g<1>" + SCHEMA_URL.encode(), files["job.yaml"])
    return {**files, "job.yaml": manifest}
