"""What a provider shows of its batches and files, as plain data without the quirks of its dialect."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from batchctl.words.dialects import ENDED, parse_window
from batchctl.words.usage import Usage

#: Keys of the tag that a batch made by batchctl carries in its metadata.
TAG_JOB = "batchctl_job"
TAG_SHARD = "batchctl_shard"
TAG_ATTEMPT = "batchctl_attempt"

#: As many of a batch's errors are told; the others are counted.
_TOLD = 5


@dataclass(frozen=True, slots=True)
class Coordinates:
    """Where a batch lives: enough to find it again when the manifest has moved on. Holds no secret, only the
    name of the variable that has the key.

    `name` is the provider as the manifest names it; `upstream` is for the local server alone.
    """

    name: str
    dialect: str
    base_url: str | None = None
    api_key_env: str | None = None
    organization: str | None = None
    project: str | None = None
    upstream: str | None = None

    def is_same_server(self, other: Coordinates) -> bool:
        """Whether one id means one batch at both, whatever they are called and whichever key opens them."""
        return (self.dialect, self.base_url, self.upstream) == (other.dialect, other.base_url, other.upstream)

    @property
    def scope(self) -> str:
        """Whose answers count for whom: what the local server answers counts only there, for one upstream."""
        return f"local:{self.upstream or 'echo'}" if self.dialect == "local" else ""


@dataclass(frozen=True, slots=True)
class FromEnvironment:
    """A header's value that is read from a variable when it is sent, after `prefix`; it stands in no file."""

    variable: str
    prefix: str = ""


HeaderValue = str | FromEnvironment

#: A value of a batch's metadata; lists are taken by dialects that say so.
MetadataValue = str | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tag:
    """Whose a batch is: which job, which shard (64 hex digits), and at which attempt (from 1)."""

    job: str
    shard: str
    attempt: int

    def as_metadata(self) -> dict[str, str]:
        return {TAG_JOB: self.job, TAG_SHARD: self.shard, TAG_ATTEMPT: str(self.attempt)}

    def filename(self) -> str:
        return f"batchctl-{self.job}-{self.shard}-{self.attempt}.jsonl"


@dataclass(frozen=True, slots=True)
class Counts:
    """`request_counts` as the provider reports them; not to be trusted for accounting."""

    total: int = 0
    completed: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class BatchError:
    """One entry of a batch's `errors`, whatever form it came in. `line` counts from 1."""

    code: str | None
    message: str
    line: int | None = None

    def __str__(self) -> str:
        place = f"line {self.line}: " if self.line is not None else ""
        code = f" ({self.code})" if self.code and self.code not in self.message else ""
        return f"{place}{self.message}{code}"


@dataclass(frozen=True, slots=True)
class RemoteBatch:
    """A batch as observed. Empty strings and absent fields are None; times are Unix seconds, `since` that at which it
    came into its status."""

    id: str
    status: str
    input_file_id: str | None = None
    output_file_id: str | None = None
    error_file_id: str | None = None
    endpoint: str | None = None
    completion_window: str | None = None
    created_at: int | None = None
    since: int | None = None
    expires_at: int | None = None
    ended_at: int | None = None
    counts: Counts | None = None
    usage: Usage | None = None
    errors: tuple[BatchError, ...] = ()
    tag: Tag | None = None
    metadata: tuple[tuple[str, str], ...] = ()

    @property
    def ended(self) -> bool:
        """An unknown status means that the batch has not ended."""
        return self.status in ENDED

    @property
    def due_at(self) -> int | None:
        """When its window ends."""
        window = parse_window(self.completion_window or "")
        if self.expires_at is not None or self.created_at is None or window is None:
            return self.expires_at
        return self.created_at + window

    def complaints(self) -> Iterator[str]:
        """What it says of its own errors, in sentences: for screens alone, as they may quote what the rows say."""
        for error in self.errors[:_TOLD]:
            yield f"{self.id}: {error}"
        if len(self.errors) > _TOLD:
            yield f"{self.id}: and {len(self.errors) - _TOLD:,} more errors"


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file at the provider."""

    id: str
    filename: str
    bytes: int | None = None
    created_at: int | None = None
    purpose: str | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """What one look at a provider showed.

    `batches` are all those that matter here, newest first; `listed` is False where the list could not be read
    (`why` then says so), and nothing may be created; `away`: as the provider is down, which may pass.
    """

    batches: tuple[RemoteBatch, ...] = ()
    listed: bool = True
    why: str = ""
    away: bool = False
