"""A job as the manifest declares it: checked, resolved, and free of YAML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from batchctl.words.diagnostics import Span
from batchctl.words.dialects import BodyKind, Dialect
from batchctl.words.prices import Price
from batchctl.words.remote import Coordinates, HeaderValue, MetadataValue

InputFormat = Literal[
    "csv", "jsonl", "json", "parquet", "excel", "sqlite", "duckdb", "text", "image", "file"
]
SinkFormat = Literal["csv", "jsonl", "parquet"]
RecordChoice = Literal["ok", "failed", "all"]
RetryReason = Literal["expired", "rate_limit", "server_error", "timeout", "missing", "invalid_output", "cancelled"]

DEFAULT_RETRY_REASONS: tuple[RetryReason, ...] = ("expired", "rate_limit", "server_error", "timeout", "missing")


@dataclass(frozen=True, slots=True)
class Source:
    """A text in another language, and where its first line stands, so that an error can name the right line.

    `line_offsets` is True where line n of the source is line `origin.line + n - 1` of `origin.file` (block
    scalars and template files); else every error points at `origin` itself.
    """

    source: str
    origin: Span
    line_offsets: bool = False

    def place(self, line: int) -> Span:
        """Where line `line` (from 1) stands in its file."""
        origin = self.origin
        if not self.line_offsets:
            return origin
        lines = self.source.splitlines() or [""]
        source = lines[min(max(line, 1), len(lines)) - 1]
        indent = len(source) - len(source.lstrip())
        # A block scalar has lost the indentation of its manifest, which is that of its first line.
        text = " " * (origin.column - 1) + source
        return Span(origin.file, origin.line + line - 1, origin.column + indent, max(len(source.strip()), 1), text)


@dataclass(frozen=True, slots=True)
class Template(Source):
    """Jinja source."""


@dataclass(frozen=True, slots=True)
class Sql(Source):
    """A query. It may name the job's `vars` as `$name`."""


#: A JSON value in which any string may be a Template: the shape of a request body.
BodyNode = None | bool | int | float | str | Template | tuple["BodyNode", ...] | Mapping[str, "BodyNode"]


@dataclass(frozen=True, slots=True)
class QueryTable:
    """A name that a query may use, and the path or glob behind it as it is written."""

    name: str
    path: str
    span: Span


@dataclass(frozen=True, slots=True)
class Input:
    """One entry of `inputs`. Exactly one of `path` (as written, possibly a glob), `rows` and `tables` is set.

    `format` None means: from the suffix. `rows` are inline rows. Of a database, `table` or `sql` says which rows; of
    `tables`, `sql` does. Of a spreadsheet, `sheet` names one, or counts from 1; None is the first that is not hidden.
    """

    span: Span
    path: str | None = None
    rows: tuple[Mapping[str, Any], ...] | None = None
    format: InputFormat | None = None
    key: Template | None = None
    where: Template | None = None
    limit: int | None = None
    table: str | None = None
    sql: Sql | None = None
    tables: tuple[QueryTable, ...] = ()
    sheet: str | int | None = None

    @property
    def paths(self) -> tuple[str, ...]:
        """All paths and globs that it reads, as they are written."""
        return (self.path,) if self.path is not None else tuple(table.path for table in self.tables)


@dataclass(frozen=True, slots=True)
class Provider:
    """Where the job's batches are made. `headers` are sent with every call."""

    where: Coordinates
    dialect: Dialect
    headers: tuple[tuple[str, HeaderValue], ...] = ()
    upstream_api_key_env: str | None = None
    concurrency: int = 8


@dataclass(frozen=True, slots=True)
class BatchSettings:
    """How requests are packed into batches; None means: the dialect's own limit."""

    max_requests: int | None = None
    max_bytes: int | None = None
    max_enqueued_tokens: int | None = None
    output_expires_after: int | None = None
    metadata: tuple[tuple[str, MetadataValue], ...] = ()


@dataclass(frozen=True, slots=True)
class Retry:
    """Which requests are asked again, and how often in all."""

    max_attempts: int = 3
    reasons: tuple[RetryReason, ...] = DEFAULT_RETRY_REASONS


@dataclass(frozen=True, slots=True)
class Budget:
    """Ceilings over all attempts of a job's revision; `max_cost` in USD."""

    max_requests: int | None = None
    max_cost: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Sink:
    """One entry of `sinks`. `path` is as written; `target` is the file that it names."""

    path: str
    target: Path
    format: SinkFormat
    span: Span
    fields: tuple[tuple[str, BodyNode], ...] | None = None
    records: RecordChoice = "all"
    partial: bool = False
    formula_safe: bool = True


@dataclass(frozen=True, slots=True)
class Job:
    """One YAML document, resolved.

    `body` is the whole request body as a tree: `model`, what `prompt` makes, and `body` over it. `manifest` is
    the file it stands in, `root` the project folder that relative paths may not leave. `row_endpoint` gives the
    endpoint of each row's request, where that is not `endpoint`, which is always the batch's. `prices` are the
    manifest's own, by model. `answer_schema` is the JSON Schema that answers must match, as the
    body declares it.
    """

    name: str
    manifest: Path
    root: Path
    provider: Provider
    model: str
    endpoint: str
    body_kind: BodyKind
    completion_window: str
    inputs: tuple[Input, ...]
    body: Mapping[str, BodyNode]
    sinks: tuple[Sink, ...]
    row_endpoint: Template | None = None
    answer_schema: Mapping[str, Any] | None = None
    revision: int = 1
    vars: Mapping[str, Any] = field(default_factory=dict)
    batch: BatchSettings = BatchSettings()
    retry: Retry = Retry()
    budget: Budget = Budget()
    prices: Mapping[str, Price] = field(default_factory=dict)
    description: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    span: Span = field(default_factory=lambda: Span("", 1))

    @property
    def folder(self) -> Path:
        """The manifest's folder: relative paths start here."""
        return self.manifest.parent

    @property
    def lockfile(self) -> Path:
        """`job.yaml` has `job.lock.json` beside it."""
        return self.manifest.with_name(self.manifest.stem + ".lock.json")

    @property
    def store(self) -> Path:
        """The git-ignored folder for rendered shards and paid results."""
        return self.folder / ".batchctl"
