"""What is fuzzed: for any bytes a value or a typed error, and what was written is read back as it was."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from batchctl.act.lines import NotALine, parse, text_of
from batchctl.decide.known import Candidate
from batchctl.desired.inputs.files import SourceFile, files_of
from batchctl.desired.inputs.opening import Opening, RowSource
from batchctl.desired.inputs.row import SourceFailed
from batchctl.desired.inputs.sources import opened
from batchctl.desired.manifest import load
from batchctl.recorded.codec import LockfileInvalid, decode, encode
from batchctl.recorded.records import JobRecord, Recorded
from batchctl.remote.http import Http
from batchctl.remote.provider import Provider
from batchctl.words.diagnostics import Diagnostic
from batchctl.words.dialects import OPENAI
from batchctl.words.errors import InvalidInput, RemoteError
from batchctl.words.remote import Coordinates
from tests.desired.jobs import file_input, job

HERE = Coordinates("fake", "openai", base_url="http://provider.test/v1", api_key_env="FAKE_KEY")
_STATUSES = (200, 200, 200, 400, 401, 404, 429, 500)


def manifest(data: bytes) -> None:
    """The YAML loader, from the bytes of a file to jobs."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "job.yaml"
        path.write_bytes(data)
        for finding in _mistakes(path):
            assert finding.label or finding.notes, f"no way to mend it is told: {finding}"
            assert finding.span is None or (finding.span.line >= 1 and finding.span.column >= 1), finding


def _mistakes(path: Path) -> tuple[Diagnostic, ...]:
    try:
        load([path])
    except InvalidInput as invalid:
        return invalid.findings or (Diagnostic("nothing", "it is refused, and nobody says why"),)
    return ()


def lockfile(data: bytes) -> None:
    """The lockfile reader: what it accepts is written and read again without loss."""
    recorded = _recorded(data)
    if isinstance(recorded, Diagnostic):
        assert recorded.span is not None
        assert recorded.span.line >= 1
        return
    written = encode(recorded)
    assert decode(written, "job.lock.json") == recorded
    assert encode(decode(written, "job.lock.json")) == written


def _recorded(data: bytes) -> Recorded | Diagnostic:
    try:
        return decode(data, "job.lock.json")
    except LockfileInvalid as invalid:
        return invalid.finding


def results(data: bytes) -> None:
    """Every line of a result file."""
    for line in data.splitlines():
        try:
            found = parse(line)
        except NotALine:
            continue
        text_of(found.body)
        assert found.id is None or len(found.id) == 10


def answers(data: bytes) -> None:
    """Each call to a provider that answers with these bytes; the first one chooses the status. What is adopted from
    them fits into a lockfile."""
    status, body = _STATUSES[data[0] % len(_STATUSES)] if data else 200, data[1:]
    transport = httpx.MockTransport(lambda request: httpx.Response(status, content=body))
    http = Http("http://provider.test/v1", {}, transport=transport, sleep=lambda seconds: None)
    provider = Provider(HERE, OPENAI, http)
    for call in (lambda: list(provider.batches()), lambda: list(provider.files()), lambda: [provider.batch("b")],
                 lambda: [provider.file("f")], lambda: [provider.cancel("b")], lambda: [provider.create(
                     input_file_id="f", endpoint="/v1/x", window="24h", metadata={})]):
        try:
            found: list[Any] = call()
        except RemoteError:
            continue
        for batch in found:
            if getattr(batch, "tag", None) is not None:
                recorded = Recorded({"labels": JobRecord((Candidate(batch, HERE).record(),))})
                assert decode(encode(recorded), "l") == recorded
    http.close()


def rows(suffix: str) -> Callable[[bytes], None]:
    """The reader of one format: the same records and mistakes in one piece, one by one, and where only counted."""
    def run(data: bytes) -> None:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / f"rows.{suffix}").write_bytes(data)
            (file,), _ = files_of(job(folder, file_input(f"rows.{suffix}")))
            whole = _read(file, 1 << 30)
            assert whole == _read(file, 1)
            counted = _count(file)
            assert counted is None or counted == whole[2]

    return run


def read_rows(folder: Path, name: str) -> list[dict[str, Any]]:
    """The rows of a file without mistakes."""
    (file,), _ = files_of(job(folder, file_input(name)))
    records, problems, _ = _read(file, 1 << 30)
    assert not problems, problems
    return [record.data for record in records]


def _read(file: SourceFile, step: int) -> tuple[list[Any], list[Any], int]:
    """Records, mistakes, and how many records there were."""
    records: list[Any] = []
    problems: list[Any] = []
    consumed = 0
    try:
        with _source(file) as source:
            while True:
                chunk = source.read(step)
                records += chunk.records
                problems += chunk.findings
                consumed += chunk.consumed
                if chunk.consumed < step:
                    break
    except SourceFailed as failure:
        problems.append(failure.finding)
    return records, problems, consumed


def _count(file: SourceFile) -> int | None:
    try:
        with _source(file) as source:
            return source.skip(1 << 30)
    except SourceFailed:
        return None


@contextmanager
def _source(file: SourceFile) -> Iterator[RowSource]:
    with opened(Opening(file, file_input(file.shown), {}, digested=False, alive=lambda: None)) as source:
        yield source.rows


#: Each raises for bytes that break its promise; `json` and `csv` are names of files too.
TARGETS: dict[str, Callable[[bytes], None]] = {
    "manifest": manifest, "lockfile": lockfile, "results": results, "answers": answers,
    "csv": rows("csv"), "jsonl": rows("jsonl"), "json": rows("json"),
}

CORPUS = Path(__file__).parents[1] / "corpus"


def corpus(target: str) -> list[bytes]:
    """The kept inputs of a target: good ones, odd ones, and all that ever broke it."""
    return [path.read_bytes() for path in sorted((CORPUS / target).iterdir())]
