"""Takes secrets out of text that was not written with them in mind: tracebacks, and what goes to log files."""

from __future__ import annotations

import re
from collections.abc import Mapping

_SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASS|AUTH|CRED", re.IGNORECASE)
_BEARER = re.compile(r"(?i)(bearer\s+)[^\s'\"]+")
_IN_URL = re.compile(r"(://)[^/\s@]+@")
_SHORTEST = 6


def redacted(text: str, environ: Mapping[str, str]) -> str:
    """The text without bearer tokens, passwords in URLs, and values of variables that are named like credentials."""
    values = {value for name, value in environ.items() if _SECRET_NAME.search(name) and len(value) >= _SHORTEST}
    for value in sorted(values, key=len, reverse=True):
        text = text.replace(value, "[redacted]")
    return _IN_URL.sub(r"\1[redacted]@", _BEARER.sub(r"\1[redacted]", text))
