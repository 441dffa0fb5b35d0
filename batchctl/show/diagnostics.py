"""Diagnostics as people see them: what is wrong, the line that it stands in, and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from batchctl.show.colour import PLAIN, Palette
from batchctl.show.figures import count
from batchctl.show.safe import safe, safe_lines, width
from batchctl.words.diagnostics import Diagnostic

#: Columns of source that are shown; of a longer line the part around the mark.
_SHOWN = 110


def diagnostic_text(findings: Sequence[Diagnostic], paint: Palette = PLAIN) -> str:
    """All findings, and how many there are where there are several."""
    blocks = ["\n".join(_block(finding, paint)) for finding in findings]
    if len(findings) > 1:
        blocks.append(total(findings))
    separator = "\n\n" if any(finding.span for finding in findings) else "\n"
    return separator.join(blocks) + "\n" if blocks else ""


def total(findings: Sequence[Diagnostic]) -> str:
    """`2 errors, 1 warning.`"""
    errors = sum(finding.severity == "error" for finding in findings)
    parts = [count(errors, "error")] if errors else []
    if len(findings) > errors:
        parts.append(count(len(findings) - errors, "warning"))
    return ", ".join(parts) + "."


def diagnostic_json(findings: Iterable[Diagnostic]) -> list[dict[str, Any]]:
    """The same for machines."""
    return [{
        "severity": finding.severity, "code": finding.code, "message": finding.message, "label": finding.label,
        "notes": list(finding.notes),
        "span": None if finding.span is None else {
            "file": finding.span.file, "line": finding.span.line, "column": finding.span.column,
            "length": finding.span.length},
    } for finding in findings]


def _block(finding: Diagnostic, paint: Palette) -> list[str]:
    style = "bold red" if finding.severity == "error" else "bold yellow"
    first, *more = safe_lines(finding.message)
    lines = [f"{paint(style, f'{finding.severity}[{safe(finding.code)}]')}{paint('bold', ': ' + first)}"]
    lines += [f"  {line}" for line in more]
    span = finding.span
    margin = len(str(span.line)) + 2 if span else 2
    if span is not None:
        edge = paint("blue", " " * margin + "|")
        lines.append(f"{paint('blue', ' ' * (margin - 1) + '-->')} {safe(span.file)}:{span.line}:{span.column}")
        source = finding.line_text
        if source is not None:
            before, marked, after = _around(source, span.column - 1, span.length)
            lines += [edge, f"{paint('blue', f' {span.line} |')} {before}{marked}{after}".rstrip()]
            mark = paint(style, ("^" * max(1, width(marked)) + " " + safe(finding.label)).rstrip())
            lines.append(f"{edge} {' ' * width(before)}{mark}")
        elif finding.label:
            lines.append(f"{edge} {safe(finding.label)}")
    for note in finding.notes:
        head, *rest = safe_lines(note)
        lines.append(f"{paint('blue', ' ' * margin + '=')} {head}")
        lines += [" " * (margin + 2) + line for line in rest]
    return lines


def _around(source: str, start: int, length: int) -> tuple[str, str, str]:
    """The line before, at and after the mark, each made safe, and cut to what fits."""
    end = min(len(source), start + max(1, length))
    left = max(0, start - _SHOWN // 2) if len(source) > _SHOWN else 0
    right = min(len(source), left + _SHOWN)
    end = max(start, min(end, right))
    return (("…" if left else "") + safe(source[left:start]), safe(source[start:end]),
            safe(source[end:right]) + ("…" if right < len(source) else ""))
