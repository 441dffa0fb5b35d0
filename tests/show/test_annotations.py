"""Annotations for GitHub Actions: at the line, escaped, few; and nothing else that is printed is a command."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest

from batchctl.show.annotations import annotation_text, harmless
from batchctl.show.failure_markdown import failure_markdown
from batchctl.show.terminal import Terminal
from batchctl.words.diagnostics import Diagnostic, Span
from tests.hostile import EVIL
from tests.show.test_markdown import harmless as no_markup


def parsed(line: str) -> tuple[str, dict[str, str], str]:
    """A command as a runner reads it (actions/runner, ActionCommand.TryParseV2)."""
    assert line.lstrip().startswith("::")
    info, _, data = line.lstrip()[2:].partition("::")
    name, _, rest = info.partition(" ")
    properties = dict(pair.split("=", 1) for pair in rest.strip().split(",") if "=" in pair)
    return name, {key: unescaped(value, ",", ":", "\n", "\r") for key, value in properties.items()}, unescaped(
        data, "\n", "\r")


def unescaped(text: str, *marks: str) -> str:
    for mark in (*marks, "%"):
        text = text.replace(f"%{ord(mark):02X}", mark)
    return text


def is_command(line: str) -> bool:
    """Whether a runner acts on a line: the one form at its start, the older one anywhere."""
    return (line.lstrip().startswith("::") and "::" in line.lstrip()[2:]) or bool(re.search(r"##\[[^\]]*\]", line))


def test_an_annotation_stands_at_the_file_line_and_columns_of_its_mistake() -> None:
    finding = Diagnostic("unknown-key", 'unknown key "modle"', Span("jobs/a.yaml", 13, 5, 5), 'did you mean "model"?',
                         notes=("a note",))
    assert annotation_text([finding], None) == (
        "::error title=batchctl%3A unknown-key,file=jobs/a.yaml,line=13,endLine=13,col=5,endColumn=10::"
        'unknown key "modle"%0Adid you mean "model"?%0Aa note\n')


def test_what_an_annotation_says_comes_out_as_it_was() -> None:
    message = "100 % of a,b:c;d]\n%0A::error::x"
    (line,) = annotation_text([Diagnostic("a:b,c%d", message, Span("x,y:z%2C.yaml", 1), severity="warning")],
                              None).splitlines()
    name, properties, data = parsed(line)
    assert (name, data) == ("warning", message)
    assert properties["file"] == "x,y:z%2C.yaml"
    assert properties["title"] == "batchctl: a:b,c%d"


@pytest.mark.parametrize("text", EVIL)
def test_g9_hostile_text_in_a_mistake_makes_one_line_and_no_second_command(text: str) -> None:
    made = annotation_text([Diagnostic(text, text, Span(text, 1), text, notes=(text,))], None)
    assert made.endswith("\n")
    assert made.count("\n") == 1
    assert "\r" not in made
    assert made.startswith("::error title=")


@pytest.mark.parametrize("text", [
    "::error::x", "  ::set-output name=a::b", "\t::stop-commands::t", "\u00a0::add-mask::x", "a\n::warning::b",
    "text ##[error]x", "##[add-mask]e", ":::error::x", "::::", "a\r::error::x"])
def test_g9_what_else_is_printed_on_stderr_is_no_command_there(text: str) -> None:
    out = io.StringIO()
    Terminal({"GITHUB_ACTIONS": "true"}, stdin=io.StringIO(), stdout=io.StringIO(), stderr=out).err(text)
    assert not [line for line in re.split("[\r\n]", out.getvalue()) if is_command(line)]
    assert out.getvalue().replace(" ", "") == text.replace(" ", ""), "it can be read still"
    assert harmless("a :: b, c::d # [x]") == "a :: b, c::d # [x]"


def test_elsewhere_stderr_has_no_annotation_and_its_text_is_as_it_was() -> None:
    for environ in ({}, {"GITHUB_ACTIONS": "false"}, {"CI": "true"}):
        out = io.StringIO()
        terminal = Terminal(environ, stdin=io.StringIO(), stdout=io.StringIO(), stderr=out)
        terminal.err("::error::x\n")
        terminal.diagnostics([Diagnostic("code", "message")])
        assert out.getvalue() == "::error::x\nerror[code]: message\n"


def test_files_are_named_from_the_root_of_the_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "work" / "jobs").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "work" / "jobs")

    def named(file: str, workspace: str | None) -> str:
        return parsed(annotation_text([Diagnostic("c", "m", Span(file, 1))], workspace))[1]["file"]

    assert named("a.yaml", str(tmp_path / "work")) == "jobs/a.yaml"
    assert named("../b.yaml", str(tmp_path / "work")) == "b.yaml"
    assert named(str(tmp_path / "work" / "c.yaml"), str(tmp_path / "work")) == "c.yaml"
    assert named("../../d.yaml", str(tmp_path / "work")) == "../../d.yaml", "what lies outside keeps its name"
    assert named("a.yaml", None) == "a.yaml"
    (tmp_path / "link").symlink_to(tmp_path / "work")
    assert named("a.yaml", str(tmp_path / "link")) == "jobs/a.yaml"


def test_of_more_than_a_step_shows_the_last_annotation_says_how_many() -> None:
    errors = [Diagnostic(f"e{at}", "m") for at in range(12)]
    warnings = [Diagnostic(f"w{at}", "m", severity="warning") for at in range(10)]
    lines = annotation_text([*warnings, *errors], None).splitlines()
    assert [parsed(line)[0] for line in lines] == ["error"] * 10 + ["warning"] * 10
    assert parsed(lines[9])[2] == "3 more errors in the log"
    assert parsed(lines[-1])[1]["title"] == "batchctl: w9"


@pytest.mark.parametrize("text", EVIL)
def test_g9_a_failure_as_markdown_is_a_line_for_each_mistake_whatever_they_say(text: str) -> None:
    made = failure_markdown("plan", [Diagnostic(text, text, Span(text, 1), text, notes=(text,))])
    assert made.startswith("### batchctl plan\n\n**Failed: 1 error.**\n\n- ")
    assert len(made.splitlines()) == 5
    no_markup(made)
