"""Pieces of GitHub's Markdown in which untrusted text cannot become markup, mention anyone or load an image."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

from batchctl.show.safe import safe

#: What a comment may hold, less some room for what is put around it.
LONGEST = 60_000

_MARKUP = re.compile(r"([\\`*_{}\[\]#|~$]|:(?=//))")


def words(text: object) -> str:
    """Text in a paragraph or a table cell."""
    escaped = _MARKUP.sub(r"\\\1", html.escape(safe(text), quote=False))
    # Entities keep GitHub from seeing a mention or a link.
    return escaped.replace("@", "&#64;").replace("www.", "www&#46;")


def code(text: object) -> str:
    """A code span, in a table cell too."""
    content = safe(text)
    fence = "`" * (max((len(run) for run in re.findall("`+", content)), default=0) + 1)
    space = " " if content.startswith("`") or content.endswith("`") or not content else ""
    return f"{fence}{space}{content}{space}{fence}".replace("|", "\\|")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Cells are Markdown already."""
    return [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *(f"| {' | '.join(row)} |" for row in rows)]


def fitted(lines: Sequence[str], rest: str) -> str:
    """As many whole lines as a comment takes; `rest` says where the others are."""
    kept: list[str] = []
    size = 0
    for at, line in enumerate(lines):
        size += len(line) + 1
        if size > LONGEST:
            kept += ["", f"{len(lines) - at:,} lines were cut; {rest}"]
            break
        kept.append(line)
    return "\n".join(kept) + "\n"
