"""The lockfile's text: recorded values to JSON and back, with every mistake named where it stands."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import orjson

from batchctl.recorded.records import BatchRecord, JobRecord, Recorded, SinkRecord
from batchctl.words.diagnostics import Diagnostic, Span
from batchctl.words.digest import DIGEST_VERSION
from batchctl.words.errors import StateError
from batchctl.words.remote import Coordinates

VERSION = 1
NOTE = "Maintained by batchctl. Do not edit; see `batchctl lock --help`."

#: With these orjson gives the bytes that `json` gives below (a test compares them), in a seventh of the time: all of a
#: lockfile is written three times for each batch that is made.
_AS_JSON_DOES = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE

#: The fields of each kind of record that this version knows.
_NAMES = {kind: tuple(field.name for field in fields(kind) if field.name != "extra")
          for kind in (BatchRecord, SinkRecord, Coordinates)}

_CONFLICT = re.compile(r"^(<{7}|={7}|>{7}|\|{7})( |$)", re.MULTILINE)
_TOKENS = ("input_tokens", "output_tokens", "cached_tokens", "reasoning_tokens")
_URL = re.compile(r"https?://[^/\s]")


class LockfileInvalid(StateError):
    """A lockfile that cannot be understood; it is never overwritten."""

    code = "lockfile"

    def __init__(self, finding: Diagnostic) -> None:
        super().__init__(str(finding), notes=finding.notes)
        self.finding = finding

    def diagnostics(self) -> tuple[Diagnostic, ...]:
        return (self.finding,)


def encode(recorded: Recorded) -> bytes:
    """The lockfile's bytes: sorted keys, two spaces, LF, one contiguous block a batch, a newline at the end.
    Lone surrogates in fields that nobody here knows become JSON escapes again."""
    document = {
        **recorded.extra,
        "//": NOTE,
        "version": VERSION,
        "digest_version": recorded.digest_version,
        "jobs": {name: _encode_job(job) for name, job in recorded.jobs.items()},
    }
    if not _has_unknown(recorded):
        try:
            return orjson.dumps(document, option=_AS_JSON_DOES)
        except TypeError:  # a lone surrogate, or an integer of more than 64 bits
            pass
    return (json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode(errors="backslashreplace")


def _has_unknown(recorded: Recorded) -> bool:
    """Whether there are fields that nobody here knows: some numbers in them the two encoders write differently."""
    return bool(recorded.extra) or any(
        job.extra or any(batch.extra for batch in job.batches) or any(sink.extra for sink in job.sinks.values())
        for job in recorded.jobs.values())


def decode(data: bytes, file: str) -> Recorded:
    """The recorded values in a lockfile's bytes. Raises LockfileInvalid, naming `file` and the line."""
    text = _text(data, file)
    try:
        document = json.loads(text, object_pairs_hook=_unique_pairs)
    except json.JSONDecodeError as error:
        raise _invalid(file, f"is not JSON: {error.msg}", text, error.lineno, error.colno) from None
    except (ValueError, RecursionError) as error:
        raise _invalid(file, f"is not usable: {error}", text) from None
    try:
        return _decode_document(document)
    except _Wrong as wrong:
        raise _invalid(file, str(wrong), text) from None


class _Wrong(Exception):
    """Where and how a document differs from a lockfile."""


def _text(data: bytes, file: str) -> str:
    if not data.strip():
        raise _invalid(file, "is empty", "")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _invalid(file, f"is not UTF-8 (byte {error.start})", "") from None
    if conflict := _CONFLICT.search(text):
        line = text.count("\n", 0, conflict.start()) + 1
        raise _invalid(file, "holds a merge conflict; keep both sides' batches, or take either side: what it lacks is "
                             "found again at the provider", text, line)
    return text


def _invalid(file: str, what: str, text: str, line: int = 1, column: int = 1) -> LockfileInvalid:
    lines = text.split("\n")
    source = lines[line - 1][:200] if 0 < line <= len(lines) else None
    return LockfileInvalid(Diagnostic(
        code="lockfile", message=f"the lockfile {what}", span=Span(file, line, column), source=source or None,
        notes=("Nothing was changed. Restore the file from version control, or delete it: "
               "batches are found again by their tags.",),
    ))


def _unique_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f'the key "{twice}" stands twice in one block')
    return made


def _encode_job(job: JobRecord) -> dict[str, Any]:
    return {
        **job.extra,
        "batches": [_encode_fields(batch) for batch in job.batches],
        "sinks": {path: _encode_fields(sink) for path, sink in job.sinks.items()},
    }


