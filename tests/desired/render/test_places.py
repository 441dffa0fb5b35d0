"""A mistake in a template is marked in the manifest's own line, however the template is written there."""

from __future__ import annotations

from pathlib import Path

import pytest

from batchctl.desired.manifest import parse_text
from batchctl.desired.render.survey import survey
from batchctl.show.diagnostics import diagnostic_text
from batchctl.words.diagnostics import Diagnostic
from batchctl.words.errors import InvalidInput

HEAD = "version: 1\nname: demo\nmodel: m\n"


def _mistakes(folder: Path, rest: str) -> tuple[Diagnostic, ...]:
    (folder / "rows.csv").write_text("id,text\n1,a\n")
    (job,) = parse_text(HEAD + rest, str(folder / "job.yaml")).jobs
    with pytest.raises(InvalidInput) as caught:
        survey(job)
    return caught.value.findings


@pytest.mark.parametrize(
    ("prompt", "line", "marked"),
    [
        ('prompt: {user: "see {{ row.nope }}", system: s}\n', 5, "see {{ row.nope }}"),
        ('prompt: {user: "\\u007b{ row.nope }}"}\n', 5, "\\u007b{ row.nope }}"),
        ("prompt:\n  user: '{{ row.nope }}' # here\n", 6, "{{ row.nope }}"),
        ("prompt:\n  user: |\n    one\n      two {{ row.nope }}\n", 8, "two {{ row.nope }}"),
        ("prompt:\n  user: |2\n      {{ row.nope }}\n", 7, "{{ row.nope }}"),
        ("prompt:\n  user: >\n    one\n    two {{ row.nope }}\n", 7, "one"),
    ],
    ids=["flow", "escape", "quoted", "literal", "indented", "folded"],
)
def test_the_mark_is_under_the_template_in_the_manifests_line(
    tmp_path: Path, prompt: str, line: int, marked: str
) -> None:
    text = "inputs: [rows.csv]\n" + prompt
    (found,) = _mistakes(tmp_path, text)
    assert found.span is not None
    assert found.span.line == line
    assert found.line_text == (HEAD + text).splitlines()[line - 1]
    shown = found.line_text[found.span.column - 1 :][: found.span.length]
    assert shown.startswith(marked)
    *_, source, marks, _note = diagnostic_text([found]).splitlines()
    assert marks.index("^") == source.index(marked)


def test_mistakes_beside_templates_show_the_manifests_line_too(tmp_path: Path) -> None:
    text = 'inputs: [{path: rows.csv, key: "same"}]\nprompt: {user: "{{ row.text }}"}\n'
    (tmp_path / "rows.csv").write_text("id,text\n1,a\n2,b\n")
    (job,) = parse_text(HEAD + text, str(tmp_path / "job.yaml")).jobs
    with pytest.raises(InvalidInput) as caught:
        survey(job)
    (found,) = caught.value.findings
    assert found.code == "duplicate-key"
    assert found.line_text == text.splitlines()[0]
