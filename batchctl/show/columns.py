"""Texts in two columns where there is room for them, and one below the other where there is not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from io import StringIO

from rich.console import Console
from rich.text import Text

from batchctl.show.exchange import Piece
from batchctl.show.safe import safe, safe_lines, width

#: From so many columns on, two texts stand side by side.
WIDE = 100
_GAP = " │ "
_CONSOLE = Console(file=StringIO(), color_system=None)

Style = Callable[[str], str]


def laid_out(left: Sequence[Piece], right: Sequence[Piece], columns: int, *, style: Callable[[str, str], str],
             longest: int | None) -> list[str]:
    """Lines that fit into so many columns. A text is cut after `longest` lines (None: never). `style(label, text)` gets
    a label as it is padded, and paints it."""
    if columns < WIDE:
        return _column([*left, *right], columns, style, longest)[0]
    left_width = (columns - len(_GAP)) * 3 // 5
    ours, plain = _column(left, left_width, style, longest)
    theirs, _ = _column(right, columns - len(_GAP) - left_width, style, longest)
    rows = max(len(ours), len(theirs))
    ours += [""] * (rows - len(ours))
    plain += [0] * (rows - len(plain))
    theirs += [""] * (rows - len(theirs))
    return [(one + " " * (left_width - taken) + _GAP + other).rstrip()
            for one, taken, other in zip(ours, plain, theirs, strict=True)]


def _column(pieces: Sequence[Piece], columns: int, style: Callable[[str, str], str], longest: int | None
            ) -> tuple[list[str], list[int]]:
    """Painted lines, and the columns that each takes."""
    labels = [safe(label) for label, _ in pieces]
    indent = min(12, max((width(label) for label in labels), default=0)) + 2
    lines: list[str] = []
    taken: list[int] = []
    for label, (name, text) in zip(labels, pieces, strict=True):
        for number, line in enumerate(wrapped(text, max(8, columns - indent), longest)):
            head = label[: indent - 2] if number == 0 else ""
            padding = " " * (indent - width(head))
            lines.append(style(name, head) + padding + line)
            taken.append(indent + width(line))
    return lines, taken


def wrapped(text: str, columns: int, longest: int | None) -> list[str]:
    """Safe lines, broken between words where they can be; of more than `longest` the rest is counted."""
    lines = [part.plain.rstrip() for line in safe_lines(text.rstrip("\n"))
             for part in Text(line).wrap(_CONSOLE, columns, overflow="fold")] or [""]
    if longest is None or len(lines) <= longest:
        return lines
    return [*lines[: longest - 1], f"… {len(lines) - longest + 1:,} more lines"]
