"""Makes untrusted text harmless on a terminal: what could move the cursor, hide or reorder text becomes visible."""

from __future__ import annotations

import re
import unicodedata

#: C0 and DEL, C1, soft hyphen, zero-width and bidi marks, line and paragraph separators, tags, lone surrogates.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufeff\uffa0\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]")


def safe(text: object) -> str:
    """One line that shows every control character: C0 as pictures (␛), the others as escapes (\\u202e)."""
    return _UNSAFE.sub(_visible, str(text))


def safe_lines(text: object) -> list[str]:
    """`safe` line by line; only LF, alone or after CR, ends a line."""
    return [safe(line.removesuffix("\r")) for line in str(text).split("\n")]


def shortened(text: object, longest: int) -> str:
    """`safe`, cut to so many characters with an ellipsis."""
    made = safe(text)
    return made if len(made) <= longest else made[: longest - 1] + "…"


def both_ends(text: object, longest: int) -> str:
    """`safe`, with an ellipsis in its middle where it is longer: of an id, what it names and what tells it apart."""
    made = safe(text)
    half = (longest - 1) // 2
    return made if len(made) <= longest else f"{made[:half]}…{made[-half:]}"


def width(text: str) -> int:
    """Columns that a safe text takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(mark) else 2 if unicodedata.east_asian_width(mark) in "WF" else 1
               for mark in text)


def _visible(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
