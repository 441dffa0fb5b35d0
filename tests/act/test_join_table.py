"""The join: each row finds its own answer, however many requests, batches and rows there are."""

from __future__ import annotations

import random
from array import array

import pytest

from batchctl.act.sinks import table
from batchctl.act.sinks.table import Joined, JoinTable, join_table
from batchctl.decide.finding import NOBODY
from batchctl.decide.standing import Standing
from batchctl.recorded.answers import ERROR_FILE, OUTPUT_FILE, Answer, AnswerIndex
from batchctl.words.ids import IdList
from batchctl.words.outcomes import Outcome, State

IDS = [bytes([at, *range(9)]) for at in range(11)]

#: Two batches in arbitrary order, the second with an older answer that does not count; the last request has none.
FIRST = [Answer(IDS[at], Outcome.OK, OUTPUT_FILE, 100 * at, at + 1) for at in (4, 0, 7, 2, 9)]
SECOND = [Answer(IDS[at], Outcome.REJECTED, ERROR_FILE, 1000 * at, at + 1) for at in (8, 1, 3, 5, 6, 0)]
BATCH_OF = {**{answer.id: 1 for answer in SECOND}, **{answer.id: 0 for answer in FIRST}}
INDEXES = [AnswerIndex.of(FIRST), AnswerIndex.of(SECOND)]


@pytest.fixture(params=[1, 3, 1 << 16], autouse=True)
def _at_once(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "_AT_ONCE", request.param)


def joined(rows: list[int], row_request: list[int] | None = None) -> list[Joined | None]:
    answered = [BATCH_OF.get(identity, NOBODY) for identity in IDS]
    now = Standing(outcome=bytearray(range(11)), attempts=bytearray(range(1, 12)), answer=array("i", answered))
    state = bytearray([State.OK] * 10 + [State.LOST])
    shared = None if row_request is None else array("I", row_request)
    with join_table(IdList.of(IDS), shared, state, now, lambda place: INDEXES[place]) as path, open(path, "rb") as file:
        found = list(JoinTable(file).of(rows))
    assert not path.exists()
    return found


def expected(at: int) -> Joined:
    for place, answers in enumerate((FIRST, SECOND)):
        for answer in answers:
            if answer.id == IDS[at] and BATCH_OF[answer.id] == place:
                return Joined(State.OK, at, at + 1, place, answer.file, answer.offset, answer.length)
    return Joined(State.LOST, at, at + 1, None, 0, 0, 0)


@pytest.mark.parametrize("rows", [list(range(11)), [3, 4, 5], [0, 5, 10], [10], []])
def test_g4_every_row_finds_its_own_answer_and_no_other(rows: list[int]) -> None:
    assert joined(rows) == [expected(at) for at in rows]


def test_g4_rows_that_ask_the_same_get_the_same_answer() -> None:
    request_of = [random.Random(3).randrange(11) for _ in range(40)]
    assert joined(list(range(40)), request_of) == [expected(at) for at in request_of]
    assert joined([7, 9], request_of) == [expected(request_of[at]) for at in (7, 9)]


def test_rows_that_came_after_the_plan_have_no_place() -> None:
    assert joined([10, 11, 12]) == [expected(10), None, None]
    assert joined([1, 2], [5, 5]) == [expected(5), None]
