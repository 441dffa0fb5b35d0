"""Pieces of GitHub's Markdown in which untrusted text cannot become markup, mention anyone or load an image."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from batchctl.show.safe import safe

#: What a comment may hold (65,536 characters), less some room for what is put around it.
LONGEST = 60_000

_MARKUP = re.compile(r"([\\`*_{}\[\]|~$])")
#: What GitHub makes links of once the text is rendered, where no escape is seen any more: something must stand between.
_LINKING = re.compile(r"[@#](?=\S)|/(?=/)|(?<![a-z])www\.", re.IGNORECASE)

#: What at the start of a line, or of a list's item, would make a block of it.
_START = re.compile(r"[-+=#]|\d+[.)]")


@dataclass(frozen=True, slots=True)
class Section:
    """Lines that may be cut from their end; `head` and `tail` stay around what is left of them."""

    lines: Sequence[str]
    head: Sequence[str] = ()
    tail: Sequence[str] = ()


def words(text: object) -> str:
    """Text in a paragraph or a table cell."""
    escaped = _MARKUP.sub(r"\\\1", html.escape(safe(text).strip(" "), quote=False))
    start = _START.match(escaped)
    if start is not None:
        escaped = f"{escaped[:start.end() - 1]}\\{escaped[start.end() - 1:]}"
    return _LINKING.sub(r"\g<0>&#8203;", escaped).replace("@", "&#64;")


def code(text: object) -> str:
    """A code span, in a table cell too."""
    content = safe(text)
    if "|" in content:
        # In a cell no code span can hold one that follows a backslash.
        return f"<code>{words(content)}</code>"
    fence = "`" * (_longest_run(content) + 1)
    space = " " if content.startswith("`") or content.endswith("`") or not content else ""
    return f"{fence}{space}{content}{space}{fence}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Cells are Markdown already."""
    return [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *(f"| {' | '.join(row)} |" for row in rows)]


def folded(summary: str, section: Section) -> Section:
    """The section behind a line to click on, which is HTML: `summary` is no Markdown, and no data."""
    return Section(section.lines, ("<details>", f"<summary>{html.escape(summary)}</summary>", "", *section.head),
                   (*section.tail, "", "</details>", ""))


def fenced(lines: Sequence[str], language: str) -> Section:
    """A code block that no line of it can end."""
    made = [safe(line) for line in lines]
    fence = "`" * max(3, max((_longest_run(line) for line in made), default=0) + 1)
    return Section(made, (f"{fence}{language}",), (fence,))


def comment(text: str) -> str:
    """What only machines see. Nothing in it can end it."""
    return f"<!-- {re.sub('[^A-Za-z0-9 :,./_-]|--+', _escaped, text)} -->"


def fitted(sections: Sequence[Section], rest: str) -> str:
    """As many whole lines as a comment takes; `rest` says where the others are."""
    kept: list[str] = []
    left, cut = LONGEST, 0
    for section in sections:
        around = sum(map(_size, (*section.head, *section.tail)))
        lines = _fitting(section.lines, left - around) if not cut else []
        cut += len(section.lines) - len(lines)
        if lines or not (cut or section.lines):
            kept += [*section.head, *lines, *section.tail]
            left -= around + sum(map(_size, lines))
    if cut:
        kept += ["", f"{cut:,} lines were cut; {rest}"]
    return "\n".join(kept) + "\n"


def _fitting(lines: Sequence[str], room: int) -> list[str]:
    kept = []
    for line in lines:
        room -= _size(line)
        if room < 0:
            break
        kept.append(line)
    return kept


def _size(line: str) -> int:
    """Characters with the newline, as GitHub counts them: one beyond 16 bits is two."""
    return len(line.encode("utf-16-le")) // 2 + 1


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)


def _escaped(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode("utf-8", "backslashreplace"))
