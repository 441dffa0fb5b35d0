"""What manifests and lockfiles name, read at a glance.

For shells that complete a word: a second is too long there, and a mistake is nobody's business."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_MANIFESTS = (".yaml", ".yml")
_LOCKFILE = ".lock.json"
#: What is larger takes longer to read than anybody waits for a completion.
_MAX_MANIFEST = 4 << 20
_MAX_LOCKFILE = 16 << 20

#: `name:` at the top of a document, in a line of its own or first among the braces of a flow mapping.
_NAME = re.compile(r"""^["']?name["']?[ \t]*:[ \t]*["']?([a-z0-9-]{1,48})["']?[ \t]*(?:\#.*)?\r?$""", re.MULTILINE)
_FLOW_NAME = re.compile(r"""^\{[^{}\[\]]*?["']?\bname["']?[ \t]*:[ \t]*["']?([a-z0-9-]{1,48})\b""", re.MULTILINE)
_VERSION = re.compile(r"""^\W{0,3}version["']?\s*:""", re.MULTILINE)
_JOB = re.compile(r"[a-z0-9-]{1,48}")
#: Other ids could say something to the shell, or to the terminal.
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/-]{0,127}")


@dataclass(frozen=True, slots=True)
class Batch:
    """A recorded batch; `status` is None while its end is not recorded."""

    job: str
    batch_id: str
    status: str | None
    requests: int


def jobs_in(files: Iterable[Path]) -> list[str]:
    """The jobs of manifests, and of folders of them; of what cannot be read, none."""
    found: dict[str, None] = {}
    for path in _manifests(files):
        text = _text(path, _MAX_MANIFEST)
        found.update(dict.fromkeys(_NAME.findall(text) or _FLOW_NAME.findall(text)))
    return list(found)


def jobs_recorded_in(lockfiles: Iterable[Path]) -> list[str]:
    """The jobs that lockfiles name."""
    return list(dict.fromkeys(name for path in lockfiles for name in _recorded(path)))


def batches_in(lockfiles: Iterable[Path]) -> list[Batch]:
    """The batches of lockfiles, the newest first."""
    return [batch for path in lockfiles for job, record in _recorded(path).items() for batch in _batches(job, record)
            ][::-1]


def lockfiles_of(files: Iterable[Path]) -> list[Path]:
    """Those beside manifests, whether these are there or not, and those in folders."""
    found: dict[Path, None] = {}
    for path in files:
        if path.is_dir():
            found.update(dict.fromkeys(sorted(path.glob("*" + _LOCKFILE))))
        else:
            found[path.with_name(path.stem + _LOCKFILE)] = None
    return list(found)


def _manifests(files: Iterable[Path]) -> Iterator[Path]:
    for path in files:
        if not path.is_dir():
            yield path
            continue
        for inner in sorted(path.iterdir()):
            if inner.suffix.lower() in _MANIFESTS and _VERSION.search(_text(inner, _MAX_MANIFEST)):
                yield inner


def _recorded(lockfile: Path) -> Mapping[str, Any]:
    import json

    document = json.loads(_text(lockfile, _MAX_LOCKFILE) or "{}")
    jobs = document.get("jobs") if isinstance(document, dict) else None
    return {name: record for name, record in jobs.items() if _JOB.fullmatch(name)} if isinstance(jobs, dict) else {}


def _batches(job: str, record: Any) -> Iterator[Batch]:
    for batch in record.get("batches", ()):
        identity, status, requests = batch.get("batch_id"), batch.get("status"), batch.get("requests")
        if isinstance(identity, str) and _WORD.fullmatch(identity):
            yield Batch(job, identity, status if isinstance(status, str) and _WORD.fullmatch(status) else None,
                        requests if isinstance(requests, int) else 0)


def _text(path: Path, most: int) -> str:
    """Nothing where there is no regular file of a size that can be read at once: a pipe would be waited for."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return ""
    with open(descriptor, encoding="utf-8-sig", errors="replace") as file:
        found = os.fstat(descriptor)
        return file.read() if stat.S_ISREG(found.st_mode) and found.st_size <= most else ""
