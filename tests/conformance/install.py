"""Installs the servers that nobody here wrote, once, outside the repository: `python -m tests.conformance.install`."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from filelock import FileLock

#: Where they are kept; by default a folder for temporary files, one a user.
FOLDER = "BATCHCTL_NPM_CACHE"

#: The override is needed: without it, the gateway answers every download of a file with 500.
PACKAGE = {
    "private": True,
    "dependencies": {"@portkey-ai/gateway": "1.15.2", "@copilotkit/aimock": "1.43.0"},
    "overrides": {"@hono/node-server": "1.13.2"},
}
LLMOCK = "llmock==0.2.2"

GATEWAY = Path("npm/node_modules/@portkey-ai/gateway/build/start-server.js")
AIMOCK = Path("npm/node_modules/@copilotkit/aimock/dist/cli.js")
LLMOCK_PYTHON = Path("llmock") / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


class MissingError(Exception):
    """A server cannot be had on this machine; the message says why."""


def folder() -> Path:
    """The folder, made. Raises MissingError when it is somebody else's, who could put anything into it."""
    named = os.environ.get(FOLDER)
    user = os.getuid() if hasattr(os, "getuid") else "user"
    found = Path(named) if named else Path(tempfile.gettempdir()) / f"batchctl-conformance-{user}"
    found.mkdir(mode=0o700, parents=True, exist_ok=True)
    if hasattr(os, "getuid") and found.stat().st_uid != os.getuid():
        raise MissingError(f"{found} belongs to another user; {FOLDER} names another folder")
    return found.absolute()


@functools.cache
def npm_packages() -> Path:
    """The folder with the gateway and aimock in it. Raises MissingError."""
    return _once("npm", json.dumps(PACKAGE, sort_keys=True), _install_npm)


@functools.cache
def llmock() -> Path:
    """The folder with LLMock in a virtual environment of its own. Raises MissingError."""
    return _once("llmock", LLMOCK, _install_llmock)


def _once(name: str, versions: str, install: object) -> Path:
    """Installs under a lock, as several test processes may begin at once; what is complete bears a mark."""
    root = folder()
    mark = root / f"{name}.installed"
    with FileLock(root / f"{name}.lock", timeout=300):
        if not (mark.exists() and mark.read_text() == versions):
            shutil.rmtree(root / name, ignore_errors=True)
            (root / name).mkdir()
            assert callable(install)
            install(root / name)
            mark.write_text(versions)
    return root


def _install_npm(target: Path) -> None:
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        raise MissingError("there is no node or no npm on this machine")
    (target / "package.json").write_text(json.dumps(PACKAGE))
    _run([npm, "install", "--no-audit", "--no-fund", "--ignore-scripts"], target)


def _install_llmock(target: Path) -> None:
    _run([sys.executable, "-m", "venv", "."], target)
    _run([str(target.parent / LLMOCK_PYTHON), "-m", "pip", "install", "-q", LLMOCK], target)


def _run(command: list[str], where: Path) -> None:
    done = subprocess.run(command, cwd=where, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise MissingError(f"`{Path(command[0]).name} {' '.join(command[1:])}` failed: {said[-1] if said else '?'}")


def main() -> int:
    """Installs all, and says what cannot be had."""
    missing = 0
    for what in (npm_packages, llmock):
        try:
            sys.stdout.write(f"{what.__name__}: {what()}\n")
        except MissingError as error:
            missing += 1
            sys.stdout.write(f"{what.__name__}: missing: {error}\n")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
