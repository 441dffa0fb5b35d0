"""Secrets that are looked for wherever a run may have left them."""

from __future__ import annotations

import base64
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.campaign.programs import KEY, Site

#: The key of `api_key_env`, that of a header, one in a proxy's URL, and one in a column that nothing asks for.
HEADER = "canary-header-51ce77"
PROXY = "canary-proxy-93aa10"
CELL = "canary-cell-c0ffee"
VARIABLE = "canary-variable-6d1f"

ENVIRON = {"HEADER_KEY": HEADER, "https_proxy": f"http://user:{PROXY}@127.0.0.1:9", "no_proxy": "*"}
ALL = (KEY, HEADER, PROXY, CELL, VARIABLE)


def forms(secret: str) -> tuple[bytes, ...]:
    """As it is, and as a Basic credential would carry it."""
    return secret.encode(), base64.b64encode(secret.encode()).rstrip(b"=")


def in_bytes(content: bytes, secrets: tuple[str, ...] = ALL) -> list[str]:
    return [secret for secret in secrets if any(form in content for form in forms(secret))]


def in_files(folder: Path, secrets: tuple[str, ...] = ALL) -> dict[str, list[str]]:
    """The files below a folder that hold a secret, and which."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink() and (held := in_bytes(path.read_bytes(), secrets)):
            found[str(path.relative_to(folder))] = held
    return found


@contextmanager
def watched(site: Site) -> Iterator[set[str]]:
    """What the command lines and environments of the processes that a run starts say of secrets, while it runs. Yields
    a set that is filled meanwhile; its own process is not looked at, as its environment is where keys belong."""
    found: set[str] = set()
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(0.01):
            for place in Path("/proc").glob("[0-9]*"):
                found.update(_of_process(place, site.folder))

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        ended.set()
        thread.join()


def _of_process(place: Path, folder: Path) -> Iterator[str]:
    """Workers are known by the folder that they run in, and by their command line."""
    try:
        if os.readlink(place / "cwd") != str(folder):
            return
        line, environ = (place / "cmdline").read_bytes(), (place / "environ").read_bytes()
    except OSError:
        return
    if b"-P" not in line.split(b"\0"):
        return
    yield "a worker was seen"
    yield from (f"the command line of a worker holds {secret}" for secret in in_bytes(line))
    yield from (f"the environment of a worker holds {secret}" for secret in in_bytes(environ))
