"""Where a job's batches are made: `provider`, with its dialect as the manifest adjusts it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import cast

from batchctl.desired.job import Provider
from batchctl.desired.manifest.context import Context, is_text, items, number, section, text
from batchctl.desired.manifest.findings import Place
from batchctl.desired.manifest.headers import headers
from batchctl.desired.manifest.tree import Mapping, Node
from batchctl.desired.manifest.urls import base_url, is_clear_text
from batchctl.words.dialects import DIALECTS, BodyKind, Dialect, Limits, parse_window
from batchctl.words.remote import Coordinates, FromEnvironment

DEFAULT_PROVIDER = "local"
_DEFAULT_CONCURRENCY = 8

_LOCAL_ONLY = ("upstream", "upstream_api_key_env", "concurrency")
_NOT_FOR_LOCAL = ("base_url", "api_key_env", "organization", "project", "headers")

_SUFFIXES: tuple[tuple[str, BodyKind], ...] = (
    (r"/chat/completions", "chat"), (r"/responses", "responses"), (r"/embeddings", "embeddings"),
    (r"/completions", "completions"), (r"/moderations", "moderations"), (r"/audio/[^/]+", "audio"),
    (r"/images/[^/]+", "images"),
)  # fmt: skip


def provider(document: Mapping, context: Context) -> Provider | None:
    """The job's provider, or None where not even its dialect is known; mistakes are reported."""
    node = document.get("provider")
    if node is None:
        return _built_in(DIALECTS[DEFAULT_PROVIDER])
    if is_text(node) and node.text in DIALECTS:
        _check_required_headers(None, DIALECTS[node.text], node, context)
        return _built_in(DIALECTS[node.text])
    if not isinstance(node, Mapping) or node.broken:
        return None
    name = text(node, "dialect")
    if name is None or name.text not in DIALECTS:
        return None
    return _own(node, DIALECTS[name.text], context)


def _built_in(dialect: Dialect) -> Provider:
    where = Coordinates(dialect.name, dialect.name, dialect.base_url, dialect.api_key_env)
    return Provider(where, dialect)


def _own(node: Mapping, dialect: Dialect, context: Context) -> Provider:
    _check_place(node, dialect, context)
    url, key_env = _address(node, dialect, context)
    sent = headers(node, context)
    _check_required_headers(node.get("headers"), dialect, node.key("headers") or node.key("dialect"), context)
    upstream_node, upstream_key = text(node, "upstream"), text(node, "upstream_api_key_env")
    upstream = base_url(upstream_node, context.findings) if upstream_node else None
    organization, project = text(node, "organization"), text(node, "project")
    with_secret = bool(key_env) or any(isinstance(value, FromEnvironment) for _, value in sent)
    _warn_clear_text(node, "base_url", url, with_secret, context)
    _warn_clear_text(node, "upstream", upstream, upstream_key is not None, context)
    where = Coordinates(
        name=dialect.name, dialect=dialect.name, base_url=url, api_key_env=key_env,
        organization=organization.text if organization else None, project=project.text if project else None,
        upstream=upstream,
    )  # fmt: skip
    adjusted = _with_windows(node, replace(
        dialect, endpoints=_endpoints(node, dialect), limits=_limits(node, dialect.limits, context)))
    return Provider(
        where, adjusted, sent, upstream_key.text if upstream_key else None,
        number(node, "concurrency") or _DEFAULT_CONCURRENCY,
    )  # fmt: skip


def _check_required_headers(written: Node | None, dialect: Dialect, at: Place, context: Context) -> None:
    """A gateway has to be told whom it should ask. A header whose value is a mistake is there all the same."""
    given = {name.lower() for name in (written.entries if isinstance(written, Mapping) else ())}
    if not dialect.one_of_headers or given & set(dialect.one_of_headers):
        return
    first = dialect.one_of_headers[0]
    label = f'write provider: {{dialect: {dialect.name}, headers: {{{first}: …}}}}'
    message = f"{dialect.name} needs one of the headers {', '.join(dialect.one_of_headers)}"
    context.findings.error("header-required", at, message, label)


