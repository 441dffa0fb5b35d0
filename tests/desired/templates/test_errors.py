"""Where a mistake in a template is shown."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from batchctl.desired.job import Template
from batchctl.desired.templates.compiling import Templates
from batchctl.words.diagnostics import Diagnostic, Span
from tests.desired.jobs import template

from .test_sandbox import NAMES, evaluate


def test_an_error_while_rendering_names_the_line_and_shows_it(tmp_path: Path) -> None:
    finding = evaluate(tmp_path, "one\ntwo {{ row.id + 1 }}\nthree")
    assert isinstance(finding, Diagnostic)
    assert finding.span is not None
    assert (finding.span.line, finding.span.column, finding.line_text) == (11, 5, "    two {{ row.id + 1 }}")
    assert finding.code == "template-type"


def test_a_template_without_line_offsets_points_at_its_origin(tmp_path: Path) -> None:
    origin = Span("job.yaml", 4, 9, 20)
    templates = Templates(tmp_path, NAMES)
    assert templates.compile(Template("a\n{{ b }}", origin)) is None
    assert templates.findings[0].span == origin


def test_syntax_errors_name_the_line(tmp_path: Path) -> None:
    finding = evaluate(tmp_path, "one\n{{ row.id }\n")
    assert (finding.code, finding.span.line) == ("template-syntax", 11)


def test_all_unknown_names_are_found_before_any_row_with_a_suggestion(tmp_path: Path) -> None:
    templates = Templates(tmp_path, NAMES)
    source = "{% set x = 1 %}{{ x }}{{ rwo.id }}\n{{ var.a }}{% for y in [] %}{{ y }}{% endfor %}"
    assert templates.compile(template(source)) is None
    assert [(f.message, f.label, f.span and f.span.line) for f in templates.findings] == [
        ('unknown name "rwo"', 'did you mean "row"?', 10),
        ('unknown name "var"', 'did you mean "vars"?', 11),
    ]


def test_a_missing_column_names_those_that_exist(tmp_path: Path) -> None:
    finding = evaluate(tmp_path, "{{ row.titel }}", row={"id": 1, "title": 2})
    assert finding.code == "template-undefined"
    assert finding.message == 'row has no column "titel" (did you mean "title"?); it has: id, title'


def test_unknown_filters_are_found_before_any_row(tmp_path: Path) -> None:
    finding = evaluate(tmp_path, "a\n{{ row.id | shout }}")
    assert (finding.code, finding.span.file, finding.span.line) == ("template-syntax", "job.yaml", 11)


def test_an_error_in_an_included_file_names_that_file(tmp_path: Path) -> None:
    (tmp_path / "part.txt").write_text("fine\n  {{ row.id + 1 }}\n")
    finding = evaluate(tmp_path, "{% include 'part.txt' %}")
    assert finding.span == Span(str(tmp_path / "part.txt"), 2, 3, 16)
    assert finding.line_text == "  {{ row.id + 1 }}"


def test_an_included_file_is_named_as_it_is_reached_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "a.txt").write_text("{{ row.id + 1 }}\n")
    finding = evaluate(tmp_path, "{% include 'parts/a.txt' %}")
    assert finding.span.file == str(Path("parts", "a.txt"))


def test_included_files_see_the_row_and_are_confined(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "part.txt").write_text("<{{ row.id }}>")
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    os.mkfifo(folder / "fifo.txt")
    assert evaluate(folder, "{% include 'sub/part.txt' %}") == "<7>"
    for name in ("link.txt", "../secret.txt", str(tmp_path / "secret.txt"), "fifo.txt"):
        finding = evaluate(folder, "{% include '" + name + "' ignore missing %}{% include '" + name + "' %}")
        assert finding.code == "template-include"
        assert isinstance(evaluate(folder, "{% include '" + name + "' ignore missing %}"), Diagnostic)


@pytest.mark.parametrize("name", ["range", "lipsum", "cycler", "joiner", "namespace", "dict"])
def test_included_files_have_no_globals_either(tmp_path: Path, name: str) -> None:
    (tmp_path / "part.txt").write_text("{{ " + name + "(9) }}")
    assert evaluate(tmp_path, "{% include 'part.txt' %}").code == "template-undefined"


def test_an_include_that_is_not_there_is_found_before_any_row(tmp_path: Path) -> None:
    templates = Templates(tmp_path, NAMES)
    assert templates.compile(template("a\n{% if row.x %}{% include 'nope.txt' %}{% endif %}")) is None
    (finding,) = templates.findings
    assert (finding.code, finding.span and finding.span.line) == ("template-missing", 11)


@pytest.mark.parametrize("content", [b"\xff", b"x" * (2**20 + 1)])
def test_an_include_must_be_small_utf8_text(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "part.txt").write_bytes(content)
    assert evaluate(tmp_path, "{% include 'part.txt' %}").code == "template-include"


def test_endless_recursion_is_a_finding(tmp_path: Path) -> None:
    finding = evaluate(tmp_path, "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}")
    assert finding.code == "template-recursion"
