"""Whatever a provider says becomes plain data or nothing; it never raises, and it never breaks a lockfile."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchctl.decide.known import Candidate
from batchctl.recorded.codec import decode, encode
from batchctl.recorded.records import JobRecord, Recorded
from batchctl.remote import normalise
from batchctl.words.remote import BatchError, Coordinates, Counts, Tag
from batchctl.words.usage import Usage

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3), max_leaves=6)
NAMES = ("id", "status", "input_file_id", "output_file_id", "error_file_id", "endpoint", "completion_window",
         "created_at", "expires_at", "completed_at", "failed_at", "request_counts", "errors", "metadata", "filename",
         "bytes", "purpose", "usage")
SHARD = "0f" * 32
TAGS = st.fixed_dictionaries({}, optional={
    "batchctl_job": st.sampled_from(["reviews", "", 1]) | JSON,
    "batchctl_shard": st.sampled_from([SHARD, SHARD.upper(), "x"]) | JSON,
    "batchctl_attempt": st.sampled_from(["1", "0", "-1", "9" * 5000, "²", 2]) | JSON})
OBJECTS = st.dictionaries(st.sampled_from(NAMES), JSON | st.sampled_from(["batch_1", 1_700_000_000]) | TAGS)


@given(JSON | OBJECTS)
def test_no_json_makes_it_raise(raw: Any) -> None:
    normalise.batch(raw)
    normalise.file(raw)
    normalise.errors(raw)
    assert normalise.status(raw)


@given(OBJECTS, st.sampled_from(["reviews"]), TAGS)
def test_g2_whatever_is_adopted_can_be_written_to_the_lockfile_and_read_again(raw: Any, job: str, tag: Any) -> None:
    found = normalise.batch({**raw, "id": "batch_1", "metadata": tag})
    assert found is not None
    if found.tag is None:
        return
    record = Candidate(found, Coordinates("openai", "openai")).record()
    recorded = Recorded({job: JobRecord((record,))})
    assert decode(encode(recorded), "l") == recorded


@pytest.mark.parametrize("raw", [None, [], "x", 1, {}, {"id": ""}, {"id": None}, {"id": 7}])
def test_what_has_no_id_is_no_object(raw: Any) -> None:
    assert normalise.batch(raw) is None
    assert normalise.file(raw) is None


@pytest.mark.parametrize(("raw", "status", "ended"), [
    ("completed", "completed", True), ("COMPLETED", "completed", True), ("failed", "failed", True),
    ("expired", "expired", True), ("cancelled", "cancelled", True), ("canceled", "cancelled", True),
    ("canceling", "cancelling", False), ("in_progress", "in_progress", False), ("in_queue", "queued", False),
    ("paused_for_review", "paused_for_review", False), (None, "unknown", False), ("", "unknown", False),
])
def test_an_unknown_status_means_not_ended_and_is_shown_as_it_came(raw: Any, status: str, ended: bool) -> None:
    found = normalise.batch({"id": "b", "status": raw})
    assert found is not None
    assert (found.status, found.ended) == (status, ended)


@pytest.mark.parametrize(("raw", "expected"), [
    (None, ()), ("", ()), ("boom", (BatchError(None, "boom"),)), ([], ()), ({}, ()), ({"data": None}, ()),
    ({"object": "list", "data": [{"code": "c", "message": "m", "line": 3, "param": None}]}, (BatchError("c", "m", 3),)),
    ([{"type": "t"}], (BatchError("t", "t"),)), ({"code": "c"}, (BatchError("c", "c"),)),
    (["x"], (BatchError(None, "x"),)),
    ({"errors": [{"message": "m"}]}, (BatchError(None, "m"),)), (7, ()),
    ({"data": "m"}, (BatchError(None, "m"),)), ({"data": {"code": "c", "message": "m"}}, (BatchError("c", "m"),)),
])
def test_errors_are_read_in_every_form(raw: Any, expected: tuple[BatchError, ...]) -> None:
    assert normalise.errors(raw) == expected


@pytest.mark.parametrize(("raw", "expected"), [
    (None, None), ("3", None), ({}, Counts()), ({"total": 3, "completed": None, "failed": -1}, Counts(3, 0, 0)),
    ({"total": True, "completed": 1.0, "failed": float("nan")}, Counts(0, 1, 0)),
])
def test_counts_are_numbers_or_nothing(raw: Any, expected: Counts | None) -> None:
    found = normalise.batch({"id": "b", "request_counts": raw})
    assert found is not None
    assert found.counts == expected


TAG = Tag("reviews", SHARD, 2)


def test_g2_a_tag_is_read_back_from_metadata_and_from_file_names() -> None:
    for job in ("reviews", "a-b-c", "x" * 48, "0"):
        tag = Tag(job, SHARD, 17)
        assert normalise.tag_in(tag.as_metadata()) == tag
        assert normalise.tag_of_filename(tag.filename()) == tag


@pytest.mark.parametrize("change", [
    {"batchctl_job": ""}, {"batchctl_shard": "x"}, {"batchctl_shard": SHARD.upper()}, {"batchctl_shard": SHARD + "0"},
    {"batchctl_attempt": "0"}, {"batchctl_attempt": "-1"}, {"batchctl_attempt": "1.0"}, {"batchctl_attempt": "²"},
    {"batchctl_attempt": "9" * 5000}, {"batchctl_attempt": ""},
])
def test_a_tag_that_batchctl_cannot_have_written_is_none(change: dict[str, str]) -> None:
    assert normalise.tag_in({**TAG.as_metadata(), **change}) is None


@pytest.mark.parametrize("name", [
    "", "x.jsonl", f"batchctl-reviews-{SHARD}-2", f"batchctl-reviews-{SHARD}-2.json", f"batchctl--{SHARD}-2.jsonl",
    f"batchctl-reviews-{SHARD[:-1]}-2.jsonl", f"batchctl-reviews-{SHARD}-0.jsonl", f"xbatchctl-reviews-{SHARD}-2.jsonl",
    f"batchctl-reviews-{SHARD}-" + "9" * 5000 + ".jsonl",
])
def test_a_file_name_that_batchctl_cannot_have_written_has_no_tag(name: str) -> None:
    assert normalise.tag_of_filename(name) is None


def test_absent_null_and_empty_fields_are_the_same() -> None:
    bare = normalise.batch({"id": "b", "status": "completed"})
    for value in (None, ""):
        full = {name: value for name in NAMES if name not in ("id", "status", "filename", "bytes", "purpose", "usage")}
        assert normalise.batch({"id": "b", "status": "completed", **full}) == bare


@pytest.mark.parametrize(("raw", "usage"), [
    ({"input_tokens": 7, "input_tokens_details": {"cached_tokens": 2}, "output_tokens": 5,
      "output_tokens_details": {"reasoning_tokens": 1}, "total_tokens": 12}, Usage(7, 5, 2, 1)),
    ({"input_tokens": 7, "output_tokens": None, "input_tokens_details": None}, Usage(7)),
    ({"input_tokens": 0, "output_tokens": 0}, None), (None, None), ("7", None), ([], None)])
def test_usage_is_what_the_provider_added_up(raw: Any, usage: Usage | None) -> None:
    found = normalise.batch({"id": "b", "usage": raw})
    assert found is not None
    assert found.usage == usage


@pytest.mark.parametrize(("raw", "since"), [
    ({"status": "validating", "created_at": 5}, 5), ({"status": "in_queue", "created_at": 5}, 5),
    ({"status": "in_progress", "created_at": 5, "in_progress_at": 7}, 7),
    ({"status": "canceling", "created_at": 5, "in_progress_at": 7, "cancelling_at": 9}, 9),
    ({"status": "in_progress", "created_at": 5, "in_progress_at": None}, None),
    ({"status": "in_progress", "in_progress_at": "soon"}, None), ({"status": "odd", "created_at": 5}, None)])
def test_when_a_batch_came_into_its_status_is_known_where_the_provider_says(
        raw: dict[str, object], since: int | None) -> None:
    found = normalise.batch({"id": "b", **raw})
    assert found is not None
    assert found.since == since


@pytest.mark.parametrize(("raw", "due_at"), [
    ({"expires_at": 99, "created_at": 5, "completion_window": "24h"}, 99),
    ({"created_at": 5, "completion_window": "24h"}, 86_405), ({"created_at": 5}, None),
    ({"created_at": 5, "completion_window": "immediate"}, None), ({"completion_window": "24h"}, None)])
def test_the_end_of_a_window_is_told_or_counted_from_its_begin(raw: dict[str, object], due_at: int | None) -> None:
    found = normalise.batch({"id": "b", "status": "in_progress", **raw})
    assert found is not None
    assert found.due_at == due_at
