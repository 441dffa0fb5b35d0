"""What render workers do: tell the requests of all rows in few bytes, or give the lines of some rows."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from batchctl.desired.inputs.files import locate
from batchctl.desired.inputs.reading import Block, JobReader
from batchctl.desired.inputs.row import Row, RowError
from batchctl.desired.job import Job
from batchctl.desired.render.findings import different_first, to_json
from batchctl.desired.render.values import Rules
from batchctl.words.diagnostics import Diagnostic
from batchctl.words.errors import InvalidInput
from batchctl.words.tokens import envelope_bytes

if TYPE_CHECKING:  # Jinja is for the workers; the parent only hands the task over
    from batchctl.desired.render.requests import Rendered, RequestRenderer

Frames = Generator[tuple[dict[str, Any], bytes], None, dict[str, Any] | None]

#: Bytes of lines after which a block is given in pieces.
_PIECE = 4 * 2**20

#: Stands for "no key" among the hashes of keys.
NO_KEY = 0
_64_BITS = 2**64 - 1


def key_hash(key: str | None) -> int:
    """64 bits of a key, never `NO_KEY`; the same in all workers, which share a hash seed. Equal hashes of different
    keys are possible, and looked into."""
    return NO_KEY if key is None else hash(key) & _64_BITS or 1


@dataclass(frozen=True, slots=True)
class SurveyTask:
    """For each block: ids (10 bytes a row), lengths (4), embedding inputs (4, if `units`), key hashes (8, if
    `keyed`), one after the other; and the envelope of the first line (words.tokens). Worker 0 returns the inputs'
    digest."""

    job: Job
    rules: Rules
    units: bool
    keyed: bool

    def blocks(self, worker: int, workers: int, beat: Callable[[int], None]) -> Frames:
        try:
            renderer = _renderer(self.job, self.rules)
        except InvalidInput as invalid:
            if worker == 0:
                yield _findings(list(invalid.findings)), b""
            return None
        reader = JobReader(self.job, worker, workers, beat, accept=renderer.accepts, digested=worker == 0)
        for block in reader.blocks():
            header, body = self._block(block, renderer, beat)
            yield {**header, "read": reader.passed}, body
        return {"digest": reader.digest()} if worker == 0 else None

    def locate(self, place: int) -> str:
        return locate(self.job, place)

    def _block(
        self, block: Block, renderer: RequestRenderer, beat: Callable[[int], None]
    ) -> tuple[dict[str, Any], bytes]:
        ids: list[bytes] = []
        lengths, units, keys = array("I"), array("I"), array("Q")
        findings = block.findings
        envelope: dict[str, int] = {}
        for row in block.rows:
            beat(row.place)
            try:
                request = renderer.render(row)
            except RowError as error:
                findings.append(error.finding)
                continue
            if not ids:
                envelope = {"envelope": envelope_bytes(request.line)}
            ids.append(request.identity)
            lengths.append(len(request.line))
            if self.units:
                units.append(request.units)
            if self.keyed:
                keys.append(key_hash(request.key))
        body = b"".join((*ids, lengths.tobytes(), units.tobytes(), keys.tobytes()))
        return {"rows": len(ids), "more": block.more, **envelope, **_findings(findings)}, body


@dataclass(frozen=True, slots=True)
class LinesTask:
    """For each block: how many of its rows are wanted, and their ids, lengths (4 bytes each) and lines.

    `wanted` holds row numbers in ascending order. `keys` asks for keys and places instead, in the header.
    """

    job: Job
    rules: Rules
    wanted: array[int]
    keys: bool = False

    def blocks(self, worker: int, workers: int, beat: Callable[[int], None]) -> Frames:
        try:
            renderer = _renderer(self.job, self.rules)
        except InvalidInput as invalid:
            if worker == 0:
                yield _findings(list(invalid.findings)), b""
            return None
        reader = JobReader(self.job, worker, workers, beat, accept=renderer.accepts, wanted=self._any_wanted)
        for block in reader.blocks():
            if block.findings:
                yield _findings(block.findings), b""
                return None
            yield from self._block(block, renderer, beat)
        return None

    def locate(self, place: int) -> str:
        return locate(self.job, place)

    def _any_wanted(self, first: int, count: int) -> bool:
        at = bisect_left(self.wanted, first)
        return at < len(self.wanted) and self.wanted[at] < first + count

    def _block(self, block: Block, renderer: RequestRenderer, beat: Callable[[int], None]) -> Frames:
        piece: list[tuple[Row, Rendered]] = []
        size = 0
        for row in block.rows:
            if not self._any_wanted(row.number, 1):
                continue
            beat(row.place)
            try:
                rendered = renderer.render(row)
            except RowError as error:
                yield _findings([error.finding]), b""
                return None
            piece.append((row, rendered))
            size += len(rendered.line)
            if size > _PIECE:
                yield self._piece(piece, more=True)
                piece, size = [], 0
        yield self._piece(piece, more=block.more)
        return None

    def _piece(self, piece: list[tuple[Row, Rendered]], *, more: bool) -> tuple[dict[str, Any], bytes]:
        header: dict[str, Any] = {"rows": len(piece), "more": more}
        if self.keys:
            return {**header, "keys": [[rendered.key, str(row)] for row, rendered in piece]}, b""
        ids = [rendered.identity for _, rendered in piece]
        lengths = array("I", (len(rendered.line) for _, rendered in piece))
        return header, b"".join((*ids, lengths.tobytes(), *(rendered.line for _, rendered in piece)))


def _renderer(job: Job, rules: Rules) -> RequestRenderer:
    from batchctl.desired.render.requests import RequestRenderer

    return RequestRenderer(job, rules)


def _findings(findings: list[Diagnostic]) -> dict[str, Any]:
    """In a block's header, and only where there are any; no more of them than anyone will look at."""
    return {"findings": [to_json(finding) for finding in different_first(findings)[:100]]} if findings else {}
