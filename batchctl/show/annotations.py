"""Diagnostics as GitHub Actions shows them beside the line, and text that a runner takes for no command.

A runner reads commands from stdout and stderr alike: `::error file=a,line=1::text` at the start of a line, white space
before it or not, and the older `##[error]text` anywhere in one (actions/runner, ActionCommand.cs). Escapes are those
of actions/toolkit (packages/core, command.ts).
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence

from batchctl.show.figures import count
from batchctl.show.safe import safe_lines
from batchctl.words.diagnostics import Diagnostic

#: So many of each kind are shown of a step.
_SHOWN = 10

#: A carriage return ends a line there, too.
_COMMAND = re.compile(r"(?:^|(?<=\r))\s*:(?=:)|##(?=\[)", re.MULTILINE)


def read_by_runner(environ: Mapping[str, str]) -> bool:
    """Whether what is printed goes to a runner of GitHub Actions."""
    return environ.get("GITHUB_ACTIONS") == "true"


def harmless(text: str) -> str:
    """The text with each command in it spelled so that it is none."""
    return _COMMAND.sub(lambda found: f"{found[0]} ", text)


def annotation_text(findings: Sequence[Diagnostic], workspace: str | None) -> str:
    """A line for each finding, errors first. Files are named from `workspace`, the root of the checkout. Of more than
    are shown, the last says how many there are."""
    made: list[str] = []
    for severity in ("error", "warning"):
        found = [finding for finding in findings if finding.severity == severity]
        shown = found if len(found) <= _SHOWN else found[:_SHOWN - 1]
        made += [_annotation(finding, workspace) for finding in shown]
        if left := len(found) - len(shown):
            made.append(f"::{severity} title=batchctl::{count(left, f'more {severity}')} in the log")
    return "".join(f"{line}\n" for line in made)


def _annotation(finding: Diagnostic, workspace: str | None) -> str:
    properties = {"title": f"batchctl: {finding.code}"}
    if (span := finding.span) is not None:
        properties |= {
            "file": _from(workspace, span.file), "line": str(span.line), "endLine": str(span.line),
            "col": str(span.column), "endColumn": str(span.column + max(1, span.length))}
    written = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    text = "\n".join((finding.message, *filter(None, (finding.label,)), *finding.notes))
    return f"::{finding.severity} {written}::{_data(text)}"


def _from(workspace: str | None, file: str) -> str:
    """The file as the checkout has it, where it is of it."""
    if not workspace:
        return file
    root = os.path.realpath(workspace)
    absolute = os.path.join(os.path.realpath(os.path.dirname(file) or "."), os.path.basename(file))
    try:
        relative = os.path.relpath(absolute, root)
    except ValueError:  # another drive
        return file
    return file if relative.startswith(os.pardir) else relative.replace(os.sep, "/")


def _data(text: str) -> str:
    # Whatever else could end a line is made visible; % is first, or the others would be escaped twice.
    return "\n".join(safe_lines(text)).replace("%", "%25").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
