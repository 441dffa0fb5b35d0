"""The job's smaller settings: endpoint, window, batch and retry, held against the dialect."""

from __future__ import annotations

from difflib import get_close_matches
from typing import cast

from batchctl.desired.job import BatchSettings, Retry, RetryReason, Template
from batchctl.desired.manifest.context import Context, is_text, items, number, section, text
from batchctl.desired.manifest.metadata import metadata
from batchctl.desired.manifest.tree import Mapping
from batchctl.desired.manifest.values import is_dynamic, template
from batchctl.words.dialects import DAY_S, LOCAL, BodyKind, Dialect, parse_window

DEFAULT_ENDPOINT = "/v1/chat/completions"
DEFAULT_WINDOW = "24h"


def endpoint(document: Mapping, dialect: Dialect | None, context: Context) -> tuple[str, BodyKind | None]:
    """The endpoint and the kind of its bodies; the kind is None where it cannot be told.

    A misspelt endpoint is reported, and taken for the one that was meant.
    """
    given = section(document, "endpoint")
    node = text(given, "batch") if given else text(document, "endpoint")
    if node is None and "endpoint" in document.entries:
        return DEFAULT_ENDPOINT, None
    path = node.text if node else DEFAULT_ENDPOINT
    kind = (dialect or LOCAL).body_kind(path)
    if is_dynamic(path):
        note = "where the provider takes several endpoints in one batch, write endpoint: {batch: PATH, row: TEMPLATE}"
        message = "the endpoint is not a template"
        context.findings.error("not-a-template", node, message, "write one path", notes=(note,))
    elif dialect is not None and kind is None:
        paths = [known for known, _ in dialect.endpoints]
        close = get_close_matches(path, paths, n=1, cutoff=0.8)
        label = f'did you mean "{close[0]}"?' if close else "the endpoints are: " + ", ".join(paths)
        note = "a path that the provider serves beside those of its dialect is named under provider.endpoints"
        message = f"the dialect {dialect.name} has no endpoint {path}"
        context.findings.error("unknown-endpoint", node, message, label, notes=(note,))
        kind = dialect.body_kind(close[0]) if close else None
    return path, kind


def row_endpoint(document: Mapping, dialect: Dialect | None, context: Context) -> Template | None:
    """The template that gives each request its endpoint, where the dialect lets them differ within a batch."""
    given = section(document, "endpoint")
    node = text(given, "row") if given else None
    if given is None or node is None:
        return None
    if dialect is not None and not dialect.mixed_endpoints:
        message = f"the dialect {dialect.name} takes one endpoint a batch"
        label = "write one path, and a job for each endpoint"
        context.findings.error("mixed-endpoints", given.key("row"), message, label)
    return template(node, context.source)


def window(document: Mapping, dialect: Dialect | None, context: Context) -> str:
    """The completion window, within what the dialect offers."""
    node = text(document, "completion_window")
    written = node.text if node else DEFAULT_WINDOW
    seconds = parse_window(written)
    if dialect is None or (node is None and "completion_window" in document.entries):
        return written
    shortest, longest = dialect.windows_s
    if written not in dialect.window_words and (seconds is None or not shortest <= seconds <= longest):
        allowed = _spoken(shortest) if shortest == longest else f"{_spoken(shortest)} to {_spoken(longest)}"
        allowed = " or ".join((allowed, *dialect.window_words))
        message = f"the dialect {dialect.name} has no completion window of {written}"
        at = node or document.key("provider")
        context.findings.error("out-of-range", at, message, f"write a completion_window of {allowed}")
    return written


def batch(document: Mapping, dialect: Dialect | None, context: Context) -> BatchSettings:
    """How requests are packed, never above what the provider takes."""
    given = section(document, "batch")
    if given is None:
        return BatchSettings()
    settings = BatchSettings(
        number(given, "max_requests"), number(given, "max_bytes"), number(given, "max_enqueued_tokens"),
        number(given, "output_expires_after"), metadata(given, dialect, context),
    )  # fmt: skip
    if dialect is not None:
        _check_limits(given, settings, dialect, context)
        _check_expiry(given, settings.output_expires_after, dialect, context)
    return settings


def retry(document: Mapping) -> Retry:
    """Which requests are asked again; an empty list of reasons means none."""
    given = section(document, "retry")
    if given is None:
        return Retry()
    attempts = number(given, "max_attempts") or Retry().max_attempts
    if "reasons" not in given.entries:
        return Retry(attempts)
    reasons = tuple(cast(RetryReason, item.text) for item in items(given, "reasons") if is_text(item))
    return Retry(attempts, reasons)


def _check_limits(given: Mapping, settings: BatchSettings, dialect: Dialect, context: Context) -> None:
    limits = dialect.limits
    pairs = (
        ("max_requests", settings.max_requests, limits.max_requests),
        ("max_bytes", settings.max_bytes, limits.refused_bytes),
        ("max_enqueued_tokens", settings.max_enqueued_tokens, limits.max_enqueued_tokens),
    )
    for key, value, limit in pairs:
        if value is not None and limit is not None and value > limit:
            message = f"batch.{key} is above what the provider takes ({limit:,})"
            context.findings.error("above-limit", given.get(key), message, f"write {limit} or less")
    if settings.max_requests is not None and settings.max_requests < limits.min_requests:
        message = f"the provider takes no batch of fewer than {limits.min_requests:,} requests"
        at = given.get("max_requests")
        context.findings.error("out-of-range", at, message, f"write {limits.min_requests} or more")


def _check_expiry(given: Mapping, seconds: int | None, dialect: Dialect, context: Context) -> None:
    if seconds is None:
        return
    if dialect.output_expiry_s is None:
        message = f"the dialect {dialect.name} has no output expiry"
        context.findings.error("no-output-expiry", given.key("output_expires_after"), message, "remove it")
        return
    least, most = dialect.output_expiry_s
    if not least <= seconds <= most:
        message = f"output_expires_after must be {least:,} to {most:,} seconds"
        label = f"write {least}, {most} or a number between"
        context.findings.error("out-of-range", given.get("output_expires_after"), message, label)


def _spoken(seconds: int) -> str:
    return f"{seconds // DAY_S}d" if seconds % DAY_S == 0 and seconds > DAY_S else f"{seconds // 3600}h"
