"""What each format is made with: how a worker writes a record, how a file is made of these, and what that needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from batchctl.act.sinks import parquet
from batchctl.act.sinks.formats import Csv, Format, Jsonl
from batchctl.desired.job import Sink
from batchctl.words.diagnostics import Diagnostic


def lines_of(name: str, *, formula_safe: bool) -> Format:
    """How the workers write records for a file of this format."""
    if name == "parquet":
        return parquet.Cells()
    return Csv(formula_safe) if name == "csv" else Jsonl()


def file_of(sink: Sink, names: Sequence[str], lines: Iterable[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
    """A file's content in pieces, each with the number of records in it, made of what the workers wrote. Raises
    StateError where what it needs is not here."""
    if sink.format == "parquet":
        yield from parquet.encoded(names, lines)
        return
    yield 0, lines_of(sink.format, formula_safe=sink.formula_safe).header(names)
    yield from lines


def missing(sinks: Sequence[Sink]) -> list[Diagnostic]:
    """Where a format needs what is not installed: said before anything is paid for."""
    asked = [sink for sink in sinks if sink.format == "parquet"]
    problem = parquet.problem() if asked else None
    if problem is None:
        return []
    return [Diagnostic("sink-extra", f'the sink "{sink.path}" cannot be written: {problem}', sink.span,
                       notes=(parquet.ADVICE,)) for sink in asked]
