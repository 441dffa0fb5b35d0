"""What a shell offers at Tab: names of the line's own manifests and lockfiles, at once, and silence where there are
none; through the real shells."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from batchctl.shell.glance import jobs_in
from tests.hostile import CONTROL, EVIL
from tests.shell.conftest import MANIFEST, ROOT, Project, environment

if sys.platform == "win32":
    pytest.skip("needs pseudo-terminals", allow_module_level=True)

import resource

from tests.shell.typing_at import at_terminal

#: What completing must not load: it would be waited for at each Tab.
HEAVY = ("yaml", "jsonschema", "jsonschema_rs", "jinja2", "httpx", "rich", "orjson", "asyncio", "socket", "starlette",
         "uvicorn", "batchctl.act.passes", "batchctl.desired.job", "batchctl.remote.http")
IDENTITY = "batch_68f2"


def offered(folder: Path, line: str, **environ: str) -> list[str]:
    """What is offered for the last word of a line, which ends with a space where a new word begins."""
    words = line.split(" ")
    done = subprocess.run(
        [sys.executable, "-m", "batchctl"], capture_output=True, text=True, timeout=20, cwd=folder,
        env=environment({"_BATCHCTL_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1),
                         **environ}))
    assert (done.returncode, done.stderr) == (0, ""), "nothing is ever said"
    return [offer.partition(",")[2] for offer in done.stdout.split("\n") if offer]


def record(folder: Path, name: str = "job.lock.json", **jobs: list[tuple[str, str | None]]) -> None:
    (folder / name).write_text(json.dumps({"version": 1, "jobs": {job: {"batches": [
        {"batch_id": identity, "status": status, "requests": 3} for identity, status in batches]}
        for job, batches in jobs.items()}}))


@pytest.fixture
def two(project: Project) -> Path:
    """Jobs in two manifests, batches in the lockfile of the first."""
    project.write("job.yaml", MANIFEST + "---\n" + MANIFEST.replace("name: labels", 'name: "second"  # the other'))
    project.write("other.yaml", MANIFEST.replace("labels", "third"))
    project.write("notes.yaml", "name: no-job\n")
    record(project.folder, labels=[(f"{IDENTITY}a", "completed"), (f"{IDENTITY}b", None)],
           second=[(f"{IDENTITY}c", None)], gone=[])
    return project.folder


@pytest.mark.parametrize(("line", "found"), [
    ("plan --target ", ["labels", "second"]), ("plan --target se", ["second"]), ("plan --exclude la", ["labels"]),
    ("plan --target labels --target ", ["second"]), ("apply -f other.yaml --target ", ["third"]),
    ("apply -f job.yaml -f other.yaml --target ", ["labels", "second", "third"]),
    ("apply -f . --target ", ["labels", "second", "third"]), ("report ", ["labels", "second"]),
    ("report labels ", ["second"]), ("import ", ["labels", "second"]), ("import labels ", []),
    ("cancel ", ["labels", "second", f"{IDENTITY}c", f"{IDENTITY}b"]),
    ("cancel batch", [f"{IDENTITY}c", f"{IDENTITY}b"]),
    ("lock show ", ["labels", "second", "gone"]), ("lock rm labels ", [f"{IDENTITY}b", f"{IDENTITY}a"]),
    ("lock rm gone ", []), ("lock mv gone ", ["labels", "second"]), ("lock rm --lockfile job.lock.json g", ["gone"]),
    ("lock ", ["list", "mv", "rm", "show", "verify"]), ("providers gr", ["groq"]), ("serve --dialect po", ["portkey"]),
    ("init --template e", ["embed", "evaluate", "extract"]), ("schema ba", ["batches"]),
    ("plan --format ", ["text", "json", "markdown"]), ("results --format c", ["csv"]), ("completion z", ["zsh"]),
    ("batches --status in", ["in_progress"]), ("wa", ["wait"]), ("plan --det", ["--detailed-exitcode"]),
    ("plan --target = se", ["second"]), ("plan --color a", ["auto", "always"]),
])
def test_each_place_of_a_line_has_its_own_words(two: Path, line: str, found: list[str]) -> None:
    assert offered(two, f"batchctl {line}") == found


def test_a_folder_without_the_usual_manifest_offers_the_jobs_of_all_that_are_there(two: Path) -> None:
    (two / "job.yaml").rename(two / "jobs.yml")
    assert offered(two, "batchctl plan --target ") == ["labels", "second", "third"]
    assert offered(two, "batchctl plan --target ", BATCHCTL_FILE="other.yaml") == ["third"]


@pytest.mark.parametrize("text", [
    "", "version: 1\nname: [\n", "name: UPPER\n", "name: a; rm -rf /\n", "\x00\xff", "{", "- name: nested\n",
    "version: 1\nprompt:\n  name: nested\n", "name: $(reboot)\n", "<<<<<<< ours\nname: `x`\n"], ids=ascii)
def test_a_manifest_that_is_none_offers_nothing_and_says_nothing(project: Project, text: str) -> None:
    project.write("job.yaml", text)
    assert offered(project.folder, "batchctl plan --target ") == []


@pytest.mark.parametrize("text", [
    "", "{", "[]", '{"jobs": []}', '{"jobs": {"a": 1}}', '{"jobs": {"a": {"batches": 1}}}',
    '{"jobs": {"a": {"batches": [1]}}}', "\x00", "[" * 100_000], ids=range(9))
def test_a_lockfile_that_is_none_offers_no_batches_and_says_nothing(project: Project, text: str) -> None:
    project.write("job.lock.json", text)
    assert offered(project.folder, "batchctl lock rm a ") == []


def test_what_cannot_be_read_at_once_is_not_waited_for(project: Project) -> None:
    (project.folder / "job.yaml").unlink()
    os.mkfifo(project.folder / "job.yaml")
    assert offered(project.folder, "batchctl plan --target ") == []
    assert offered(project.folder, "batchctl plan -f nowhere.yaml --target ") == []
    assert offered(project.folder, "batchctl nosuch --target ") == []
    assert offered(project.folder, "batchctl 'plan ") == []


@pytest.mark.parametrize("evil", EVIL, ids=ascii)
def test_G9_hostile_names_are_offered_to_no_shell(project: Project, evil: str) -> None:
    record(project.folder, **{evil: [(IDENTITY, None)], "job": [(evil, None), (IDENTITY, evil)]})
    for line in ("lock show ", "lock rm job ", "cancel "):
        for offer in offered(project.folder, f"batchctl {line}"):
            assert not CONTROL.search(offer)
            assert offer in ("job", "labels", IDENTITY)


def test_completing_leaves_no_log_file_behind(two: Path) -> None:
    assert offered(two, "batchctl --log-file early.txt plan --log-file log.txt --target se") == ["second"]
    assert not (two / "log.txt").exists()
    assert not (two / "early.txt").exists()


def test_names_in_flow_style_and_in_json_are_found(tmp_path: Path) -> None:
    for number, (text, names) in enumerate((
            ('{"version": 1, "name": "a-job", "body": {"name": "inner"}}', ["a-job"]),
            ("{version: 1, name: a}\n---\n{name: b, version: 1}\n", ["a", "b"]),
            ("version: 1\r\nname: crlf\r\n", ["crlf"]), ("\ufeffname: marked\nversion: 1\n", ["marked"]))):
        path = tmp_path / f"{number}.yaml"
        path.write_bytes(text.encode())
        assert jobs_in([path]) == names


def test_fish_gets_whole_descriptions(two: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "batchctl"], capture_output=True, text=True, timeout=20, cwd=two, check=True,
        env=environment({"_BATCHCTL_COMPLETE": "fish_complete", "COMP_WORDS": "batchctl ap", "COMP_CWORD": "ap"}))
    assert done.stdout == "plain,apply\tMake it so: send what is missing; fetch what is done.\n"


@pytest.mark.parametrize("line", ["plan --target ", "cancel ", "lock rm labels ", "providers "])
def test_completing_loads_nothing_heavy(two: Path, line: str) -> None:
    program = ("import sys\nfrom batchctl.shell.cli import main\n"
               "try: main()\nfinally: sys.stderr.write(' '.join(sys.modules))")
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=20, cwd=two,
        env=environment({"_BATCHCTL_COMPLETE": "bash_complete", "COMP_WORDS": f"batchctl {line}",
                         "COMP_CWORD": str(len(line.split(" ")))}))
    assert done.stdout
    assert not set(HEAVY) & set(done.stderr.split())


def test_completing_takes_less_than_two_and_a_half_times_the_import_of_click(two: Path) -> None:
    environ = environment({"_BATCHCTL_COMPLETE": "bash_complete", "COMP_WORDS": "batchctl cancel ", "COMP_CWORD": "2"})

    def cpu_s(*arguments: str) -> float:
        """The least of some runs: others use this machine, too."""
        def once() -> float:
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run([sys.executable, *arguments], cwd=two, env=environ, check=True, stdout=subprocess.DEVNULL)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            return (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)

        return min(once() for _ in range(9))

    entered = "from batchctl.shell.cli import main\nmain()"
    ours, bare = cpu_s("-c", entered), cpu_s("-c", "import click")
    print(f"completing: {ours * 1000:.0f} ms, {ours / bare:.2f} times the import of click")
    assert ours < 2.5 * bare


#: How each shell is started without anybody's settings, and how it learns the script.
SHELLS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], 'eval "$(batchctl completion bash)"'),
    "zsh": (["zsh", "-f", "-i"], 'autoload -Uz compinit; compinit -u -D; eval "$(batchctl completion zsh)"'),
    "fish": (["fish", "--no-config", "-i"], "batchctl completion fish | source"),
}


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(("typed", "becomes"), [
    ("batchctl lock rm second ba", "batchctl lock rm second batch_68f2c"),
    ("batchctl plan --target sec", "batchctl plan --target second"),
    ("batchctl plan --format=mark", "batchctl plan --format=markdown"),
    ("batchctl apply -f other.yaml --target th", "batchctl apply -f other.yaml --target third"),
    ("batchctl cancel lab", "batchctl cancel labels"),
    ("batchctl validate -f oth", "batchctl validate -f other.yaml"),
])
def test_tab_in_a_real_shell_completes_the_word(two: Path, shell: str, typed: str, becomes: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell} here")
    command, learns = SHELLS[shell]
    bin_folder = two / "bin"
    bin_folder.mkdir()
    program = bin_folder / "batchctl"
    program.write_text(f"#!{sys.executable}\nfrom batchctl.shell.cli import main\nmain()\n")
    program.chmod(0o755)
    environ = {"PATH": f"{bin_folder}:{os.environ['PATH']}", "HOME": str(two), "PS1": "$ ", "PYTHONPATH": str(ROOT)}
    with at_terminal(command, two, environ) as person:
        person.types(f"{learns}; echo rea''dy\n")
        person.sees("ready")
        person.types(typed + "\t")
        deadline = time.monotonic() + 20
        while not any(line.endswith(becomes) for line in person.display):
            assert time.monotonic() < deadline, person.display
            person.watches(0.2)
