"""Jobs for tests, made by hand as the manifest's parser would make them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from batchctl.desired.job import Input, Job, Provider, Template
from batchctl.words.diagnostics import Span
from batchctl.words.dialects import OPENAI, BodyKind, Dialect
from batchctl.words.remote import Coordinates

ENDPOINTS: dict[str, str] = {
    "chat": "/v1/chat/completions",
    "embeddings": "/v1/embeddings",
    "completions": "/v1/completions",
    "responses": "/v1/responses",
    "other": "/v1/videos",
}


def template(source: str, line: int = 10) -> Template:
    """A template as a block scalar that starts at a line of job.yaml."""
    return Template(source, Span("job.yaml", line, 5), line_offsets=True)


def body_of(node: Any) -> Any:
    """Plain values with every string that has a brace as a template."""
    if isinstance(node, str):
        return template(node) if "{" in node else node
    if isinstance(node, dict):
        return {key: body_of(inner) for key, inner in node.items()}
    if isinstance(node, (list, tuple)):
        return tuple(body_of(inner) for inner in node)
    return node


def chat(*contents: str, **more: Any) -> dict[str, Any]:
    """A chat body: a system message if there are two contents, and a user message."""
    roles = ("system", "user") if len(contents) == 2 else ("user",)
    messages = [{"role": role, "content": content} for role, content in zip(roles, contents, strict=True)]
    return {"model": "m-1", "messages": messages, **more}


def rows_input(
    *rows: Mapping[str, Any], key: str | None = None, where: str | None = None, limit: int | None = None
) -> Input:
    return Input(
        Span("job.yaml", 5),
        rows=rows,
        limit=limit,
        key=template(key, 7) if key else None,
        where=template(where, 8) if where else None,
    )


def file_input(path: str, *, key: str | None = None, where: str | None = None, **more: Any) -> Input:
    return Input(
        Span("job.yaml", 5),
        path=path,
        key=template(key, 7) if key else None,
        where=template(where, 8) if where else None,
        **more,
    )


def job(
    folder: Path,
    *inputs: Input,
    body: Any = None,
    kind: BodyKind = "chat",
    dialect: Dialect = OPENAI,
    root: Path | None = None,
    **more: Any,
) -> Job:
    """A job in `folder`; without `body` each row's `text` is the user message."""
    content: Sequence[str] = ("{{ row.text }}",)
    return Job(
        name="test",
        manifest=folder / "job.yaml",
        root=root or folder,
        provider=Provider(Coordinates(dialect.name, dialect.name, dialect.base_url), dialect),
        model="m-1",
        endpoint=ENDPOINTS[kind],
        body_kind=kind,
        completion_window="24h",
        inputs=inputs,
        body=body_of(chat(*content) if body is None else body),
        sinks=(),
        span=Span("job.yaml", 1),
        **more,
    )