def _check_place(node: Mapping, dialect: Dialect, context: Context) -> None:
    local = dialect.name == "local"
    for key in _NOT_FOR_LOCAL if local else _LOCAL_ONLY:
        at = node.key(key)
        if at is None:
            continue
        if local:
            label = "remove it; for a server that runs elsewhere write dialect: openai"
            context.findings.error("not-for-local", at, f"the local server takes no {key}", label)
        else:
            label = f"remove it, or write dialect: local; {dialect.name} runs no requests on this machine"
            context.findings.error("local-only", at, f"{key} is for the local dialect only", label)


def _address(node: Mapping, dialect: Dialect, context: Context) -> tuple[str | None, str | None]:
    """The base URL, and the variable with the key that may be sent there: the vendor's own only to the vendor."""
    written, variable = text(node, "base_url"), text(node, "api_key_env")
    url = base_url(written, context.findings) if written else dialect.base_url
    if "base_url" not in node.entries and dialect.base_url is None and dialect.name != "local":
        label = "add base_url"
        message = f"the dialect {dialect.name} has no base URL of its own"
        context.findings.error("base-url-required", node.key("dialect"), message, label)
    if variable is not None:
        return url, variable.text
    return url, dialect.api_key_env if url == dialect.base_url else None


def _warn_clear_text(node: Mapping, key: str, url: str | None, with_secret: bool, context: Context) -> None:
    if url is not None and with_secret and is_clear_text(url):
        message = f"a key would be sent to {url} without encryption"
        context.findings.warning("key-in-clear", node.get(key), message, "use https, or an address of this machine")


def _endpoints(node: Mapping, dialect: Dialect) -> tuple[tuple[str, BodyKind], ...]:
    """The dialect's endpoints with those that the manifest adds or gives another kind."""
    known = dict(dialect.endpoints)
    for path in items(node, "endpoints"):
        if is_text(path):
            known.setdefault(path.text, _kind_of(path.text))
    added = section(node, "endpoints")
    for name, (_, kind) in (added.entries if added else {}).items():
        if is_text(kind):
            known[name] = cast(BodyKind, kind.text)
    return tuple(known.items())


def _kind_of(path: str) -> BodyKind:
    return next((kind for suffix, kind in _SUFFIXES if re.search(suffix + r"\Z", path)), "other")


def _with_windows(node: Mapping, dialect: Dialect) -> Dialect:
    """The dialect with the completion windows that the manifest gives in place of its own."""
    limits = section(node, "limits")
    written = [item.text for item in (items(limits, "completion_windows") if limits else ()) if is_text(item)]
    if not written:
        return dialect
    times = [seconds for text in written if (seconds := parse_window(text)) is not None]
    words = tuple(text for text in written if parse_window(text) is None)
    return replace(dialect, windows_s=(min(times), max(times)) if times else dialect.windows_s, window_words=words)


def _limits(node: Mapping, limits: Limits, context: Context) -> Limits:
    """The dialect's limits with what the manifest knows better."""
    given = section(node, "limits")
    if given is None:
        return limits
    size = number(given, "max_bytes")
    fewest = number(given, "min_requests") or limits.min_requests
    most = number(given, "max_requests") or limits.max_requests
    if fewest > most:
        at = given.get("min_requests") or given.get("max_requests")
        context.findings.error("out-of-range", at, f"min_requests ({fewest:,}) is above max_requests ({most:,})",
                               "lower it, or raise the other")  # fmt: skip
    return replace(
        limits, max_requests=most, min_requests=fewest,
        max_bytes=size or limits.max_bytes, refused_bytes=size or limits.refused_bytes,
        max_inputs=number(given, "max_inputs") or limits.max_inputs,
        max_enqueued_tokens=number(given, "max_enqueued_tokens") or limits.max_enqueued_tokens,
    )  # fmt: skip
