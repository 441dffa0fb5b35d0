"""Checks the URLs that a manifest names: requests go there, sometimes with a key."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from batchctl.desired.manifest.findings import Findings
from batchctl.desired.manifest.tree import Scalar
from batchctl.desired.manifest.values import is_dynamic
from batchctl.words.hosts import is_this_machine

_PRINTABLE = re.compile(r"[!-~]+\Z")


def base_url(node: Scalar, findings: Findings) -> str | None:
    """The URL without slashes at its end, or None after it was refused."""
    url = node.text
    if is_dynamic(url):
        findings.error("not-a-template", node, "a URL is not a template", "write the URL out")
        return None
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not _PRINTABLE.match(url):
        findings.source.conceal(node.start, node.end)
        label = "write one such as https://gateway.example.com/v1"
        findings.error("bad-url", node, "this is not an http or https URL", label)
        return None
    if "@" in parts.netloc:
        findings.source.conceal(node.start, node.end)
        label = "remove what stands before the @, and name the key's variable with api_key_env"
        findings.error("secret-in-manifest", node, "a URL must not hold a user or a password", label)
        return None
    if "?" in url or "#" in url:
        findings.source.conceal(node.start, node.end)
        label = "remove what follows the path; a key goes into api_key_env or headers"
        findings.error("bad-url", node, "a base URL must not have a query or a fragment", label)
        return None
    return url.rstrip("/")


def is_clear_text(url: str) -> bool:
    """Whether what is sent to this URL can be read on the way: plain http to another machine."""
    return urlsplit(url).scheme == "http" and not is_this_machine(url)
