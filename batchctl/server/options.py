"""What a server is started with."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

#: `local` is OpenAI's, but takes the endpoints and windows of all the others: what `provider: local` speaks.
DIALECT_NAMES = ("groq", "cerebras", "openai", "portkey", "local")


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """The options of `batchctl serve`; `port` 0 means any free one."""

    data: Path
    host: str = "127.0.0.1"
    port: int = 0
    dialect: str = "openai"
    upstream: str | None = None
    upstream_key_env: str | None = None
    concurrency: int = 8
    faults: tuple[str, ...] = ()
    """What goes wrong on purpose, in the words of `fault_spec.py`."""
    ledger: Path | None = None
    """File that a line is added to for each call."""
    expire_after: int | None = None
    """Every batch expires when so many of its lines have been answered."""
    hold: bool = False
    """Batches run no line until `POST /_batchctl/release`."""
    ephemeral: bool = False
    """End with the last client, run lines only while one wants it, and let in only who has the token."""


def upstream_problem(url: str) -> str | None:
    """Why this cannot be an upstream, or None. A secret has no place in it: it is shown and stored."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return f"the upstream URL cannot be read: {error}"
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        return "the upstream must be an http or https URL"
    if parts.username or parts.password:
        return "the upstream URL must not hold a password; name an environment variable with the key instead"
    if parts.query or parts.fragment:
        return "the upstream URL must not have a query or a fragment"
    return None


def upstream_key(name: str | None) -> str | None:
    """The key in the environment variable of this name, None if there is none."""
    return os.environ.get(name, "").strip() or None if name is not None else None


def upstream_key_problem(name: str) -> str | None:
    """Why the key in this variable cannot be sent, or None. The key itself is never said."""
    key = upstream_key(name)
    if key is None:
        return f"the environment variable {name} for the upstream's key is not set"
    if not (key.isascii() and key.isprintable()):
        return f"the environment variable {name} holds characters that no HTTP header can carry"
    return None
