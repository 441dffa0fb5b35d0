"""Waiting at a terminal: a table of what runs, which fits the screen, leaves it as it was, and says how to go on."""

from __future__ import annotations

import re
import shlex
import signal
import sys
from collections.abc import Iterator

import pytest

from tests.shell.conftest import MANIFEST, Project
from tests.shell.serving import NOWHERE, at, provider

if sys.platform == "win32":
    pytest.skip("needs pseudo-terminals", allow_module_level=True)

from tests.shell.typing_at import Person, typing_at

WAITING = ("apply", "--auto-approve", "--wait", "--poll-interval", "0.4")
HEAD = ["JOB", "BATCH", "STATE", "FOR", "DONE", "RATE", "LEFT"]
STYLED = re.compile(r"\x1b\[[0-9;]+m")


@pytest.fixture
def stuck(project: Project) -> Iterator[Project]:
    """A project whose batches run for ever at a provider with OpenAI's API."""
    with provider(project.folder / "data", "--upstream", NOWHERE) as base:
        project.write("job.yaml", at(base))
        yield project


def waits(person: Person) -> list[str]:
    """The screen once the batches were looked at."""
    person.sees("in_progress")
    person.watches(0.6)
    return person.display


@pytest.mark.parametrize("columns", [80, 200])
def test_each_batch_has_its_job_state_requests_rate_age_and_the_time_left(stuck: Project, columns: int) -> None:
    with typing_at(stuck.folder, *WAITING, size=(columns, 24), SOME_KEY="k") as person:
        shown = waits(person)
        head = next(at for at, line in enumerate(shown) if line.startswith("JOB"))
        assert shown[head].split() == HEAD
        assert re.fullmatch(r"labels +batch_\S+ +in_progress +\d+ s +0/3 +(-|0/s) +23 h 59", shown[head + 1])
        assert shown[head + 2].startswith("waiting for 1 batch")
        assert ("…" in shown[head + 1]) is (columns == 80)
        steps = [line for line in shown[:head] if line.startswith("labels:")]
        assert [line.split()[1] for line in steps] == ["↑", "+"], "a step is a line, its id shortened where need be"


def test_of_many_batches_the_screen_shows_as_many_as_it_has_lines(stuck: Project) -> None:
    stuck.write("job.yaml", (stuck.folder / "job.yaml").read_text() + "batch: {max_requests: 1}\n")
    stuck.write("rows.csv", "id,text\n" + "".join(f"r{number},text\n" for number in range(8)))
    with typing_at(stuck.folder, *WAITING, size=(80, 7), SOME_KEY="k") as person:
        person.sees("and 5 more")
        shown = waits(person)
        assert len(shown) <= 7
        assert sum(" in_progress " in line for line in shown) == 3
        assert shown[-2] == "… and 5 more: 5 in_progress"
        assert shown[-1].startswith("waiting for 8 batches · 0 of 8 requests done")


def test_an_interrupt_says_what_goes_on_and_the_command_it_names_takes_it_up_again(stuck: Project) -> None:
    with typing_at(stuck.folder, *WAITING, "--timeout", "30", SOME_KEY="k") as person:
        waits(person)
        person.types("\x03")
        assert person.ends() == 130
        said = person.display[-3:]
        assert said[:2] == ["Interrupted. 1 batch goes on at openai; 0 of 3 requests done.",
                            "What was done is recorded, and nothing is sent twice."]
        assert not any(line.startswith("JOB") for line in person.display), "the table is off the screen"
        command = said[2].removeprefix("To go on: ")
        assert command == "batchctl apply --auto-approve --wait --poll-interval 0.4 --timeout 30"
    again = stuck.program(*shlex.split(command.replace("30", "0.5"))[1:], SOME_KEY="k")
    assert again.code == 4
    assert "create" not in again.err
    assert again.err.endswith(f"To go on: {command.replace('30', '0.5')}\n")


