"""The extra headers of a provider: literals, or the names of variables; never a credential itself."""

from __future__ import annotations

import re

from batchctl.desired.manifest.context import Context, is_text, text
from batchctl.desired.manifest.tree import Mapping, Node, Scalar
from batchctl.words.gateway import credentials, double_maker
from batchctl.words.remote import FromEnvironment, HeaderValue

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
_VALUE = re.compile(r"[\t -~]*\Z")
#: Headers that carry credentials, and values that look like one in any header.
_CREDENTIAL = re.compile(r"authorization|api-?_?key|token|secret|passw|cookie|credential|virtual-key")
_LOOKS_SECRET = re.compile(r"(?i)^\s*(?:bearer|basic)\s|^\s*(?:sk|gsk|csk|pk)[-_]\w{8,}|api[-_]?key")
#: Headers that the HTTP client must write itself.
_RESERVED = frozenset({
    "host", "content-length", "content-type", "transfer-encoding", "connection", "accept-encoding", "expect", "te",
    "upgrade", "trailer",
})  # fmt: skip


def headers(provider: Mapping, context: Context) -> tuple[tuple[str, HeaderValue], ...]:
    """The headers in the order of the manifest; what cannot be sent or must not stand here is reported."""
    written = provider.get("headers")
    if not isinstance(written, Mapping) or written.broken:
        return ()
    seen: set[str] = set()
    found: list[tuple[str, HeaderValue]] = []
    for name, (key, node) in written.entries.items():
        _check_name(name, key, seen, context)
        value = _value(name, node, context)
        if value is not None:
            found.append((name, value))
    return tuple(found)


def _check_name(name: str, key: Scalar, seen: set[str], context: Context) -> None:
    lower = name.lower()
    if not _NAME.match(name):
        message = f'"{name}" cannot be the name of a header'
        context.findings.error("bad-header", key, message, "use letters, digits and hyphens")
    elif lower in _RESERVED:
        context.findings.error("bad-header", key, f'batchctl writes the header "{name}" itself', "remove it")
    elif lower in seen:
        context.findings.error("bad-header", key, f'the header "{name}" is there twice', "remove one of them")
    seen.add(lower)


def _value(name: str, node: Node, context: Context) -> HeaderValue | None:
    if isinstance(node, Mapping) and not node.broken:
        variable, prefix = text(node, "env"), text(node, "prefix")
        return FromEnvironment(variable.text, prefix.text if prefix else "") if variable else None
    secret = _CREDENTIAL.search(name.lower())
    if secret:
        context.source.conceal(node.start, node.end)
    if not is_text(node):
        return None
    if secret or _LOOKS_SECRET.search(node.text) or credentials(name, node.text):
        context.source.conceal(node.start, node.end)
        label = "put the value into an environment variable, and write {env: NAME} here"
        message = f'the value of the header "{name}" must not stand in a manifest'
        context.findings.error("secret-in-manifest", node, message, label)
        return None
    doubling = double_maker(name, node.text)
    if doubling is not None:
        message = f'the gateway could make a batch twice, for the "{doubling}" here'
        label = f"remove {doubling}; batchctl repeats what may be repeated, and names one provider"
        context.findings.error("gateway-doubles", node, message, label)
        return node.text
    if not _VALUE.match(node.text):
        message = f'the value of the header "{name}" holds characters that no header can carry'
        context.findings.error("bad-header", node, message, "use printable ASCII on one line")
        return None
    return node.text
