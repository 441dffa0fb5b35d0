"""The job of `baselines/labelling.py` as a manifest."""

from __future__ import annotations

import json
from pathlib import Path

from tests.benchmarks.baselines import labelling


def write_manifest(path: Path, reviews: Path, provider: str = "openai") -> Path:
    """Writes the manifest over these rows; JSON is YAML. Returns its path."""
    body = labelling.body()
    system, user = (message["content"] for message in body.pop("messages"))
    path.write_text(json.dumps({
        "version": 1, "name": "labelling", "provider": provider, "model": body.pop("model"),
        "endpoint": labelling.ENDPOINT, "completion_window": "24h", "vars": {"labels": list(labelling.LABELS)},
        "inputs": [{"path": str(reviews), "key": "{{ row.id }}"}], "prompt": {"system": system, "user": user},
        "body": body, "sinks": [{"path": "answers.csv"}],
    }), encoding="utf-8")  # fmt: skip
    return path
