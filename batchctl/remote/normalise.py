"""A provider's JSON as plain data, whatever form it came in: no absence, type or spelling raises here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from batchctl.words.dialects import STATUS_ALIASES
from batchctl.words.remote import (
    TAG_ATTEMPT,
    TAG_JOB,
    TAG_SHARD,
    BatchError,
    Counts,
    RemoteBatch,
    RemoteFile,
    Tag,
)
from batchctl.words.usage import usage_of

_SHARD = re.compile(r"[0-9a-f]{64}")
_ATTEMPT = re.compile(r"[1-9][0-9]{0,5}")
#: Statuses in which a batch begins.
_FIRST = frozenset({"validating", "queued"})
_ENDS = ("completed_at", "failed_at", "expired_at", "cancelled_at")


def batch(raw: Any) -> RemoteBatch | None:
    """A batch object, or None when it has no id."""
    if not isinstance(raw, Mapping) or not (identity := _text(raw.get("id"))):
        return None
    metadata = raw.get("metadata")
    pairs = tuple(sorted((str(key), str(value)) for key, value in metadata.items())) if isinstance(
        metadata, Mapping) else ()
    now = status(raw.get("status"))
    return RemoteBatch(
        id=identity, status=now,
        input_file_id=_text(raw.get("input_file_id")), output_file_id=_text(raw.get("output_file_id")),
        error_file_id=_text(raw.get("error_file_id")), endpoint=_text(raw.get("endpoint")),
        completion_window=_text(raw.get("completion_window")), created_at=_integer(raw.get("created_at")),
        since=_integer(raw.get("created_at" if now in _FIRST else f"{now}_at")),
        expires_at=_integer(raw.get("expires_at")),
        ended_at=next((at for name in _ENDS if (at := _integer(raw.get(name)))), None),
        counts=_counts(raw.get("request_counts")), usage=usage_of(raw.get("usage")), errors=errors(raw.get("errors")),
        tag=tag_in(dict(pairs)), metadata=pairs,
    )


def file(raw: Any) -> RemoteFile | None:
    """A file object, or None when it has no id."""
    if not isinstance(raw, Mapping) or not (identity := _text(raw.get("id"))):
        return None
    return RemoteFile(
        id=identity, filename=_text(raw.get("filename")) or "", bytes=_integer(raw.get("bytes")),
        created_at=_integer(raw.get("created_at")), purpose=_text(raw.get("purpose")),
    )


def status(raw: Any) -> str:
    """The status in lower case, with known misspellings put right; anything else as it came."""
    text = str(raw or "unknown").lower()
    return STATUS_ALIASES.get(text, text)


def errors(raw: Any) -> tuple[BatchError, ...]:
    """`errors` as null, a string, a list, an object with `data`, or an object that is one error itself."""
    if isinstance(raw, str):
        return (BatchError(None, raw),) if raw else ()
    if isinstance(raw, Mapping):
        inner = raw.get("data", raw.get("errors"))
        if isinstance(inner, list | str):
            return errors(inner)
        one = inner if isinstance(inner, Mapping) else raw
        return (_error(one),) if one.get("message") or one.get("code") else ()
    if isinstance(raw, list):
        return tuple(_error(entry) if isinstance(entry, Mapping) else BatchError(None, str(entry)) for entry in raw)
    return ()


def tag_in(metadata: Mapping[str, str]) -> Tag | None:
    """The tag that batchctl put into a batch's metadata."""
    return _tag(metadata.get(TAG_JOB, ""), metadata.get(TAG_SHARD, ""), metadata.get(TAG_ATTEMPT, ""))


def tag_of_filename(name: str) -> Tag | None:
    """The tag in the name of an uploaded file: `batchctl-<job>-<64 hex>-<attempt>.jsonl`."""
    stem, dot, suffix = name.rpartition(".")
    parts = stem.rsplit("-", 2)
    if not dot or suffix != "jsonl" or len(parts) != 3 or not parts[0].startswith("batchctl-"):
        return None
    return _tag(parts[0].removeprefix("batchctl-"), parts[1], parts[2])


def _tag(job: str, shard: str, attempt: str) -> Tag | None:
    """Anyone may write metadata and file names; a tag that batchctl cannot have made is none."""
    if not job or not _SHARD.fullmatch(shard) or not _ATTEMPT.fullmatch(attempt):
        return None
    return Tag(job, shard, int(attempt))


def _error(raw: Mapping[str, Any]) -> BatchError:
    code = _text(raw.get("code")) or _text(raw.get("type"))
    return BatchError(code, str(raw.get("message") or code or raw), _integer(raw.get("line")))


def _counts(raw: Any) -> Counts | None:
    if not isinstance(raw, Mapping):
        return None
    return Counts(*(max(0, _integer(raw.get(name)) or 0) for name in ("total", "completed", "failed")))


def _text(raw: Any) -> str | None:
    return raw if isinstance(raw, str) and raw else None


def _integer(raw: Any) -> int | None:
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        return None
    return int(raw) if raw == raw and abs(raw) < 1 << 53 else None
