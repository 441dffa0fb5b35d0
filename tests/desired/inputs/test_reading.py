"""Sharing out rows in blocks: whoever reads, each row has the same number and exactly one reader."""

from __future__ import annotations

from pathlib import Path

import pytest

from batchctl.desired.inputs import reading
from batchctl.desired.inputs.reading import BLOCK, JobReader, rows
from batchctl.desired.inputs.row import Row, place_of
from batchctl.desired.job import Job
from batchctl.words.errors import InvalidInput
from tests.desired.jobs import file_input, job, rows_input


@pytest.fixture
def made(tmp_path: Path) -> Job:
    (tmp_path / "a.csv").write_text("n\n" + "".join(f"{n}\n" for n in range(2500)))
    (tmp_path / "b.jsonl").write_text("".join(f'{{"n": {n}}}\n\n' for n in range(2500, 3000)))
    inputs = file_input("a.csv", where="{{ … }}", limit=1000), rows_input({"n": "inline"}), file_input("b.jsonl")
    return job(tmp_path, *inputs)


def even(row: Row) -> bool:
    return int(row.data["n"]) % 2 == 0


@pytest.mark.parametrize("workers", [1, 2, 3, 9])
def test_every_accepted_row_is_read_once_and_numbered_without_gaps(made: Job, workers: int) -> None:
    read = [row for worker in range(workers) for row in rows(made, worker, workers, lambda place: None, accept=even)]
    read.sort()
    assert [row.number for row in read] == list(range(1501))
    assert [row.data["n"] for row in read[:1001]] == [*(str(n) for n in range(0, 2000, 2)), "inline"]
    assert (read[1001].file, read[1001].row, read[1001].line, read[1001].input_index) == ("b.jsonl", 1, 1, 2)
    assert (read[-1].row, read[-1].line, read[-1].data) == (500, 999, {"n": 2999})


@pytest.mark.parametrize("workers", [1, 2])
def test_blocks_have_a_fixed_number_of_records_counted_over_the_job(made: Job, workers: int) -> None:
    indices: list[int] = []
    for worker in range(workers):
        blocks = list(JobReader(made, worker, workers, lambda place: None, accept=even).blocks())
        assert all(len(block.rows) <= BLOCK for block in blocks)
        indices += [block.index for block in blocks]
    assert sorted(indices) == list(range(3))  # 1999 records until the limit, 1 inline, 500 in the last file


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_blocks_of_large_rows_come_in_pieces_that_hold_the_same_rows(
    made: Job, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = 0
    for worker in range(workers):
        whole = list(JobReader(made, worker, workers, lambda place: None, accept=even).blocks())
        with monkeypatch.context() as patched:
            patched.setattr(reading, "PIECE", 1)
            pieces = list(JobReader(made, worker, workers, lambda place: None, accept=even).blocks())
        more += len(pieces) - len(whole)
        assert [row for piece in pieces for row in piece.rows] == [row for block in whole for row in block.rows]
        last = {piece.index: position for position, piece in enumerate(pieces)}
        assert [position for position, piece in enumerate(pieces) if not piece.more] == sorted(last.values())
        assert [piece.index for piece in pieces] == sorted(piece.index for piece in pieces)
    assert more > 0


def test_the_heartbeat_is_at_the_row_that_is_judged_and_moves_while_others_read(made: Job) -> None:
    seen: list[int] = []
    list(rows(made, 1, 2, seen.append, accept=even))
    assert {place_of(0, row) for row in range(1, 1999)} <= set(seen)
    assert len({place for place in seen if place >= place_of(2, 0)}) >= 1


def test_blocks_that_nobody_wants_are_passed_over(made: Job) -> None:
    reader = JobReader(made, 0, 1, lambda place: None, accept=even, wanted=lambda first, count: False)
    assert [len(block.rows) for block in reader.blocks()][-1] == 0


def test_whoever_comes_after_the_survey_gets_a_mistake_as_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("n\n1\n1,2\n")
    with pytest.raises(InvalidInput, match="csv-ragged"):
        list(rows(job(tmp_path, file_input("a.csv")), 0, 1, lambda place: None))
