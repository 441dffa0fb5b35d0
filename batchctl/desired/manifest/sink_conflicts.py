"""Finds sinks that would overwrite something: a manifest, a lockfile, an input, a template, or each other."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path

from batchctl.desired.job import Job, Sink
from batchctl.desired.manifest.findings import Findings

#: Files of one glob that are compared with the sinks by inode, to see through links.
_MAX_MATCHES = 10_000
_PRIVATE = frozenset({".batchctl", ".git"})

Identity = tuple[int, int] | str


def report(jobs: Iterable[tuple[Job, Findings]], protected: Mapping[Path, str]) -> None:
    """Reports every sink that may not be written; `protected` are files by what they are ("a manifest")."""
    known = list(jobs)
    taken: dict[Identity, str] = {key: what for path, what in protected.items() for key in _identities(path)}
    patterns = [
        (_pattern(job, entry.path), f'an input of the job "{job.name}"', job, entry.path)
        for job, _ in known for entry in job.inputs if entry.path
    ]  # fmt: skip
    if any(job.sinks for job, _ in known):
        for _, what, job, path in patterns:
            taken |= {key: what for match in _matches(job, path) for key in _identities(match)}
    for job, findings in known:
        for sink in job.sinks:
            problem = _unwritable(sink, job) or _overwritten(sink, taken, patterns)
            if problem:
                findings.error("sink-conflict", sink.span, f'the sink "{sink.path}" {problem}', "write elsewhere")
            taken |= dict.fromkeys(_identities(sink.target), f'a sink of the job "{job.name}"')


def _overwritten(
    sink: Sink, taken: Mapping[Identity, str], patterns: list[tuple[re.Pattern[str], str, Job, str]]
) -> str | None:
    what = next((taken[key] for key in _identities(sink.target) if key in taken), None)
    if what is None:
        what = next((name for pattern, name, _, _ in patterns if pattern.match(sink.target.as_posix())), None)
    return f"is also {what}" if what else None


def _unwritable(sink: Sink, job: Job) -> str | None:
    """What forbids writing this file whatever else the run names."""
    target = sink.target
    if sink.path.endswith(("/", os.sep)) or target.is_dir():
        return "is a folder"
    if target.exists() and not target.is_file():
        return "is not a regular file"
    private = next((part for part in target.parts if part.lower() in _PRIVATE), None)
    if private:
        return f"lies in {private}, which is not for results"
    if target.name.endswith(".lock.json"):
        return "has the name of a lockfile"
    blocking = next((above for above in target.parents if above.exists()), None)
    if blocking is not None and not blocking.is_dir():
        return f"lies below {blocking.name}, which is not a folder"
    return None


def _identities(path: Path) -> Iterator[Identity]:
    """What tells that two paths are one file: the path, and the inode where the file is there."""
    yield os.path.normcase(path)
    try:
        status = path.stat()
    except (OSError, ValueError):
        return
    if status.st_ino:
        yield status.st_dev, status.st_ino


def _matches(job: Job, path: str) -> Iterator[Path]:
    """Files that an input names now. A recursive glob may be a whole disk: there only its pattern counts."""
    if not glob.has_magic(path):
        yield job.folder / path
    elif "**" not in path:
        yield from map(Path, islice(glob.iglob(str(Path(glob.escape(str(job.folder))) / path)), _MAX_MATCHES))
    if glob.has_magic(path) and (job.folder / path).exists():
        yield job.folder / path


def _pattern(job: Job, path: str) -> re.Pattern[str]:
    """All files that an input names now or later, as a pattern over resolved paths."""
    parts = (job.folder / path).parts
    fixed = next((n for n, part in enumerate(parts) if n >= len(job.folder.parts) and glob.has_magic(part)), len(parts))
    if Path(path).is_absolute():
        fixed = next((n for n, part in enumerate(parts) if glob.has_magic(part)), len(parts))
    base = Path(*parts[:fixed]).resolve().as_posix()
    rest = "".join(_part(part, last=n == len(parts) - 1) for n, part in enumerate(parts[fixed:], fixed))
    return re.compile(re.escape(base) + rest + r"\Z", re.DOTALL)


def _part(part: str, *, last: bool) -> str:
    if part == "**":
        return r"(?:/.*)?" if not last else r"/.*"
    translated = ""
    for token in re.findall(r"\[!?\]?[^\]/]*\]|.", part, re.DOTALL):
        if token == "*":
            translated += "[^/]*"
        elif token == "?":
            translated += "[^/]"
        elif len(token) > 1:
            inside = token[1:-1].replace("\\", r"\\")
            translated += "[" + ("^" + inside[1:] if inside.startswith("!") else re.sub(r"^\^", r"\\^", inside)) + "]"
        else:
            translated += re.escape(token)
    return "/" + translated
