"""At a terminal: what is asked, what a yes, a no and ^C do, and what moves while batches are waited for."""

from __future__ import annotations

import sys

import pytest

from tests.shell.conftest import MANIFEST, Project
from tests.shell.serving import NOWHERE, at, provider

if sys.platform == "win32":
    pytest.skip("needs pseudo-terminals", allow_module_level=True)

from tests.shell.typing_at import typing_at

QUESTION = "Send 3 requests in 1 batch? Only yes is accepted: "


def test_a_yes_sends_what_was_shown(project: Project) -> None:
    with typing_at(project.folder, "apply") as person:
        person.sees(QUESTION)
        assert "+ create  3 requests in 1 batch" in person.screen
        person.types("yes\n")
        assert person.ends() == 0
    assert (project.folder / "out" / "labels.jsonl").exists()


def test_a_yes_is_asked_with_what_it_costs(project: Project) -> None:
    project.write("job.yaml", MANIFEST + "body: {max_tokens: 8}\nprices: {echo-1: {input: 1000, output: 1000}}\n")
    with typing_at(project.folder, "apply") as person:
        person.sees("Send 3 requests in 1 batch (up to ~$0.05)? Only yes is accepted: ")
        person.types("no\n")
        assert person.ends() == 1


@pytest.mark.parametrize("answer", ["no\n", "\n", "y\n", "\x04"])
def test_all_but_yes_sends_nothing(project: Project, answer: str) -> None:
    with typing_at(project.folder, "apply") as person:
        person.sees(QUESTION)
        person.types(answer)
        assert person.ends() == 1
        assert "Declined: nothing was sent or cancelled." in person.screen.splitlines()
    assert not (project.folder / "job.lock.json").exists()


def test_an_interrupt_at_the_question_sends_nothing_and_says_how_to_go_on(project: Project) -> None:
    with typing_at(project.folder, "apply") as person:
        person.sees(QUESTION)
        person.types("\x03")
        assert person.ends() == 130
        assert person.display[-2:] == [
            "Interrupted. What was done is recorded, and nothing is sent twice.", "To go on: batchctl apply"]
    assert not (project.folder / "job.lock.json").exists()


def test_a_question_that_nobody_would_see_is_not_asked(project: Project) -> None:
    with (project.folder / "log").open("wb") as log, \
            typing_at(project.folder, "apply", stderr=log.fileno()) as person:
        assert person.ends() == 64
    assert "there is no terminal to ask on" in (project.folder / "log").read_text()


def test_in_CI_nothing_is_asked(project: Project) -> None:
    with typing_at(project.folder, "apply", CI="true") as person:
        assert person.ends() == 64


def test_a_yes_is_for_what_was_shown_and_not_for_the_next_manifest(project: Project) -> None:
    project.write("second.yaml", MANIFEST.replace("labels", "second"))
    with typing_at(project.folder, "apply", "-f", "job.yaml", "-f", "second.yaml") as person:
        person.sees(QUESTION)
        assert "second  local" not in person.screen
        person.screen = ""
        person.types("yes\n")
        person.sees(QUESTION)
        assert "second  local" in person.screen
        person.types("no\n")
        assert person.ends() == 1
        assert "Declined: nothing more was sent or cancelled." in person.screen
    assert (project.folder / "job.lock.json").exists()
    assert not (project.folder / "second.lock.json").exists()


def test_something_moves_from_the_first_moment_of_waiting_and_an_interrupt_leaves_whole_lines(
        project: Project) -> None:
    with provider(project.folder / "data", "--upstream", NOWHERE) as base:
        project.write("job.yaml", at(base))
        with typing_at(project.folder, "apply", "--auto-approve", "--wait", SOME_KEY="a-key") as person:
            person.sees("waiting for 1 batch", timeout_s=4)  # the first look is after 5 s
            person.types("\x03")
            assert person.ends() == 130
            assert "\nInterrupted. 1 batch goes on at openai" in person.screen
        with typing_at(project.folder, "wait", "--poll-interval", "0.2", SOME_KEY="a-key") as person:
            person.sees("in_progress ")
            person.sees("0/3")
            person.types("\x03")
            assert person.ends() == 130
            assert "To go on: batchctl wait --poll-interval 0.2" in person.screen


def test_at_80_columns_the_longest_name_hides_neither_the_status_nor_how_far_it_is(project: Project) -> None:
    with provider(project.folder / "data", "--upstream", NOWHERE) as base:
        project.write("job.yaml", at(base).replace("name: labels", f"name: {'n' * 48}"))
        with typing_at(project.folder, "apply", "--auto-approve", "--wait", "--poll-interval", "0.2", size=(80, 24),
                       SOME_KEY="a-key") as person:
            person.sees("in_progress ")
            person.sees("0/3")


def test_lines_that_are_rendered_onto_the_screen_are_overwritten_by_no_bar(project: Project) -> None:
    project.write("rows.csv", "id,text\n" + "".join(f"r{row},text\n" for row in range(20_000)))
    with typing_at(project.folder, "render", "--workers", "1") as person:
        person.sees("custom_id")
        assert person.ends(60) == 0
    lines = person.screen.partition('{"body"')[2]
    assert lines.count('"custom_id"') == 20_000
    assert "\x1b" not in lines


def test_a_pipe_gets_plain_lines(project: Project) -> None:
    with provider(project.folder / "data", "--upstream", NOWHERE) as base:
        project.write("job.yaml", at(base))
        ended = project.program("apply", "--auto-approve", "--wait", "--timeout", "1", "--poll-interval", "0.2",
                                SOME_KEY="a-key")
    assert ended.code == 4
    assert "… waiting for 1 batch\n" in ended.err
    assert "\x1b" not in ended.err + ended.out


@pytest.mark.parametrize(("answer", "code"), [("yes\n", 0), ("no\n", 1)])
def test_a_preview_asks_before_it_costs_and_says_what(project: Project, answer: str, code: int) -> None:
    with typing_at(project.folder, "preview", "-n", "2") as person:
        person.sees("Send 2 requests? Only yes is accepted: ")
        assert "labels  local · echo-1 · /v1/chat/completions: 2 of 3 requests" in person.screen
        person.types(answer)
        assert person.ends() == code
    assert ("Declined: nothing was sent." in person.screen) is (code == 1)
    assert ("echo: two" in person.screen) is (code == 0)
