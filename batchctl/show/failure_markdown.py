"""What kept a command from its work, as Markdown: a pull request must not go on showing an older plan."""

from __future__ import annotations

from collections.abc import Sequence

from batchctl.show.diagnostics import total
from batchctl.show.markdown import Section, code, fitted, words
from batchctl.words.diagnostics import Diagnostic


def failure_markdown(command: str, findings: Sequence[Diagnostic]) -> str:
    """The number of mistakes, then each with its place and what to do."""
    head = Section((), (f"### batchctl {command}", "", f"**Failed: {total(findings)}**", ""))
    return fitted([head, Section([_line(finding) for finding in findings])], f"`batchctl {command}` shows them all.")


def _line(finding: Diagnostic) -> str:
    span = finding.span
    place = f"{code(f'{span.file}:{span.line}:{span.column}')} " if span is not None else ""
    help_ = [words(" ".join(text.split())) for text in (finding.label, *finding.notes) if text]
    about = f" ({'; '.join(help_)})" if help_ else ""
    return f"- {place}{finding.severity} {code(finding.code)}: {words(' '.join(finding.message.split()))}{about}"
