"""Commands on a runner of GitHub Actions: mistakes stand beside their lines, and a failed plan says so as Markdown."""

from __future__ import annotations

import pytest

from tests.shell.conftest import MANIFEST, Project


def on_runner(project: Project) -> dict[str, str]:
    return {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(project.folder.parent)}


@pytest.mark.parametrize("command", ["validate", "plan", "apply"])
def test_a_mistake_is_annotated_at_its_line_in_the_checkout(project: Project, command: str) -> None:
    project.write("job.yaml", MANIFEST.replace("model:", "modle:"))
    ended = project(command, **on_runner(project))
    assert ended.code == 1
    (line,) = [line for line in ended.err.splitlines() if line.startswith("::")]
    assert line == (f"::error title=batchctl%3A unknown-key,file={project.folder.name}/job.yaml,line=4,endLine=4,col=1,"
                    'endColumn=6::unknown key "modle"%0Adid you mean "model"?')


def test_a_warning_is_annotated_as_one(project: Project) -> None:
    project.write("rows.csv", "id,text\n")
    ended = project("plan", **on_runner(project))
    assert [line.partition(" ")[0] for line in ended.err.splitlines() if line.startswith("::")] == ["::warning"]


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_what_ends_a_command_is_said_as_markdown_where_that_was_asked_for(project: Project, command: str) -> None:
    project.write("job.yaml", MANIFEST.replace("model:", "modle:"))
    ended = project(command, "--format", "markdown")
    assert ended.code == 1
    assert ended.out == (f"### batchctl {command}\n\n**Failed: 1 error.**\n\n"
                         '- `job.yaml:4:1` error `unknown-key`: unknown key "modle" (did you mean "model"?)\n')
    assert project(command).out == ""
    (project.folder / "job.yaml").unlink()
    ended = project(command, "--format", "markdown")
    assert ended.code == 64
    assert "there is no job.yaml here" in ended.out
