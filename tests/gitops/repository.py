"""A repository with a job in it, as the remote of clones that come and go like the disks of a CI's runners."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.shell.conftest import MANIFEST

ROWS = "id,text\na,one\nb,two\nc,three\n"


@dataclass(frozen=True)
class Repository:
    """A bare repository, and a folder for its clones."""

    folder: Path

    @property
    def remote(self) -> Path:
        return self.folder / "remote.git"

    def start(self, manifest: str = MANIFEST) -> None:
        git(self.folder, "init", "--quiet", "--bare", "--initial-branch", "main", str(self.remote))
        first = self.folder / "first"
        git(self.folder, "clone", "--quiet", f"file://{self.remote}", str(first))
        git(first, "checkout", "--quiet", "-b", "main")
        (first / "jobs").mkdir()
        (first / "jobs" / "job.yaml").write_text(manifest)
        (first / "jobs" / "rows.csv").write_text(ROWS)
        self.push(first, "start")

    def clone(self, name: str) -> Path:
        """As a runner checks out: the last commit alone."""
        made = self.folder / name
        git(self.folder, "clone", "--quiet", "--depth", "1", f"file://{self.remote}", str(made))
        return made

    def push(self, clone: Path, message: str) -> None:
        git(clone, "add", "--all")
        git(clone, "commit", "--quiet", "-m", message)
        git(clone, "push", "--quiet", "origin", "HEAD:main")

    def log(self) -> list[str]:
        """The subjects of the branch's commits, newest first."""
        return git(self.remote, "log", "--format=%s", "main").splitlines()

    def files_of_last_commit(self) -> list[str]:
        return git(self.remote, "diff-tree", "-r", "--name-only", "--no-commit-id", "main").splitlines()

    def show(self, path: str) -> str:
        return git(self.remote, "show", f"main:{path}")

    def refuse(self, times: int = 1_000_000) -> None:
        """Turns the next pushes down."""
        hook = self.remote / "hooks" / "pre-receive"
        left = self.folder / "refusals"
        left.write_text(str(times))
        hook.write_text(f'#!/bin/sh\nn=$(cat "{left}")\n[ "$n" -gt 0 ] || exit 0\n'
                        f'echo $((n - 1)) > "{left}"\necho "protected branch" >&2\nexit 1\n')
        hook.chmod(0o755)


def git(folder: Path, *arguments: str) -> str:
    identity = {f"GIT_{role}_{what}": f"somebody{end}" for role in ("AUTHOR", "COMMITTER")
                for what, end in (("NAME", ""), ("EMAIL", "@example.test"))}
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=False,
                          env={**os.environ, **identity, "GIT_CONFIG_GLOBAL": os.devnull})
    assert done.returncode == 0, done.stderr
    return done.stdout