def _encode_fields(record: BatchRecord | SinkRecord | Coordinates) -> dict[str, Any]:
    """Every field that says something: what is None or False is left out."""
    made: dict[str, Any] = dict(getattr(record, "extra", {}))
    for name in _NAMES[type(record)]:
        value = getattr(record, name)
        if value is not None and value is not False:
            made[name] = _encode_fields(value) if isinstance(value, Coordinates) else value
    return made


def _decode_document(document: Any) -> Recorded:
    top = _Block(document, "the file")
    version = top.take("version", int)
    if version > VERSION:
        raise _Wrong(f"has version {version}; this batchctl reads up to {VERSION}: use a newer batchctl")
    if version < 1:
        raise _Wrong(f"has version {version}, which never was")
    digest_version = top.take("digest_version", int)
    if digest_version < 1:
        raise _Wrong(f"names requests in digest version {digest_version}, which never was")
    if digest_version > DIGEST_VERSION:
        raise _Wrong(f"names requests in digest version {digest_version}: use a newer batchctl")
    jobs = top.take("jobs", dict)
    top.drop("//")
    return Recorded(
        jobs={name: _decode_job(block, f'job "{name}"') for name, block in jobs.items()},
        digest_version=digest_version, extra=top.rest(),
    )


def _decode_job(value: Any, where: str) -> JobRecord:
    block = _Block(value, where)
    batches = block.take("batches", list, [])
    sinks = block.take("sinks", dict, {})
    return JobRecord(
        batches=tuple(_decode_batch(entry, f"batch {at} of {where}") for at, entry in enumerate(batches, 1)),
        sinks={path: _decode_sink(entry, f'sink "{path}" of {where}') for path, entry in sinks.items()},
        extra=block.rest(),
    )


def _decode_sink(value: Any, where: str) -> SinkRecord:
    block = _Block(value, where)
    return SinkRecord(
        digest=block.take("digest", str), made_from=block.take("made_from", str), extra=block.rest(),
    )


def _decode_batch(value: Any, where: str) -> BatchRecord:
    block = _Block(value, where)
    origin = block.take("origin", str, "created")
    if origin not in ("created", "adopted", "imported"):
        raise _Wrong(f'has the origin "{origin}" in {where}')
    shard = block.take("shard", str)
    if not re.fullmatch(r"[0-9a-f]{64}", shard):
        raise _Wrong(f"has a shard that is not 64 hex digits in {where}")
    provider = _decode_coordinates(block.take("provider", dict), f"the provider of {where}")
    record = BatchRecord(
        shard=shard, attempt=block.take("attempt", int), requests=block.take("requests", int), provider=provider,
        origin=origin, superseded=block.take("superseded", bool, False),
        **{name: block.take(name, str, None) for name in (
            "input_file_id", "batch_id", "status", "error_code", "output_file_id", "error_file_id", "results",
            "model", "answer_schema")},
        **{name: block.take(name, int, None) for name in ("created_at", "ended_at", "ok", "revision", *_TOKENS)},
        extra=block.rest(),
    )
    if record.attempt < 1 or record.requests < 0:
        raise _Wrong(f"has an impossible attempt or number of requests in {where}")
    if any((getattr(record, name) or 0) < 0 for name in _TOKENS):
        raise _Wrong(f"has an impossible number of tokens in {where}")
    return record


def _decode_coordinates(value: Any, where: str) -> Coordinates:
    block = _Block(value, where)
    made = Coordinates(
        name=block.take("name", str), dialect=block.take("dialect", str),
        **{name: block.take(name, str, None) for name in (
            "base_url", "api_key_env", "organization", "project", "upstream")},
    )
    if unknown := sorted(block.rest()):
        raise _Wrong(f'has the unknown key "{unknown[0]}" in {where}; a newer batchctl may have written it')
    if made.base_url is not None and not _URL.match(made.base_url):
        raise _Wrong(f"has a base_url that is no http or https URL in {where}")
    return made


class _Block:
    """One JSON object that is read key by key; what nobody took is kept for the next writing."""

    _MISSING = object()

    def __init__(self, value: Any, where: str) -> None:
        if not isinstance(value, dict):
            raise _Wrong(f"should have an object at {where}")
        self._left: dict[str, Any] = dict(value)
        self._where = where

    def take(self, key: str, kind: type, default: Any = _MISSING) -> Any:
        value = self._left.pop(key, default)
        if value is self._MISSING:
            raise _Wrong(f'lacks "{key}" in {self._where}')
        wrong_bool = isinstance(value, bool) and kind is not bool
        if value is not default and (wrong_bool or not isinstance(value, kind)):
            raise _Wrong(f'has a wrong kind of value for "{key}" in {self._where}')
        return value

    def drop(self, key: str) -> None:
        self._left.pop(key, None)

    def rest(self) -> Mapping[str, Any]:
        return self._left