def test_a_saved_plan_that_is_broken_off_goes_on_without_the_plan_that_is_stale_by_then(stuck: Project) -> None:
    job = (stuck.folder / "job.yaml").read_text() + "vars: {tone: calm}\n"
    stuck.write("job.yaml", job + "---\n" + job.replace("labels", "second"))
    plan = ("plan", "--target", "second", "--out", "p.json", "--var", "tone=loud")
    assert stuck.program(*plan, SOME_KEY="k").code == 0
    with typing_at(stuck.folder, "apply", "p.json", "--wait", "--poll-interval", "0.4", "--trust-url",
                   NOWHERE, size=(160, 40), SOME_KEY="k") as person:
        waits(person)
        person.types("\x03")
        assert person.ends() == 130
        command = person.display[-1].removeprefix("To go on: ")
        assert command == (
            f"batchctl apply -f job.yaml --var 'tone=…' --target second --trust-url {NOWHERE} --wait")
    again = stuck.program(*shlex.split(command.replace("…", "loud"))[1:], "--timeout", "0.5", SOME_KEY="k")
    assert (again.code, "create" in again.err) == (4, False)


def test_the_local_server_is_said_to_stop_and_goes_on_with_the_next_command(project: Project) -> None:
    project.write("job.yaml", MANIFEST.replace("provider: local", f"provider: {{dialect: local, upstream: {NOWHERE}}}"))
    with typing_at(project.folder, *WAITING) as person:
        waits(person)
        person.types("\x03")
        assert person.ends() == 130
        assert person.display[-4:-2] == [
            "Interrupted. The local server stops; the next command goes on where it was.", "0 of 3 requests done."]


def test_in_the_end_the_table_is_gone_and_the_summary_is_there(project: Project) -> None:
    with typing_at(project.folder, "apply", "--auto-approve", size=(80, 24)) as person:
        assert person.ends() == 0
        assert person.display[-3:] == [
            "labels  local · echo-1 · rows 3: 3 ok", "  wrote     out/labels.jsonl, 3 records",
            "  used      3 tokens in, 6 out, $0"]
        assert [line.split()[1] for line in person.display if line.startswith("labels:")] == [
            "↑", "+", "↓", "»"]


@pytest.mark.parametrize(("number", "code", "word"), [
    (signal.SIGINT, 130, "Interrupted"), (signal.SIGTERM, 143, "Terminated")])
def test_whatever_ends_the_waiting_the_screen_is_left_as_it_was(
        stuck: Project, number: int, code: int, word: str) -> None:
    with typing_at(stuck.folder, *WAITING, SOME_KEY="k") as person:
        waits(person)
        assert person.cursor_is_shown, "hidden, it would stay so after a kill -9, and while stopped by ^Z"
        person.process.send_signal(number)
        assert person.ends() == code
        assert person.cursor_is_shown
        assert person.display[-3].startswith(f"{word}. 1 batch goes on")
        assert not any(line.startswith(("JOB", "waiting")) for line in person.display)


def test_a_second_interrupt_ends_at_once_on_a_line_of_its_own(stuck: Project) -> None:
    with typing_at(stuck.folder, *WAITING, SOME_KEY="k") as person:
        waits(person)
        person.process.send_signal(signal.SIGINT)
        person.process.send_signal(signal.SIGTERM)
        assert person.ends() in (130, 143)
        assert person.screen.endswith("\n")
        assert person.cursor_is_shown


def test_colour_is_there_unless_it_is_not_wanted(stuck: Project) -> None:
    for environ, coloured in (({"NO_COLOR": ""}, True), ({}, False), ({"FORCE_COLOR": "1"}, False)):
        with typing_at(stuck.folder, *WAITING, SOME_KEY="k", **environ) as person:
            waits(person)
            assert bool(STYLED.search(person.screen)) is coloured, environ


@pytest.mark.parametrize("environ", [{"TERM": "dumb"}, {"CI": "true"}])
def test_a_dumb_terminal_and_CI_get_plain_lines_and_the_same_words_at_an_interrupt(
        stuck: Project, environ: dict[str, str]) -> None:
    with typing_at(stuck.folder, *WAITING, SOME_KEY="k", **environ) as person:
        person.sees("in_progress, 0/3")
        person.watches(1.5)
        person.types("\x03")
        assert person.ends() == 130
        assert "\x1b" not in person.screen
        assert person.screen.count("in_progress") == 1, "a line a change, and none a look"
        assert "Interrupted. 1 batch goes on at openai; 0 of 3 requests done." in person.display


def test_a_terminal_that_is_gone_is_no_reason_to_stop(stuck: Project) -> None:
    with (stuck.folder / "out.txt").open("wb") as out, typing_at(
            stuck.folder, *WAITING, "--timeout", "3", stdout=out.fileno(), hang_up_ignored=True,
            SOME_KEY="k") as person:
        waits(person)
        person.hangs_up()
        assert person.process.wait(20) == 4
    assert "1 batch running" in (stuck.folder / "out.txt").read_text()
