"""A mistake or a warning as a value: what is wrong, where it stands, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Span:
    """A place in a text file. `line` and `column` count from 1; `length` is in characters, on that line.

    `text` is the line itself as it may be shown, where whoever made the span had it at hand.
    """

    file: str
    line: int
    column: int = 1
    length: int = 1
    text: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding, with all that a view needs to show it.

    `code` is a stable kebab-case name ("unknown-key"); `label` stands under the marked place ('did you mean
    "model"?'); `source` is the text of the marked line without its newline, where the span does not bring it;
    `notes` are further lines of help.
    """

    code: str
    message: str
    span: Span | None = None
    label: str = ""
    source: str | None = None
    notes: tuple[str, ...] = ()
    severity: Severity = "error"

    @property
    def line_text(self) -> str | None:
        """The marked line, or None where it is not known or not to be shown."""
        return self.span.text if self.source is None and self.span is not None else self.source

    def __str__(self) -> str:
        where = f"{self.span.file}:{self.span.line}:{self.span.column}: " if self.span else ""
        hint = f" ({self.label})" if self.label else ""
        return f"{where}{self.severity}[{self.code}]: {self.message}{hint}"


def errors_in(findings: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Those findings that forbid going on."""
    return tuple(finding for finding in findings if finding.severity == "error")
