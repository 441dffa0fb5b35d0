"""Reading a file through the source of its format, as workers do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from batchctl.desired.inputs.files import SourceFile, files_of
from batchctl.desired.inputs.opening import Opening, RowSource
from batchctl.desired.inputs.row import Chunk, SourceFailed
from batchctl.desired.inputs.sources import opened
from batchctl.words.diagnostics import Diagnostic
from tests.desired.jobs import file_input, job


class Reader:
    """Sources over files in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def file(self, name: str, content: bytes | None = None, **more: Any) -> SourceFile:
        if content is not None:
            (self.folder / name).write_bytes(content)
        files, findings = files_of(job(self.folder, file_input(name, **more)))
        assert not findings
        return files[0]

    @contextmanager
    def source(self, name: str, content: bytes | None = None) -> Iterator[RowSource]:
        file = self.file(name, content)
        with opened(Opening(file, file_input(name), {}, digested=False, alive=lambda: None)) as source:
            yield source.rows

    def all(self, name: str, content: bytes | None = None) -> Chunk:
        with self.source(name, content) as source:
            return source.read(10**9)

    def problems(self, name: str, content: bytes) -> list[Diagnostic]:
        """The findings of a file, whether it could be begun or not."""
        try:
            return self.all(name, content).findings
        except SourceFailed as failure:
            return [failure.finding]


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    return Reader(tmp_path)
