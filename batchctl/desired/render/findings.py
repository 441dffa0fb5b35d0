"""Mistakes gathered from many rows: the same one once, with the rows that have it, and an end to it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from batchctl.words.diagnostics import Diagnostic, Span

#: Different mistakes of one job after which reading stops, and places that have one.
MAX_FINDINGS = 20
MAX_PLACES = 1000

_ROWS_SHOWN = 3


class Findings:
    """An ordered collection of diagnostics with a bound."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str, Span | None], Diagnostic] = {}
        self._added = 0

    def __bool__(self) -> bool:
        return bool(self._kept)

    @property
    def full(self) -> bool:
        """Whether there are enough to stop."""
        return len(self._kept) >= MAX_FINDINGS or self._added >= MAX_PLACES

    def add(self, findings: Iterable[Diagnostic]) -> None:
        """Keeps the first mistakes. One that is there already adds its notes, which name its row."""
        for finding in findings:
            if self.full:
                return
            self._added += 1
            same = _kind(finding)
            known = self._kept.get(same)
            if known is not None and len(known.notes) < _ROWS_SHOWN:
                new = tuple(note for note in finding.notes if note not in known.notes)
                finding = replace(known, notes=known.notes + new)
            elif known is not None:
                finding = known
            self._kept[same] = finding

    def result(self) -> tuple[Diagnostic, ...]:
        """All that was kept, and a last word where reading stopped for it."""
        kept = tuple(self._kept.values())
        if not self.full:
            return kept
        count = f"{len(kept)} mistakes" if len(kept) >= MAX_FINDINGS else f"{MAX_PLACES:,} rows with mistakes"
        return (*kept, Diagnostic("more-mistakes", f"stopped after {count}; there may be more"))


def different_first(findings: Iterable[Diagnostic]) -> list[Diagnostic]:
    """The first of each kind, then those that repeat one, each in order."""
    firsts: dict[tuple[str, str, Span | None], Diagnostic] = {}
    repeats = [finding for finding in findings if firsts.setdefault(_kind(finding), finding) is not finding]
    return [*firsts.values(), *repeats]


def _kind(finding: Diagnostic) -> tuple[str, str, Span | None]:
    return finding.code, finding.message, finding.span


def to_json(finding: Diagnostic) -> dict[str, Any]:
    """A finding as JSON, for the way from a worker."""
    span = finding.span
    return {
        "code": finding.code, "message": finding.message, "label": finding.label, "source": finding.source,
        "notes": list(finding.notes), "severity": finding.severity,
        "span": [span.file, span.line, span.column, span.length, span.text] if span else None,
    }  # fmt: skip


def from_json(value: dict[str, Any]) -> Diagnostic:
    """The inverse of `to_json`."""
    span = Span(*value["span"]) if value["span"] else None
    return Diagnostic(**{**value, "span": span, "notes": tuple(value["notes"])})
