"""Answers that are not what the schema asks for: failures that the planner knows, whatever was lost on the way."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from batchctl.act.verifying import verify
from batchctl.decide.plan import Kind
from batchctl.desired.answer_schema import schema_digest
from batchctl.desired.job import Retry
from batchctl.recorded.answers import AnswerIndex, outcomes_digest
from batchctl.recorded.codec import encode
from batchctl.recorded.lockfile import Lockfile, read
from batchctl.recorded.store import Store
from batchctl.words.outcomes import Outcome
from tests.faultlab.provider import Killed
from tests.faultlab.rig import Rig

SCHEMA: dict[str, Any] = {"type": "object", "required": ["label"], "properties": {"label": {"enum": ["good", "bad"]}}}
OTHER: dict[str, Any] = {"type": "object", "required": ["score"]}
GOOD, WRONG = '{"label": "good"}', '{"label": "fine"}'
AGAIN = Retry(max_attempts=3, reasons=("expired", "invalid_output"))


@pytest.fixture
def asking(rig: Rig) -> Rig:
    """Three rows that ask for a label."""
    rig.schema = SCHEMA
    return rig


def is_b(custom: str) -> bool:
    return custom.startswith("b-")


def answered(rig: Rig, wrong: str = WRONG) -> None:
    """One pass that sends, an end in which b has a useless answer, and a pass that fetches."""
    rig.apply()
    rig.finish_all(say=lambda custom: wrong if is_b(custom) else GOOD, useless=is_b)
    rig.apply()


def records(rig: Rig) -> dict[str, dict[str, Any]]:
    return {record["id"]: record for record in map(json.loads, rig.sink.read_text().splitlines())}


def test_g4_an_invalid_answer_is_a_failed_row_with_what_is_wrong_and_what_was_said(asking: Rig) -> None:
    answered(asking)
    plan = asking.plan()
    assert (plan.tally.ok, plan.tally.failed) == (2, 1)
    assert not plan.changes
    found = records(asking)
    assert {key: record["status"] for key, record in found.items()} == {"a": "ok", "b": "failed", "c": "ok"}
    assert found["b"]["answer_text"] == WRONG
    assert found["b"]["error"]["code"] == "invalid_output"
    assert "label" in found["b"]["error"]["message"]
    assert len(asking.provider.batches) == 1


def test_g1_only_invalid_answers_are_asked_again_and_only_on_request(asking: Rig) -> None:
    asking.retry = AGAIN
    answered(asking)
    (batch,) = asking.provider.live()
    assert [is_b(custom) for custom in batch.requests] == [True]
    asking.finish_all(say=lambda custom: GOOD)
    asking.apply()
    assert set(asking.provider.paid().values()) == {1}
    assert {record["status"] for record in records(asking).values()} == {"ok"}
    assert not asking.plan().changes


def test_g6_what_stays_invalid_fails_after_the_last_attempt(asking: Rig) -> None:
    asking.retry = AGAIN
    answered(asking)
    for _ in range(3):
        asking.finish_all(say=lambda custom: WRONG, useless=lambda custom: True)
        asking.apply()
    assert len(asking.provider.batches) == 3
    assert asking.plan().tally.failed == 1
    assert not asking.plan().changes


@pytest.mark.parametrize("lost", ["lockfile", "store", "both"])
def test_g1_g4_the_verdict_is_the_same_after_a_loss(asking: Rig, lost: str) -> None:
    answered(asking)
    before = asking.sink.read_bytes()
    if lost != "store":
        asking.lose_lockfile()
    if lost != "lockfile":
        asking.lose_store()
    assert asking.plan().tally.ok < 3, "without its results nothing says that b is answered"
    asking.apply()
    plan = asking.plan()
    assert (plan.tally.ok, plan.tally.failed) == (2, 1)
    assert asking.sink.read_bytes() == before
    assert len(asking.provider.batches) == 1


def test_answers_that_came_in_under_another_schema_are_checked_when_they_are_wanted_again(asking: Rig) -> None:
    asking.apply()
    asking.schema = OTHER
    for batch in asking.provider.live():
        asking.provider.finish(batch, say=lambda custom: WRONG if is_b(custom) else GOOD, useless=is_b)
    asking.apply()
    asking.finish_all(say=lambda custom: '{"score": 1}')
    asking.apply()
    assert asking.plan().tally.ok == 3
    former, today = read(asking.lockfile, "lock").job("labels").batches
    assert (former.ok, former.answer_schema) == (3, None), "what it asked for is not known, and not OTHER"
    assert (today.ok, today.answer_schema) == (3, schema_digest(OTHER))
    asking.schema = SCHEMA
    plan = asking.plan()
    assert [(action.kind, action.reason) for action in plan.actions] == [(Kind.FETCH, "unchecked")]
    assert plan.changes
    calls = len(asking.provider.calls)
    asking.apply()
    assert not any(path.endswith("/content") for _, path in asking.provider.calls[calls:])
    assert (asking.plan().tally.ok, asking.plan().tally.failed) == (2, 1)
    assert not asking.plan().changes


def test_results_that_an_older_version_took_in_unchecked_are_checked_once(asking: Rig) -> None:
    answered(asking)
    _as_an_older_version_left_them(asking)
    assert [action.reason for action in asking.plan().actions] == ["unchecked"]
    asking.apply()
    before = asking.snapshot()
    assert asking.plan().tally.failed == 1
    asking.apply()
    assert asking.snapshot() == before
    assert {found.state for found in verify(read(asking.lockfile, "lock"), Store(asking.store))} == {"ok"}


def test_g6_results_that_are_good_are_checked_no_more_than_once(asking: Rig) -> None:
    answered(asking, wrong=GOOD)
    _as_an_older_version_left_them(asking)
    assert asking.plan().changes
    asking.apply()
    plan = asking.plan()
    assert plan.tally.ok == 3
    assert not plan.changes
    assert plan.actions == ()


def test_g3_a_crash_while_answers_are_checked_anew_is_made_good(asking: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    answered(asking)
    _as_an_older_version_left_them(asking)

    def killed(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(Lockfile, "change", killed)
        with pytest.raises(Killed):
            asking.apply()
    asking.apply()
    assert (asking.plan().tally.ok, asking.plan().tally.failed) == (2, 1)
    assert {found.state for found in verify(read(asking.lockfile, "lock"), Store(asking.store))} == {"ok"}


def test_g3_a_kill_between_the_index_and_its_place_leaves_nothing_behind(
        asking: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    answered(asking)
    before = set(asking.snapshot())
    _as_an_older_version_left_them(asking)

    def killed(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", killed)
        with pytest.raises(Killed):
            asking.apply()
    assert asking.plan().tally.failed == 0, "the old index is still there as a whole"
    asking.apply()
    assert set(asking.snapshot()) == before
    assert asking.plan().tally.failed == 1


def test_a_row_that_was_out_of_the_manifest_when_its_batch_ended_is_checked_too(asking: Rig) -> None:
    asking.apply()
    text = asking.rows.pop("b")
    asking.finish_all(say=lambda custom: WRONG if is_b(custom) else GOOD, useless=is_b)
    asking.apply()
    asking.rows["b"] = text
    assert (asking.plan().tally.ok, asking.plan().tally.failed) == (2, 1)


def test_a_job_without_a_schema_takes_what_is_said(rig: Rig) -> None:
    rig.apply()
    rig.finish_all(say=lambda custom: "no JSON at all")
    rig.apply()
    assert rig.plan().tally.ok == 3
    assert "answer_schema" not in rig.lockfile.read_text()


def _as_an_older_version_left_them(rig: Rig) -> None:
    """Every answer counts as OK, in the store and in the lockfile, which knows nothing of schemas."""
    recorded, store = read(rig.lockfile, "lock"), Store(rig.store)
    job = recorded.job("labels")
    (record,) = job.batches
    stored = store.results(record)
    assert stored is not None
    index = AnswerIndex.of([answer._replace(outcome=Outcome.OK) for answer in stored.index])
    Path(stored.folder / "answers.bin").write_bytes(index.blob)
    ids = store.ids(record.shard)
    assert ids is not None
    older = replace(record, ok=3, answer_schema=None,
                    results=outcomes_digest(ids, index.outcomes(ids, Outcome.MISSING)))
    rig.lockfile.write_bytes(encode(recorded.with_job("labels", job.with_replaced(record, older))))
