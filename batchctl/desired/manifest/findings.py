"""Collects the mistakes of one manifest, so that all are told at once."""

from __future__ import annotations

from dataclasses import dataclass

from batchctl.desired.manifest.source import Source, without_keys
from batchctl.desired.manifest.tree import Node
from batchctl.words.diagnostics import Diagnostic, Severity, Span

#: Findings of one file that are shown; a file that is no manifest at all can have one a line.
MAX_FINDINGS = 100

#: Characters of a message or a label.
_MAX_TEXT = 500

Place = Node | Span | tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class _Finding:
    code: str
    message: str
    span: Span | None
    label: str
    notes: tuple[str, ...]
    severity: Severity


class Findings:
    """The mistakes of one source. Places are nodes, spans, or pairs of character positions."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._found: dict[_Finding, None] = {}
        self.errors = 0

    @property
    def failed(self) -> bool:
        """An error, not only warnings, was found."""
        return self.errors > 0

    @property
    def full(self) -> bool:
        """So much was found that looking for more helps nobody."""
        return len(self._found) > MAX_FINDINGS

    def error(self, code: str, at: Place, message: str, label: str = "", *, notes: tuple[str, ...] = ()) -> None:
        """Adds a mistake that forbids going on."""
        self.errors += 1
        self._add(code, at, message, label, notes, "error")

    def warning(self, code: str, at: Place, message: str, label: str = "", *, notes: tuple[str, ...] = ()) -> None:
        """Adds something to be told that forbids nothing."""
        self._add(code, at, message, label, notes, "warning")

    def span(self, at: Place) -> Span | None:
        """The place as a span of this source."""
        if at is None or isinstance(at, Span):
            return at
        return self.source.span(*at) if isinstance(at, tuple) else self.source.span(at.start, at.end)

    def diagnostics(self) -> list[Diagnostic]:
        """All findings by place, each with its line as it may be shown."""
        found = sorted(self._found, key=_order)
        shown = [self._diagnostic(finding) for finding in found[:MAX_FINDINGS]]
        if len(found) > MAX_FINDINGS:
            message = f"{self.source.name} has more than {MAX_FINDINGS} mistakes; only the first are shown"
            shown.append(Diagnostic("too-many-findings", message, notes=("is this file a batchctl manifest?",)))
        return shown

    def _add(
        self, code: str, at: Place, message: str, label: str, notes: tuple[str, ...], severity: Severity
    ) -> None:
        if not self.full:
            self._found[_Finding(code, _cut(message), self.span(at), _cut(label), notes, severity)] = None

    def _diagnostic(self, finding: _Finding) -> Diagnostic:
        span = finding.span
        line = self.source.shown_line(span.line) if span and span.file == self.source.name else None
        return Diagnostic(finding.code, finding.message, span, finding.label, line, finding.notes, finding.severity)


def _cut(text: str) -> str:
    """A text that repeats words of the manifest: without secrets, and not of any length."""
    shown = without_keys(text[: 2 * _MAX_TEXT])
    return shown if len(shown) <= _MAX_TEXT else shown[: _MAX_TEXT - 1] + "…"


def _order(finding: _Finding) -> tuple[int, int]:
    return (finding.span.line, finding.span.column) if finding.span else (0, 0)
