"""Writes the files that a job starts from, and overwrites none."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from batchctl.recorded import durable
from batchctl.words.diagnostics import Diagnostic
from batchctl.words.errors import InvalidInput, StateError

_IGNORED = ".batchctl/"

#: Files by name, each as pieces that are made when they are written.
Files = Mapping[str, Callable[[], Iterator[bytes]]]


def start(folder: Path, files: Files) -> list[str]:
    """Writes the files, and says what was done. Raises InvalidInput, with nothing written, where one is there, and
    StateError."""
    there = [folder / name for name in files if os.path.lexists(folder / name)]
    if there:
        raise InvalidInput([Diagnostic("file-exists", f"{path} is there already, and is not overwritten",
                                       notes=("name another folder: `batchctl init DIR`",)) for path in there])
    try:
        durable.make_folder(folder)
        # The manifest comes last: where it is, what it names is there too.
        for name, pieces in reversed(list(files.items())):
            with durable.replacing(folder / name) as file:
                file.writelines(pieces())
        return [*(f"wrote {folder / name}" for name in files), *_ignore(folder / ".gitignore")]
    except OSError as error:
        raise StateError(f"{folder} cannot be written: {error.strerror or error}") from error


def _ignore(path: Path) -> list[str]:
    before = path.read_bytes() if path.exists() else b""
    if any(line.strip() in (b".batchctl/", b".batchctl", b"/.batchctl/") for line in before.splitlines()):
        return []
    separator = b"\n" if before and not before.endswith(b"\n") else b""
    durable.write(path, before + separator + _IGNORED.encode() + b"\n")
    return [f"{'added a line to' if before else 'wrote'} {path}"]
