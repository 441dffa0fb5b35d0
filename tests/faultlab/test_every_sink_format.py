"""What every sink format must do, whatever its bytes look like: one suite that a new format joins by its name."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, get_args

import pytest
from pyarrow import parquet

from batchctl.act.sinks.choice import file_of, lines_of
from batchctl.desired.job import Sink, SinkFormat
from batchctl.words.diagnostics import Span
from tests.faultlab.kill import Death
from tests.faultlab.rig import Rig

ROOT = Path(__file__).parents[2]

HOSTILE = ["=1+1", "@SUM(A1)", 'a "quoted", b', "a\nb", "a\r\nb", "\x00", "\u2028", "\x1b[2J", "{{ 7*7 }}",
           "' OR 1=1 --", "日本語 🎉", "", " a ", "null"]


def _of_jsonl(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in data.splitlines()]


def _of_csv(data: bytes) -> list[dict[str, Any]]:
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


def _of_parquet(data: bytes) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = parquet.read_table(io.BytesIO(data)).to_pylist()
    return found


READ: dict[str, Callable[[bytes], list[dict[str, Any]]]] = {
    "jsonl": _of_jsonl, "csv": _of_csv, "parquet": _of_parquet}

each_format = pytest.mark.parametrize("form", get_args(SinkFormat))


def written(form: SinkFormat, names: Sequence[str], records: Iterable[dict[str, Any]], at_once: int = 2) -> bytes:
    """A file as a sink makes it, of so many records a piece."""
    lines = [lines_of(form, formula_safe=False).line(record, names) for record in records]
    parts = [lines[at : at + at_once] for at in range(0, len(lines), at_once)]
    pieces = [(len(part), b"".join(part)) for part in parts]
    sink = Sink("out", Path("out"), form, Span("job.yaml", 1), formula_safe=False)
    return b"".join(data for _, data in file_of(sink, names, pieces))


@pytest.fixture
def done(rig: Rig, form: SinkFormat) -> Rig:
    """A job whose rows are answered and written."""
    rig.form = form
    rig.apply()
    rig.finish_all()
    rig.apply()
    return rig


@pytest.fixture
def rewriting(done: Rig) -> Rig:
    """One whose next apply replaces the sink."""
    done.rows["d"] = "four"
    done.apply()
    done.finish_all()
    return done


@each_format
def test_g9_every_text_comes_back_as_it_was(form: SinkFormat) -> None:
    data = written(form, ["=id", "said"], [{"=id": str(at), "said": text} for at, text in enumerate(HOSTILE)])
    assert [record["said"] for record in READ[form](data)] == HOSTILE
    assert [record["=id"] for record in READ[form](data)] == [str(at) for at in range(len(HOSTILE))]


@each_format
def test_nothing_is_nothing_and_no_text(form: SinkFormat) -> None:
    data = written(form, ["id", "said"], [{"id": "a", "said": None}, {"id": "b"}, {"id": "c", "said": "x"}])
    assert [record.get("said") or None for record in READ[form](data)] == [None, None, "x"]


@each_format
@pytest.mark.parametrize("value", ["\ud83d", 2**80, float("nan"), {"a": [1, None]}, [], {"a": "\ud83d"}])
def test_no_value_breaks_a_file(form: SinkFormat, value: Any) -> None:
    assert len(READ[form](written(form, ["a", "b"], [{"a": 1, "b": value}, {"a": 2, "b": "x"}]))) == 2


@each_format
def test_a_file_of_no_records_can_be_read(form: SinkFormat) -> None:
    assert READ[form](written(form, ["a"], [])) == []


@each_format
def test_g7_the_bytes_do_not_depend_on_how_the_records_come(form: SinkFormat) -> None:
    records = [{"a": at, "b": None if at % 3 else f"text {at}"} for at in range(100)]
    assert len({written(form, ["a", "b"], records, at_once) for at_once in (1, 7, 100)}) == 1


@each_format
@pytest.mark.parametrize(("records", "expected"), [("all", ["a", "b", "c"]), ("ok", ["a", "c"]), ("failed", ["b"])])
def test_g4_each_row_is_in_the_records_that_take_it(
        rig: Rig, form: SinkFormat, records: Any, expected: list[str]) -> None:
    rig.form, rig.records = form, records
    rig.apply()
    (batch,) = rig.provider.live()
    rig.provider.finish(batch, fail=lambda at: 400 if at == 1 else None)
    rig.apply()
    assert [record["id"] for record in READ[form](rig.sink.read_bytes())] == expected


@each_format
def test_a_second_apply_writes_nothing(done: Rig, form: SinkFormat) -> None:
    before = done.snapshot(), done.sink.stat().st_ino
    report = done.apply()
    assert not [job.written for job in report.jobs if job.written]
    assert (done.snapshot(), done.sink.stat().st_ino) == before


@each_format
def test_g7_a_sink_that_was_removed_or_changed_comes_back_with_the_same_bytes(done: Rig, form: SinkFormat) -> None:
    before = done.snapshot()
    done.sink.unlink()
    done.apply()
    assert done.snapshot() == before
    done.sink.write_bytes(b"changed by hand")
    done.apply()
    assert done.snapshot() == before


@each_format
def test_g3_g6_killed_at_any_write_leaves_the_old_file_or_the_new_one(rewriting: Rig, form: SinkFormat) -> None:
    old, kept = rewriting.sink.read_bytes(), rewriting.snapshot()
    at, seen = 0, set()
    while True:
        for name, data in kept.items():
            (rewriting.folder / name).write_bytes(data)
        with Death(rewriting.provider, rewriting.folder, at, calls=False) as death:
            rewriting.apply()
        seen.add(rewriting.sink.read_bytes())
        if not death.happened:
            break
        rewriting.apply()
        assert len(READ[form](rewriting.sink.read_bytes())) == 4
        at += 1
    assert at > 5
    assert seen == {old, rewriting.sink.read_bytes()}
    assert not list(rewriting.folder.glob(".out*"))


@each_format
@pytest.mark.parametrize("method", ["fsync", "replace"])
def test_g3_g10_a_full_disk_is_said_and_leaves_the_old_file(
        rewriting: Rig, form: SinkFormat, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    old, real = rewriting.sink.read_bytes(), getattr(os, method)

    def full(where: Any, *rest: Any) -> Any:
        path = Path(f"/proc/self/fd/{where}").resolve() if isinstance(where, int) else Path(where)
        if path.name.startswith(".out."):
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(where, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(f"os.{method}", full)
        report = rewriting.apply()
    (failure,) = [failure for job in report.jobs for failure in job.failures]
    assert f"the sink out.{form} cannot be written: No space left" in str(failure)
    assert rewriting.sink.read_bytes() == old
    rewriting.apply()
    assert len(READ[form](rewriting.sink.read_bytes())) == 4


@each_format
def test_answers_that_are_gone_never_replace_a_sink(done: Rig, form: SinkFormat) -> None:
    old = done.sink.read_bytes()
    done.lose_store()
    for batch in done.provider.batches.values():
        del done.provider.files[batch.output]
    done.records = "ok"
    done.apply()
    assert done.sink.read_bytes() == old


def test_a_full_disk_for_scratch_is_said_and_leaves_the_old_file(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.form = "parquet"
    rig.apply()
    rig.finish_all()

    def full(*args: Any, **named: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    report = rig.apply()
    assert "No space left" in str([job.failures for job in report.jobs])
    assert not rig.sink.exists()


@pytest.mark.parametrize(("limit", "value", "cut"), [("GROUP_ROWS", 10, [10, 10, 5]), ("GROUP_BYTES", 60, [11, 12, 2])])
@pytest.mark.parametrize("at_once", [1, 7, 25])
def test_g7_row_groups_are_cut_by_what_is_in_them(
        limit: str, value: int, cut: list[int], at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"batchctl.act.sinks.parquet.{limit}", value)
    data = written("parquet", ["a"], [{"a": at % 2 or None} for at in range(20)] + [{"a": 1}] * 5, at_once)
    found = parquet.ParquetFile(io.BytesIO(data)).metadata
    assert [found.row_group(at).num_rows for at in range(found.num_row_groups)] == cut


@pytest.mark.parametrize(("values", "kind", "back"), [
    ([1, None, -2], "int64", [1, None, -2]), ([2**63 - 1], "int64", [2**63 - 1]),
    ([1, 2.5], "double", [1.0, 2.5]), ([2**60, 2.5], "string", [str(2**60), "2.5"]),
    ([2**63], "string", [str(2**63)]), ([True, None], "bool", [True, None]), ([True, 1], "string", ["true", "1"]),
    (["1", 1], "string", ["1", "1"]), ([None], "string", [None]),
    ([{"b": 1, "a": [None]}], "string", ['{"b":1,"a":[null]}']),
])
def test_a_parquet_column_has_the_type_of_its_values(values: list[Any], kind: str, back: list[Any]) -> None:
    table = parquet.read_table(io.BytesIO(written("parquet", ["a"], [{"a": value} for value in values])))
    assert str(table.schema.field("a").type) == kind
    assert table.column("a").to_pylist() == back


_LARGE = """\
import resource, sys
from pathlib import Path
from batchctl.act.sinks.choice import file_of, lines_of
from batchctl.desired.job import Sink
from batchctl.words.diagnostics import Span
form, rows = sys.argv[1], int(sys.argv[2])
lines = lines_of(form, formula_safe=False)
pieces = ((1000, b"".join(lines.line({"a": at + more, "b": f"{at + more:0400}"}, ["a", "b"]) for more in range(1000)))
          for at in range(0, rows, 1000))
size = sum(len(data) for _, data in file_of(Sink("o", Path("o"), form, Span("j", 1)), ["a", "b"], pieces))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
@each_format
def test_memory_does_not_grow_with_the_records(form: SinkFormat) -> None:
    few, many = (int(subprocess.run([sys.executable, "-c", _LARGE, form, str(rows)], check=True, capture_output=True,
                                    text=True, cwd=ROOT).stdout) for rows in (200_000, 800_000))
    print(f"{form}: {few / 1024:.0f} MiB for 200,000 records, {many / 1024:.0f} MiB for 800,000")
    assert many < few * 1.25
