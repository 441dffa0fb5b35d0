"""A batch whose id cannot be recorded: the screen says how to record it, and the next run finds it without."""

from __future__ import annotations

import re
import shlex
import tempfile
from pathlib import Path

import pytest

from tests.shell.conftest import ROOT, Project
from tests.shell.serving import at, provider

KEY = {"SOME_KEY": "a-key"}

#: The lockfile's disk is full from the moment in which it would hold a batch id; of this one process alone.
FULL = """
import errno, os
replaces = os.replace
def replace(source, target):
    if str(target).endswith(".lock.json") and b'"batch_id"' in open(source, "rb").read():
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    replaces(source, target)
os.replace = replace
"""


@pytest.fixture
def broken(project: Project, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a process whose lockfile cannot be written after a create."""
    folder = tmp_path_factory.mktemp("full")
    (folder / "sitecustomize.py").write_text(FULL)
    return {**KEY, "PYTHONPATH": f"{folder}:{ROOT}", "BATCHCTL_SETTLE": "0.5"}


def made(project: Project) -> list[str]:
    """The batches that the provider has."""
    return re.findall(r"batch_[0-9a-f]+", project.program("batches", **KEY).out)


def command_of(said: str) -> list[str]:
    """The command that the screen says to run, as a shell reads it."""
    found = re.search(r"to record it: batchctl (.+)$", said.replace("; ", "\n"), re.MULTILINE)
    assert found, said
    return shlex.split(found[1])


def test_g2_g10_an_id_that_cannot_be_recorded_is_saved_and_shown_with_the_command_that_imports_it(
    project: Project, broken: dict[str, str],
) -> None:
    with provider(project.folder / "data") as base:
        project.write("my job.yaml", at(base))
        ended = project.program("apply", "--auto-approve", "-f", "my job.yaml", **broken)
        (batch,) = re.findall(r"(batch_[0-9a-f]+) was made, and is not recorded", ended.err.split("error[")[1])
        assert ended.code == 1
        assert "No space left on device" in ended.err
        assert command_of(ended.err) == ["import", "labels", batch, "-f", "my job.yaml"]
        assert (project.folder / f"my job.rescue-{batch}.json").exists()
        imported = project.program(*command_of(ended.err), **KEY)
        assert imported.code == 0, imported.err
        assert project.program("apply", "--auto-approve", "--wait", "-f", "my job.yaml", **KEY).code == 0
        assert len((project.folder / "out" / "labels.jsonl").read_text().splitlines()) == 3
        assert not list(project.folder.glob("*rescue*"))


def test_g1_g2_without_that_command_the_next_run_finds_the_batch_and_makes_no_other(
    project: Project, broken: dict[str, str],
) -> None:
    with provider(project.folder / "data") as base:
        project.write("job.yaml", at(base))
        assert project.program("apply", "--auto-approve", **broken).code == 1
        before = made(project)
        ended = project.program("apply", "--auto-approve", "--wait", **{**broken, "PYTHONPATH": str(ROOT)})
        assert ended.code == 0, ended.err
        assert "adopt" in ended.err
        assert made(project) == before
        assert len(before) == 1
        assert not list(project.folder.glob("*rescue*"))


def test_the_command_names_the_lockfile_and_the_variables_that_the_run_was_given(
    project: Project, broken: dict[str, str],
) -> None:
    with provider(project.folder / "data") as base:
        toned = at(base).replace("{{ row.text }}", "{{ vars.tone }} {{ row.text }}")
        project.write("job.yaml", toned + "vars: {tone: mild}\n")
        ended = project.program("apply", "--auto-approve", "--lockfile", "other.lock.json", "--var", "tone=very kind",
                                **broken)
        assert command_of(ended.err)[3:] == [
            "-f", "job.yaml", "--lockfile", "other.lock.json", "--var", "tone=very kind"]
        assert project.program(*command_of(ended.err), **KEY).code == 0


def test_a_store_on_another_file_system_works(project: Project) -> None:
    elsewhere = Path("/dev/shm")
    if not elsewhere.is_dir() or elsewhere.stat().st_dev == project.folder.stat().st_dev:
        pytest.skip("needs a second file system")
    with tempfile.TemporaryDirectory(dir=elsewhere) as folder:
        (project.folder / ".batchctl").symlink_to(folder)
        assert project.program("apply", "--auto-approve").code == 0
        assert project.program("plan", "--detailed-exitcode").code == 0
        assert list(Path(folder).glob("results/*/answers.bin"))
