"""What the lockfile holds, as values: jobs, their batches and the sinks that were written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from batchctl.words.digest import DIGEST_VERSION
from batchctl.words.remote import Coordinates, RemoteBatch, Tag
from batchctl.words.usage import Usage

Origin = Literal["created", "adopted", "imported"]

#: `results` of a batch whose files were gone before they could be fetched.
GONE = "gone"


@dataclass(frozen=True, slots=True)
class BatchRecord:
    """One batch. Without `batch_id` it is an intent: it may have been made, and nobody knows yet.

    `revision` is the job's when the batch was made, or taken in; None where nobody knows. `status`, `error_code`,
    `results` and the tallies are set once, when the batch has ended and its files are
    fetched: `results` is the digest of its outcomes, or "gone". `superseded` marks a batch that was made twice,
    by accident, and was cancelled in favour of an older one, or that was given up as lost: only its answers count,
    not its failures. `model` is that of its requests where it is known. `input_tokens` and the others are what the
    answers say they used, all of them; None where nobody counted.
    `answer_schema` is the digest of the schema that its answers were checked against when its results were taken in;
    None where there was none.
    """

    shard: str
    attempt: int
    requests: int
    provider: Coordinates
    origin: Origin = "created"
    input_file_id: str | None = None
    batch_id: str | None = None
    created_at: int | None = None
    ended_at: int | None = None
    status: str | None = None
    error_code: str | None = None
    output_file_id: str | None = None
    error_file_id: str | None = None
    ok: int | None = None
    results: str | None = None
    answer_schema: str | None = None
    superseded: bool = False
    revision: int | None = None
    model: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_intent(self) -> bool:
        return self.batch_id is None

    @property
    def is_settled(self) -> bool:
        """Its end, and what it answered, are recorded."""
        return self.results is not None

    @property
    def is_lost(self) -> bool:
        """It has ended, and nothing that it answered can be had any more."""
        return self.results == GONE and not self.ok

    @property
    def is_ours(self) -> bool:
        """May be cancelled: this lockfile recorded creating it, or the user imported it."""
        return self.origin != "adopted"

    @property
    def usage(self) -> Usage | None:
        """What its answers used; None where nobody counted."""
        if self.input_tokens is None:
            return None
        return Usage(self.input_tokens, self.output_tokens or 0, self.cached_tokens or 0, self.reasoning_tokens or 0)

    def with_usage(self, usage: Usage | None) -> BatchRecord:
        """The record with what its answers used, where that was counted."""
        if usage is None:
            return self
        return replace(self, input_tokens=usage.input_tokens, output_tokens=usage.output_tokens,
                       cached_tokens=usage.cached_tokens or None, reasoning_tokens=usage.reasoning_tokens or None)

    def is_another(self, shown: RemoteBatch) -> bool:
        """Whether a batch with this one's id is another one: a server that lost its data may use its ids again. Neither
        the time nor the file alone tells, as gateways write both in their own way."""
        return (None not in (self.created_at, shown.created_at, self.input_file_id, shown.input_file_id)
                and self.created_at != shown.created_at and self.input_file_id != shown.input_file_id)

    def tag(self, job: str) -> Tag:
        return Tag(job=job, shard=self.shard, attempt=self.attempt)


@dataclass(frozen=True, slots=True)
class SinkRecord:
    """The content digest of a sink as it was written, and the digest of all that it was made from."""

    digest: str
    made_from: str
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class JobRecord:
    """What is recorded of one job, in the order in which its batches were begun."""

    batches: tuple[BatchRecord, ...] = ()
    sinks: Mapping[str, SinkRecord] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)

    def with_batch(self, record: BatchRecord) -> JobRecord:
        return replace(self, batches=(*self.batches, record))

    def with_replaced(self, old: BatchRecord, new: BatchRecord | None) -> JobRecord:
        """`old` becomes `new`, or goes where `new` is None. Raises ValueError when `old` is not recorded."""
        at = self.batches.index(old)
        middle = () if new is None else (new,)
        return replace(self, batches=(*self.batches[:at], *middle, *self.batches[at + 1 :]))

    def with_sink(self, path: str, record: SinkRecord) -> JobRecord:
        return replace(self, sinks={**self.sinks, path: record})

    def find(self, batch_id: str) -> BatchRecord | None:
        return next((record for record in self.batches if record.batch_id == batch_id), None)


@dataclass(frozen=True, slots=True)
class Recorded:
    """The content of a lockfile."""

    jobs: Mapping[str, JobRecord] = field(default_factory=dict)
    digest_version: int = DIGEST_VERSION
    extra: Mapping[str, Any] = field(default_factory=dict)

    def job(self, name: str) -> JobRecord:
        return self.jobs.get(name, JobRecord())

    def with_job(self, name: str, record: JobRecord | None) -> Recorded:
        """Sets a job's record, or forgets the job where `record` is None or empty."""
        jobs = {other: kept for other, kept in self.jobs.items() if other != name}
        if record is not None and (record.batches or record.sinks or record.extra):
            jobs[name] = record
        return replace(self, jobs=jobs)
