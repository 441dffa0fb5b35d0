"""Turns a batch file into a manifest and rows whose requests have the same bodies.

Requests with the same set of parameters are one job: its manifest says what they share, and each has a row with what is
its own. A parameter that only some requests have cannot be left out by a template, so these are a job of their own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

from batchctl.desired.converted.batch_file import BatchFile
from batchctl.desired.converted.columns import CUSTOM_ID, columns
from batchctl.desired.converted.manifest_text import Constants, Written, section
from batchctl.desired.converted.prompts import prompt_of
from batchctl.desired.converted.shapes import VARIES, Path, at, differences, merged, settled
from batchctl.words.dialects import LOCAL
from batchctl.words.errors import InvalidInput

Keys = frozenset[str]

#: Jobs that one file may become.
MAX_JOBS = 100

MANIFEST = "job.yaml"


@dataclass(frozen=True, slots=True)
class Converted:
    """The files to write, by name and in order, each as pieces that are made when they are asked for."""

    files: Mapping[str, Callable[[], Iterator[bytes]]]
    requests: int
    jobs: int


def convert(path: FilePath, schema_url: str) -> Converted:
    """Raises InvalidInput with every line that cannot be taken, and StateError for a file that cannot be read."""
    source = BatchFile(path, str(path))
    source.check()
    shapes: dict[Keys, Any] = {}
    requests, url = 0, ""
    for line in source.lines():
        keys = frozenset(line.body)
        if keys not in shapes and len(shapes) == MAX_JOBS:
            raise _too_many(source, line.number)
        shapes[keys] = merged(shapes[keys], line.body) if keys in shapes else line.body
        requests, url = requests + 1, line.url
    jobs = [_Job(source, keys, _body_shape(shape), url, number)
            for number, (keys, shape) in enumerate(shapes.items(), 1)]
    head = (f"# yaml-language-server: $schema={schema_url}\n#\n# Made of {_in_comment(path.name)} by "
            "`batchctl init --from`: each of its requests is a row, and asks the same as before.\n")
    manifest = head + "---\n".join(job.manifest(alone=len(jobs) == 1) for job in jobs)
    return Converted({MANIFEST: lambda: iter([manifest.encode()])} | {job.rows_file: job.rows for job in jobs},
                     requests, len(jobs))


class _Job:
    """One job of the manifest: the requests that have the same parameters."""

    def __init__(self, source: BatchFile, keys: Keys, shape: dict[str, Any], url: str, number: int) -> None:
        self._source = source
        self._keys = keys
        self._shape = shape
        self._url = url
        self._columns = columns(shape, differences(shape))
        stem = _slug(source.path.name.split(".")[0])
        self.name = stem if number == 1 else f"{stem}-{number}"
        self.rows_file = "rows.jsonl" if number == 1 else f"rows-{number}.jsonl"

    def manifest(self, *, alone: bool) -> str:
        """The document."""
        constants = Constants()
        body = {key: constants.literal(_with_templates(self._shape[key], (key,), self._columns), key)
                for key in self._shape if key != "model"}
        kind = LOCAL.body_kind(self._url)
        prompt, rest = prompt_of(kind or "other", body)
        about = "" if alone else f"# The requests with {', '.join(map(_in_comment, sorted(self._keys)))}.\n"
        provider: Any = "local" if kind else {"dialect": "local", "endpoints": [self._url]}
        parts = [
            {"version": 1, "name": self.name},
            {"provider": provider},
            {"model": self._shape["model"], "endpoint": self._url, "completion_window": "24h"},
            {"vars": constants.named},
            {"inputs": [{"path": self.rows_file, "key": Written("{{ row.custom_id }}")}]},
            {"prompt": prompt}, {"body": rest},
            {"sinks": [{"path": f"out/{self.name}.jsonl", "fields": _fields(kind)}]},
        ]
        texts = [section(part) for part in parts if any(part.values())]
        texts[1] = _PROVIDER_NOTE + texts[1]
        return about + "".join(texts[:3]) + "".join("\n" + text for text in texts[3:])

    def rows(self) -> Iterator[bytes]:
        """The lines of its rows, read from the file once more."""
        for line in self._source.lines():
            if line.body.keys() == self._keys:
                row = {CUSTOM_ID: line.custom_id} | {
                    name: at(line.body, place) for place, name in self._columns.items()}
                yield json.dumps(row, ensure_ascii=False).encode() + b"\n"


def _in_comment(text: str) -> str:
    return text if text.isprintable() else ascii(text)


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40].strip("-") or "requests"


_PROVIDER_NOTE = "# `local` answers with an echo, and costs nothing; groq, cerebras, openai or portkey take a key.\n"


def _fields(kind: str | None) -> dict[str, str]:
    said = {"chat": "text", "responses": "text", "completions": "text", "audio": "text",
            "embeddings": "response.body.data[0].embedding"}.get(kind or "", "response.body")
    return {"custom_id": Written("{{ row.custom_id }}"), said.rpartition(".")[2]: Written(f"{{{{ {said} }}}}"),
            "error": Written("{{ error.message }}")}


def _body_shape(shape: dict[str, Any]) -> dict[str, Any]:
    """The body itself stays: only what is in it can be a template."""
    return {key: settled(inner) for key, inner in shape.items()}


def _with_templates(shape: Any, path: Path, named: Mapping[Path, str]) -> Any:
    if shape is VARIES:
        return Written(f"{{{{ row.{named[path]} }}}}")
    if isinstance(shape, dict):
        return {key: _with_templates(inner, (*path, key), named) for key, inner in shape.items()}
    if isinstance(shape, list):
        return [_with_templates(inner, (*path, at), named) for at, inner in enumerate(shape)]
    return shape


def _too_many(source: BatchFile, number: int) -> InvalidInput:
    return InvalidInput([source.finding(
        "too-many-jobs", number, f"this is the {MAX_JOBS + 1}st set of parameters, each of which would be a job",
        "split the file, and convert each part")])
