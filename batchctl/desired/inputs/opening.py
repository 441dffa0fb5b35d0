"""What a row source is, what it is opened with, and what an open one offers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from batchctl.desired.inputs.files import SourceFile
from batchctl.desired.inputs.looks import look_of
from batchctl.desired.inputs.row import Chunk, SourceFailed
from batchctl.desired.job import Input
from batchctl.words.diagnostics import Diagnostic


class RowSource(Protocol):
    """An ordered run of records, of which some are read and some only passed over.

    A record that cannot be used is a finding and still counts, so that whoever reads and whoever passes over
    agree on what record `n` is. A mistake after which nothing can be told ends the source: `read` tells it,
    `skip` does not.
    """

    def read(self, count: int) -> Chunk:
        """The next `count` records; fewer are consumed only at the end."""
        ...

    def skip(self, count: int) -> int:
        """Pass over `count` records; fewer only at the end."""
        ...


@dataclass(frozen=True, slots=True)
class Opening:
    """What a source is opened with: its file, the input that names it, the job's `vars`, whether a digest will be
    asked for, and what to call now and then while something takes long, so that nobody takes it for stuck."""

    file: SourceFile
    entry: Input
    values: Mapping[str, Any]
    digested: bool
    alive: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Opened:
    """An open source. `size` is how many bytes of it were read so far, decompressed; `digest` reads what is left and
    tells what all of it is, where that was announced."""

    rows: RowSource
    size: Callable[[], int]
    digest: Callable[[], bytes]


def unusable(opening: Opening, code: str, message: str, *notes: str) -> SourceFailed:
    """The end of a source that has no lines: the finding names the file, and stands at the input in the manifest."""
    return SourceFailed(Diagnostic(code, f"{opening.file.shown}: {message}", opening.entry.span, notes=notes))


def mistaken(opening: Opening, start: bytes, what: str) -> SourceFailed:
    """A file that does not start as `what` does, with what it looks like instead."""
    look = look_of(start)
    seen = f"looks like {look.what}" if look else "looks like nothing that is known" if start else "is empty"
    advice = f'write "format: {look.format}"' if look and look.format else 'check the file, or what "format" says'
    return unusable(opening, "input-format", f"{seen}, not like {what}", advice)


#: Opens a source, and closes it again. Raises SourceFailed.
Opener = Callable[[Opening], AbstractContextManager[Opened]]
