"""The published exit codes, row by row."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from batchctl.shell import exits
from batchctl.show.terminal import Terminal
from batchctl.words.errors import ExitCode, RunLockHeld
from tests.shell.conftest import MANIFEST, Project, environment


def test_0_is_a_plan_with_or_without_changes(project: Project) -> None:
    assert project("plan").code == 0


def test_1_is_a_manifest_with_a_mistake(project: Project) -> None:
    project.write("job.yaml", MANIFEST.replace("model:", "modle:"))
    assert project("validate").code == 1


def test_2_is_only_for_a_plan_with_changes_that_was_asked_to_tell(project: Project) -> None:
    assert project("plan", "--detailed-exitcode").code == 2
    assert project("apply", "--auto-approve").code == 0
    assert project("plan", "--detailed-exitcode").code == 0


def test_4_is_a_wait_that_ran_out_of_time(project: Project) -> None:
    slow = MANIFEST.replace("provider: local", "provider: {dialect: local, upstream: \"http://127.0.0.1:9/v1\"}")
    project.write("job.yaml", slow)
    ended = project("apply", "--auto-approve", "--timeout", "0.5")
    assert ended.code == 4, ended.err
    assert "Time ran out" in ended.err
    assert project("status", "--detailed-exitcode").code == 4
    assert project("status").code == 0


def test_5_is_a_run_lock_that_somebody_holds_and_the_message_names_the_holder(project: Project) -> None:
    from batchctl.recorded.runlock import RunLock

    (project.folder / ".batchctl").mkdir()
    with RunLock(project.folder / ".batchctl", "apply"):
        ended = project.program("apply", "--auto-approve", "--run-lock-timeout", "0")
    assert ended.code == 5
    assert RunLockHeld.code in ended.err
    assert "batchctl unlock" in ended.err


def test_5_is_a_stale_plan_and_the_message_says_what_moved(project: Project) -> None:
    assert project("plan", "--out", "p.json").code == 0
    project.write("rows.csv", "id,text\na,one\nb,other\n")
    ended = project("apply", "p.json")
    assert ended.code == 5
    assert "the requests are not those that were planned" in ended.err
    assert not (project.folder / "job.lock.json").exists()


def test_5_is_a_plan_that_could_not_look_at_the_provider(project: Project) -> None:
    project.write("job.yaml", MANIFEST.replace("provider: local", "provider: openai"))
    ended = project("plan", "--detailed-exitcode")
    assert ended.code == 5
    assert "OPENAI_API_KEY" in ended.out


@pytest.mark.parametrize("arguments", [
    ("plam",), ("plan", "--no-such-flag"), ("apply", "--poll-interval", "often"), ("plan", "--target", "nobody"),
    ("plan", "--var", "novalue"), ("lock", "show", "nobody"), ("providers", "nobody"), (),
    ("plan", "-f", "job.yaml", "-f", "other.yaml", "--lockfile", "x.lock.json"),
])
def test_64_is_a_wrong_command_line(project: Project, arguments: tuple[str, ...]) -> None:
    project.write("other.yaml", MANIFEST.replace("name: labels", "name: other").replace("out/labels", "out/other"))
    assert project(*arguments).code == 64


def test_64_is_an_apply_that_needs_approval_where_nobody_can_be_asked(project: Project) -> None:
    ended = project("apply")
    assert ended.code == 64
    assert "--auto-approve" in ended.err


def test_5_is_what_will_be_refused_and_no_approval_is_asked_for_it(project: Project) -> None:
    project.write("job.yaml", MANIFEST + "budget: {max_requests: 2}\n")
    assert project("apply").code == 5
    project.write("job.yaml", MANIFEST.replace("provider: local", "provider: openai"))
    assert project("apply").code == 5


def test_64_is_no_manifest_and_the_message_names_the_flag(project: Project) -> None:
    (project.folder / "job.yaml").unlink()
    ended = project("plan")
    assert ended.code == 64
    assert "-f FILE" in ended.err


def test_an_apply_with_nothing_to_approve_needs_no_approval(project: Project) -> None:
    assert project("apply", "--auto-approve").code == 0
    (project.folder / "out" / "labels.jsonl").unlink()
    assert project("apply").code == 0
    assert (project.folder / "out" / "labels.jsonl").exists()


def test_70_is_a_bug_without_a_traceback_or_a_secret_on_the_screen(capsys: pytest.CaptureFixture[str]) -> None:
    def broken() -> None:
        raise ZeroDivisionError("canary-key-123")

    terminal = Terminal({"SOME_API_KEY": "canary-key-123"})
    assert exits.run(broken, terminal) == 70
    shown = capsys.readouterr().err
    assert "Traceback (most" not in shown
    saved = Path(shown.split("The traceback is in ")[1].split(".log")[0] + ".log")
    assert "ZeroDivisionError: [redacted]" in saved.read_text()
    saved.unlink()
    terminal.verbose = True
    assert exits.run(broken, terminal) == 70
    shown = capsys.readouterr().err
    assert "Traceback (most" in shown
    assert "canary" not in shown


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_130_and_143_are_signals_and_what_was_sent_is_recorded(
        project: Project, number: signal.Signals, code: int) -> None:
    slow = MANIFEST.replace("provider: local", "provider: {dialect: local, upstream: \"http://127.0.0.1:9/v1\"}")
    project.write("job.yaml", slow)
    process = subprocess.Popen(
        [sys.executable, "-m", "batchctl", "apply", "--auto-approve"], cwd=project.folder, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment({}))
    lockfile = project.folder / "job.lock.json"
    deadline = time.monotonic() + 20
    while not (lockfile.exists() and '"batch_id"' in lockfile.read_text()) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(number)
    _, shown = process.communicate(timeout=10)
    assert process.returncode == code, shown.decode()
    assert b"Traceback" not in shown
    assert json.loads(lockfile.read_bytes())["jobs"]["labels"]["batches"][0]["batch_id"]


def test_a_reader_that_goes_away_is_no_bug(project: Project) -> None:
    process = subprocess.Popen([sys.executable, "-m", "batchctl", "render"], cwd=project.folder, env=environment({}),
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    shown = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=20) == ExitCode.OUTPUT_CLOSED
    assert shown == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("arguments", [("render",), ("--help",), ("plan", "--help"), ("providers",)])
def test_results_that_cannot_be_written_are_no_success(project: Project, arguments: tuple[str, ...]) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run([sys.executable, "-m", "batchctl", *arguments], cwd=project.folder, stdout=full,
                              stderr=subprocess.PIPE, env=environment({}), timeout=30)
    assert done.returncode == 1, done.stderr.decode()
    assert b"error[output]" in done.stderr


def test_a_second_signal_ends_at_once() -> None:
    program = ("import time\nfrom batchctl.shell import exits\nwith exits.signals():\n"
               "    try:\n        print('up', flush=True)\n        time.sleep(30)\n"
               "    except BaseException:\n        print('first', flush=True)\n        time.sleep(30)\n")
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, env=environment({}))
    assert process.stdout is not None
    killer = threading.Timer(20, process.kill)
    killer.start()
    assert process.stdout.readline() == b"up\n"
    process.send_signal(signal.SIGTERM)
    assert process.stdout.readline() == b"first\n"
    process.send_signal(signal.SIGTERM)
    assert process.wait() == 143
    process.stdout.close()
    killer.cancel()
