"""`lock verify --repair` as a user has it: named before and after, asked for, and as its schema says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.shell.conftest import Project
from tests.shell.test_json import check
from tests.shell.typing_at import typing_at


@pytest.fixture
def damaged(project: Project) -> Path:
    """The output of a finished job, cut short."""
    assert project.program("apply", "--auto-approve").code == 0
    (output,) = (project.folder / ".batchctl" / "results").glob("*/output.jsonl")
    output.write_bytes(output.read_bytes()[:-9])
    return output


def test_damage_is_named_before_and_after_it_is_mended(project: Project, damaged: Path) -> None:
    short = damaged.read_bytes()
    ended = project.program("lock", "verify", "--repair", "--auto-approve")
    assert ended.code == 0, ended.err
    assert ended.err.startswith("corrupt")
    assert "fetch its results again, and set the damaged ones aside" in ended.err
    assert "mended: fetched again, 3 of 3 ok" in ended.out
    assert project.program("lock", "verify").out.startswith("ok ")
    assert project.program("plan", "--detailed-exitcode").code == 0
    assert [path.read_bytes() for path in project.folder.glob(".batchctl/quarantine/*/output.jsonl")] == [short]
    assert project.program("gc", "--results").code == 0
    assert not list(project.folder.glob(".batchctl/quarantine/*"))


def test_what_is_mended_is_printed_as_its_schema_says(project: Project, damaged: Path) -> None:
    found = check("verify", project.program("lock", "verify", "--format", "json").out)["batches"]
    assert [(one["state"], one["repair"], bool(one["help"])) for one in found] == [("corrupt", None, True)]
    ended = project.program("lock", "verify", "--repair", "--auto-approve", "--format", "json")
    (mended,) = check("verify", ended.out)["batches"]
    assert (mended["state"], mended["repair"]["mended"]) == ("corrupt", True)


def test_64_nobody_can_be_asked_and_nothing_is_changed(project: Project, damaged: Path) -> None:
    short = damaged.read_bytes()
    ended = project.program("lock", "verify", "--repair")
    assert (ended.code, "add --auto-approve" in ended.err) == (64, True)
    assert damaged.read_bytes() == short
    assert project.program("lock", "verify", "--repair", "--offline").code == 64


@pytest.mark.parametrize(("answer", "code"), [("yes", 0), ("y", 1)])
def test_a_person_is_asked_and_only_yes_is_accepted(project: Project, damaged: Path, answer: str, code: int) -> None:
    short = damaged.read_bytes()
    with typing_at(project.folder, "lock", "verify", "--repair") as person:
        person.sees("Mend 1 finding? Only yes is accepted:")
        person.types(answer + "\n")
        assert person.ends() == code
    assert (damaged.read_bytes() == short) == bool(code)


def test_with_a_sound_project_there_is_nothing_to_mend_and_nobody_is_asked(project: Project) -> None:
    assert project.program("apply", "--auto-approve").code == 0
    ended = project.program("lock", "verify", "--repair")
    assert (ended.code, "Nothing to mend." in ended.out) == (0, True)


def test_5_a_provider_that_cannot_be_asked_is_said_and_the_rest_is_compared_all_the_same(
    project: Project, damaged: Path,
) -> None:
    manifest = (project.folder / "job.yaml").read_text()
    project.write("job.yaml", manifest.replace(
        "provider: local", 'provider: {dialect: openai, base_url: "http://127.0.0.1:9/v1", api_key_env: UNSET}'))
    ended = project.program("lock", "verify")
    assert ended.code == 1  # the damage is worse than not to know
    assert ended.out.startswith("corrupt")
    assert "UNSET" in ended.err
    damaged.parent.rename(damaged.parent.with_name("elsewhere"))
    ended = project.program("lock", "verify")
    assert ended.code == 5, ended.err
    assert ended.out.startswith("missing")
