"""All inputs of a job as one run of rows in blocks of fixed size, which workers share out among themselves.

Blocks hold a fixed number of records counted over the whole job, so that who reads which block depends on nothing
but the inputs, and the output not on the number of workers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count

from batchctl.desired.inputs.files import SourceFile, files_of
from batchctl.desired.inputs.opening import Opening, RowSource
from batchctl.desired.inputs.row import AT_WORK, Record, Row, RowError, SourceFailed, place_of
from batchctl.desired.inputs.sources import opened
from batchctl.desired.job import Input, Job
from batchctl.words.diagnostics import Diagnostic
from batchctl.words.digest import text_digest
from batchctl.words.errors import InvalidInput

#: Records in a block, unusable ones and those that `where` drops included.
BLOCK = 1024

Beat = Callable[[int], None]

#: Whether a row that was read belongs to the job; raises RowError.
Accept = Callable[[Row], bool]


#: Bytes of input after which a block is given in pieces, so that large rows are not all held at once.
PIECE = 32 * 2**20
#: Records that are read at once before anything is known of their size.
_FIRST = 16


@dataclass(slots=True)
class Block:
    """The accepted rows and the mistakes of one run of records; with `more`, only the first of them."""

    index: int
    rows: list[Row] = field(default_factory=list)
    findings: list[Diagnostic] = field(default_factory=list)
    more: bool = False


class JobReader:
    """Reads worker `worker`'s share of a job's rows: blocks `worker`, `worker + workers`, and so on.

    `accept` decides on the rows of inputs that have a `where`; it is asked about all of them by every worker, so
    that all agree on the numbers of rows and on `limit`. `wanted(first, count)` may say that no row of a block is
    wanted, where the block's rows are numbered `first` to `first + count - 1`. `beat` gets the place of each row.
    """

    def __init__(
        self, job: Job, worker: int, workers: int, beat: Beat, *,
        accept: Accept | None = None, wanted: Callable[[int, int], bool] | None = None, digested: bool = False,
    ) -> None:
        self._job = job
        self._worker = worker
        self._workers = workers
        self._beat = beat
        self._accept = accept
        self._wanted = wanted
        self._digested = digested
        self._digests: list[bytes] = []
        self._number = 0
        self._filled = 0
        self._held = 0
        self._block = Block(0)
        #: Bytes of all sources that were read so far, decompressed.
        self.passed = 0

    def blocks(self) -> Iterator[Block]:
        """This worker's blocks, in order and some in pieces; an empty one too, but none after the last record or
        mistake."""
        files, findings = files_of(self._job)
        if self._owned:
            self._block.findings.extend(findings)
        left: dict[int, int | None] = {index: entry.limit for index, entry in enumerate(self._job.inputs)}
        for file in files:
            entry = self._job.inputs[file.input_index]
            try:
                yield from self._file(file, entry, left)
            except SourceFailed as failure:
                if self._owned:
                    self._block.findings.append(failure.finding)
        if self._owned and (self._filled or self._block.findings):
            yield self._block

    def digest(self) -> str:
        """The digest of all inputs, once `blocks` is exhausted (with `digested`)."""
        return text_digest(*self._digests)

    @property
    def _owned(self) -> bool:
        return self._block.index % self._workers == self._worker

    def _file(self, file: SourceFile, entry: Input, left: dict[int, int | None]) -> Iterator[Block]:
        steps = count(AT_WORK)
        opening = Opening(file, entry, self._job.vars, self._digested,
                          lambda: self._beat(place_of(file.index, next(steps))))
        with opened(opening) as source:
            yield from self._source(source.rows, file, entry, left, source.size)
            if self._digested:
                self._digests.append(source.digest())

    def _source(
        self, source: RowSource, file: SourceFile, entry: Input, left: dict[int, int | None], size: Callable[[], int]
    ) -> Iterator[Block]:
        """Takes records until the source or the input's limit ends, and yields each block that gets full. `size`
        tells how many bytes of the source were read so far."""
        judged = self._accept is not None and entry.where is not None
        passed = seen = 0
        while (remaining := left[file.input_index]) != 0:
            room = BLOCK - self._filled
            step = min(room if remaining is None else min(room, remaining), _step(passed, size()))
            if judged or (self._owned and (self._wanted is None or self._wanted(self._number, step))):
                consumed, accepted = self._take(source, file, step, judged)
            else:
                consumed = accepted = source.skip(step)
                self._beat(place_of(file.index, passed + consumed))
            passed += consumed
            self._number += accepted
            self._filled += consumed
            self._held += size() - seen
            self.passed += size() - seen
            seen = size()
            if remaining is not None:
                left[file.input_index] = remaining - accepted
            if self._filled == BLOCK:
                if self._owned:
                    yield self._block
                self._filled = self._held = 0
                self._block = Block(self._block.index + 1)
            elif self._held > PIECE:
                if self._owned:
                    self._block.more = True
                    yield self._block
                self._held = 0
                self._block = Block(self._block.index)
            if consumed < step:
                return

    def _take(self, source: RowSource, file: SourceFile, step: int, judged: bool) -> tuple[int, int]:
        """Reads records into the block; how many were read, and how many of them count as accepted."""
        chunk = source.read(step)
        shown, input_index, start = file.shown, file.input_index, place_of(file.index, 0)
        rows = [
            Row(number, shown, line, data, input_index, row, start + row)
            for number, (row, line, data) in enumerate(chunk.records, self._number)
        ]
        accepted = chunk.consumed
        if judged:
            rows = self._judge(rows, chunk.findings)
            accepted = len(rows)
        if self._owned:
            self._block.rows.extend(rows)
            self._block.findings.extend(chunk.findings)
        return chunk.consumed, accepted

    def _judge(self, rows: list[Row], findings: list[Diagnostic]) -> list[Row]:
        assert self._accept is not None
        kept: list[Row] = []
        for row in rows:
            self._beat(row.place)
            try:
                if self._accept(row):
                    kept.append(row._replace(number=self._number + len(kept)))
            except RowError as error:
                findings.append(error.finding)
        return kept


def rows(job: Job, worker: int, workers: int, beat: Beat, *, accept: Accept | None = None) -> Iterator[Row]:
    """The accepted rows of this worker's blocks, in order. Raises InvalidInput at the first mistake.

    For callers that come after `survey`, which has found all mistakes.
    """
    for block in JobReader(job, worker, workers, beat, accept=accept).blocks():
        if block.findings:
            raise InvalidInput(block.findings)
        yield from block.rows


__all__ = ["BLOCK", "Accept", "Beat", "Block", "JobReader", "Record", "rows"]


def _step(passed: int, size: int) -> int:
    """Records to read at once, judged by those that were passed: about a piece of them."""
    return max(1, PIECE * passed // max(size, 1)) if passed else _FIRST
