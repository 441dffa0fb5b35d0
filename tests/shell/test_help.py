"""Help: every command has it, it is quick, and nothing that a message names is missing."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys

import click
import pytest

from batchctl.shell.cli import COMMANDS, batchctl
from batchctl.shell.declared import Command, Group
from batchctl.show.terminal import Terminal
from tests.shell.conftest import ROOT, Project, environment

HEAVY = {"asyncio", "jsonschema", "jsonschema_rs", "httpx", "jinja2", "rich", "importlib.metadata", "orjson", "yaml",
         "starlette", "uvicorn", "batchctl.act.passes", "batchctl.desired.job"}


def commands() -> dict[str, click.Command]:
    """Every command by what a user types after `batchctl`."""
    found: dict[str, click.Command] = {}

    def walk(group: click.Group, before: str) -> None:
        for name in group.list_commands(click.Context(group)):
            command = group.get_command(click.Context(group), name)
            assert command is not None
            found[before + name] = command
            if isinstance(command, click.Group):
                walk(command, f"{before}{name} ")

    walk(batchctl, "")
    return found


def loaded(*arguments: str) -> set[str]:
    program = ("import sys\nfrom batchctl.shell.cli import run\nfrom batchctl.show.terminal import Terminal\n"
               f"code = run({list(arguments)!r}, Terminal())\nprint(*sys.modules, file=sys.stderr)\nsys.exit(code)")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment({}),
                          timeout=30)
    assert done.returncode == 0, done.stderr
    return set(done.stderr.split())


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("plan", "--help"), ("apply", "--help")])
def test_help_loads_click_and_nothing_heavy(arguments: tuple[str, ...]) -> None:
    assert not HEAVY & loaded(*arguments)


def test_importing_all_commands_loads_nothing_heavy() -> None:
    program = ("import sys\nfrom batchctl.shell.cli import _ALL, batchctl\nimport click\n"
               "for name in _ALL: batchctl.get_command(click.Context(batchctl), name)\nprint(*sys.modules)")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True,
                          env=environment({}), timeout=30)
    assert not HEAVY & set(done.stdout.split())


@pytest.mark.parametrize("name", sorted(commands()))
def test_every_command_has_help_with_its_exit_codes(project: Project, name: str) -> None:
    command = commands()[name]
    assert command.help
    if not isinstance(command, click.Group):
        shown = command.get_help(click.Context(command, info_name=name))
        assert "Exit codes:" in shown
        assert max(map(len, shown.splitlines())) <= 80
        assert all(option.help for option in command.params if isinstance(option, click.Option))


@pytest.mark.parametrize("name", ["", *sorted(commands())])
def test_help_ends_with_two_or_three_examples_and_each_is_a_line_that_can_be_typed(name: str) -> None:
    command = commands()[name] if name else batchctl
    assert isinstance(command, Command | Group)
    shown = command.get_help(click.Context(command, info_name=f"batchctl {name}".strip(), terminal_width=80))
    last = shown.rpartition("\nExamples:\n")[2].splitlines()
    assert last == [f"  {example}" for example in command.examples]
    assert 2 <= len(last) <= 3
    for example in command.examples:
        calls = re.findall(r"batchctl [^|&>)]*", example)
        assert calls, example
        assert any(call.startswith(f"batchctl {name}".strip()) for call in calls), example
        for call in calls:
            parse(shlex.split(call)[1:])


def parse(words: list[str]) -> None:
    """As the program would: raises a click.UsageError for what it does not take."""
    context = batchctl.make_context("batchctl", list(words), obj=Terminal())
    command: click.Command = batchctl
    while isinstance(command, click.Group):
        rest = [*context._protected_args, *context.args]
        assert rest, words
        name, found, rest = command.resolve_command(context, rest)
        assert found is not None, words
        command, context = found, found.make_context(name, rest, parent=context)


@pytest.mark.parametrize("line", ["plan --targt x", "plan job.yaml", "nosuch", "schema nosuch", "report", "lock shw x"])
def test_a_line_that_cannot_be_typed_would_be_found(line: str) -> None:
    with pytest.raises(click.UsageError):
        parse(line.split())


def test_every_command_and_flag_that_a_message_names_exists() -> None:
    known = commands()
    flags = {flag for command in known.values() for option in command.params for flag in option.opts}
    for path in sorted((ROOT / "batchctl").rglob("*.py")):
        text = path.read_text()
        if "server" in path.parts:
            continue
        for quoted in re.findall(r"`batchctl ([^`]+)`", text):
            words = re.sub(r"\{[^}]*\}", "x", quoted).replace("\\n", " ").split()
            if words[0] in ("--help", "-h", "x", "COMMAND"):
                continue
            assert words[0] in known, f"{path.name}: batchctl {quoted}"
        for flag in re.findall(r"(?<![-\w])(--[a-z][a-z-]+)", text):
            assert flag in flags | {"--help", "--version", "--ephemeral"}, f"{path.name}: {flag}"


def test_completion_scripts_are_printed_for_each_shell(project: Project) -> None:
    for shell in ("bash", "zsh", "fish"):
        ended = project("completion", shell)
        assert ended.code == 0
        assert "_BATCHCTL_COMPLETE" in ended.out


def test_completion_completes_commands_options_and_their_values() -> None:
    def completed(*words: str) -> set[str]:
        done = subprocess.run(
            [sys.executable, "-m", "batchctl"], capture_output=True, text=True, timeout=20, check=True,
            env=environment({"_BATCHCTL_COMPLETE": "bash_complete", "COMP_WORDS": " ".join(("batchctl", *words)),
                             "COMP_CWORD": str(len(words))}))
        return set(done.stdout.split())

    assert completed("pl") == {"plain,plan"}
    assert "plain,--format" in completed("plan", "--fo")
    assert {"plain,text", "plain,json", "plain,markdown"} <= completed("plan", "--format", "")


def test_lists_of_commands_are_cut_nowhere_at_80_columns(project: Project) -> None:
    for name, command in {"batchctl": batchctl, "lock": commands()["lock"]}.items():
        shown = command.get_help(click.Context(command, info_name=name, terminal_width=80))
        assert "..." not in shown.partition("Commands:")[2]


def test_the_readme_lists_the_commands_in_the_words_of_the_help() -> None:
    section = (ROOT / "README.md").read_text().partition("## Commands\n")[2].partition("\n## ")[0]
    listed = re.findall(r"^\| `([a-z]+)` \| (.*) \|$", section, re.MULTILINE)
    assert listed == [(name, summary) for section in COMMANDS.values() for name, (summary, _) in section.items()]


def test_the_readme_explains_every_key_of_a_manifest_and_no_other() -> None:
    section = (ROOT / "README.md").read_text().partition("## The manifest\n")[2].partition("\n## ")[0]
    rows = {name: meaning for names, meaning in re.findall(r"^\| (`[a-z_`, ]+`) \| (.*) \|$", section, re.MULTILINE)
            for name in re.findall(r"`([a-z_]+)`", names)}
    schema = json.loads((ROOT / "schemas" / "job.v1.schema.json").read_text())
    assert set(rows) == set(schema["properties"])
    definitions = schema["definitions"]
    inner = {"provider": definitions["provider"], "inputs": definitions["input"]["anyOf"][1],
             "sinks": definitions["sink"]["anyOf"][1],
             **{name: schema["properties"][name] for name in ("batch", "retry", "budget")}}
    for name, block in inner.items():
        assert set(block["properties"]) <= set(re.findall(r"[a-z_]+", rows[name])), name


def test_options_of_the_screen_may_stand_before_the_command(project: Project) -> None:
    ended = project.program("--color", "always", "--log-file", "log.txt", "plan")
    assert ended.code == 0
    assert "\x1b[" in ended.out
    assert "Rendering" in (project.folder / "log.txt").read_text()


def test_usage_mistakes_are_one_line_and_say_what_to_do(project: Project) -> None:
    assert project("completion").err == """\
error[usage]: missing argument '{bash|zsh|fish}'. Choose from: bash, zsh, fish
  = try `batchctl completion --help`
"""
    assert "manifests are named with -f FILE" in project("plan", "job.yaml").err


@pytest.mark.parametrize(("flag", "value", "said"), [
    ("--timeout", "-1", "'-1' is no number of seconds"), ("--timeout", "abc", "'abc' is no number of seconds"),
    ("--timeout", "nan", "'nan' is no number of seconds"),
    ("--poll-interval", "0", "'0' is no number of seconds above 0")])
def test_what_is_no_time_is_told_in_plain_words(project: Project, flag: str, value: str, said: str) -> None:
    ended = project("apply", flag, value)
    assert (ended.code, f"'{flag}': {said}\n" in ended.err) == (64, True)


def test_a_command_that_is_not_there_gets_a_suggestion(project: Project) -> None:
    assert 'did you mean "status"?' in project("stats").err
