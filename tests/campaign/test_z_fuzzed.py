"""Z: whatever bytes come, a parser gives a value or a typed error, in bounded time, and reads back what was written.

By chance here; `python -m tests.campaign.fuzz TARGET` does it guided by coverage, for as long as one likes.
"""

from __future__ import annotations

import csv
import io
import json
import random
import re
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from batchctl.desired.manifest import parse_text
from batchctl.recorded.codec import decode, encode
from batchctl.recorded.records import Recorded
from batchctl.words.errors import InvalidInput
from tests.campaign.fuzz.mutations import mutated
from tests.campaign.fuzz.targets import TARGETS, corpus, read_rows
from tests.campaign.tally import Campaign
from tests.desired.manifest.manifests import HEAD, PROMPT
from tests.recorded.records import LOCKFILES

pytestmark = pytest.mark.campaign

#: Runs of each target by mutation, and of each strategy; those of the quick part.
_MUTATIONS, _QUICK_MUTATIONS = 2_500, 110
_STRUCTURED, _QUICK_STRUCTURED = 700, 60
#: Seconds of this process that one input may take. The machine may be busy, and these are a few kilobytes.
_LONGEST_S = 5.0


def judged(campaign: Campaign, target: str, data: bytes) -> None:
    with campaign.run("Z", f"{target}: {data!r}") as run:
        start = time.process_time()
        TARGETS[target](data)
        took_s = time.process_time() - start
        run.holds("G9", took_s < _LONGEST_S, f"took {took_s:.1f} s")


@pytest.mark.parametrize("target", TARGETS)
def test_g9_all_that_was_kept_and_its_mutations_give_a_value_or_a_typed_error(campaign: Campaign, target: str) -> None:
    seeds, rng = corpus(target), random.Random(f"{target} 1")
    for data in seeds:
        judged(campaign, target, data)
    for _ in range(_QUICK_MUTATIONS if campaign.quick else _MUTATIONS):
        judged(campaign, target, mutated(rng, seeds))


_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("{{ 7*7 }}"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3), max_leaves=8)
_batch = st.fixed_dictionaries({}, optional=dict.fromkeys((
    "status", "input_file_id", "output_file_id", "error_file_id", "created_at", "completed_at", "request_counts",
    "errors", "metadata", "usage", "filename", "bytes", "code", "message"), _json) | {"id": st.just("batch_1") | _json})
_answer = st.one_of(_json, _batch, st.fixed_dictionaries({}, optional={
    "object": st.just("list"), "data": st.lists(_batch, max_size=3) | _json, "has_more": _json, "error": _json,
    "detail": _json, "paging": st.fixed_dictionaries({"next_cursor": _json}) | _json}))
_result = st.fixed_dictionaries({}, optional={
    "custom_id": st.just("row-00010203040506070809") | _json, "error": _json,
    "response": st.fixed_dictionaries({}, optional={"status_code": _json, "body": _json, "request_id": _json}) | _json})


def structured(campaign: Campaign, strategy: st.SearchStrategy[Any], check: Callable[[Any], object]) -> None:
    """Runs `check` for as many values as the part of the campaign asks for; the same ones each time."""
    runs = _QUICK_STRUCTURED if campaign.quick else _STRUCTURED

    @seed(1)
    @settings(max_examples=runs, deadline=None, database=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))
    @given(strategy)
    def examples(value: Any) -> None:
        check(value)

    examples()


def test_g9_any_json_in_the_place_of_an_answer_gives_a_value_or_a_typed_error(campaign: Campaign) -> None:
    status = st.integers(0, 7).map(lambda number: bytes([number]))
    structured(campaign, st.tuples(status, _answer), lambda value: judged(
        campaign, "answers", value[0] + json.dumps(value[1]).encode()))


def test_g9_any_json_in_the_place_of_a_result_gives_a_value_or_a_typed_error(campaign: Campaign) -> None:
    structured(campaign, st.lists(_result | _json, max_size=4), lambda lines: judged(
        campaign, "results", b"".join(json.dumps(line).encode() + b"\n" for line in lines)))


def test_g3_every_lockfile_is_read_as_it_was_written(campaign: Campaign) -> None:
    def check(recorded: Recorded) -> None:
        with campaign.run("Z", repr(recorded)) as run:
            run.holds("G3", decode(encode(recorded), "l") == recorded, "it is read as another one")

    structured(campaign, LOCKFILES, check)


def test_g9_rows_of_a_manifest_are_read_as_they_were_written_or_refused(campaign: Campaign) -> None:
    def check(rows: list[dict[str, Any]]) -> None:
        if re.search(r"\b(nan|inf)\b", repr(rows)):
            return  # what Python writes for them is no JSON, and text to YAML
        with campaign.run("Z", repr(rows)) as run:
            text = HEAD.replace("inputs: [rows.csv]", f"inputs: [{{rows: {json.dumps(rows)}}}]") + PROMPT
            try:
                (job,) = parse_text(text, "job.yaml").jobs
            except InvalidInput as invalid:
                run.holds("G9", bool(invalid.findings), "it is refused, and nobody says why")
                return
            read = [dict(row) for row in job.inputs[0].rows or ()]
            run.holds("G9", repr(read) == repr(rows), "other rows were read")

    structured(campaign, st.lists(st.dictionaries(_text, _json, max_size=3), min_size=1, max_size=3), check)


def as_csv(rows: list[dict[str, str]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


@pytest.mark.parametrize(("suffix", "write"), [
    ("csv", as_csv), ("json", json.dumps), ("jsonl", lambda rows: "".join(json.dumps(row) + "\n" for row in rows)),
])
def test_g9_rows_of_a_file_are_read_as_they_were_written(
    campaign: Campaign, suffix: str, write: Callable[[Any], str],
) -> None:
    values = _text.map(lambda text: text.replace("\0", "")) if suffix == "csv" else st.none() | _text | st.integers()

    def check(rows: list[dict[str, Any]]) -> None:
        with campaign.run("Z", f"{suffix}: {rows!r}") as run, tempfile.TemporaryDirectory() as folder:
            (Path(folder) / f"rows.{suffix}").write_bytes(write(rows).encode())
            run.holds("G9", read_rows(Path(folder), f"rows.{suffix}") == rows, "other rows were read")

    structured(campaign, st.lists(st.fixed_dictionaries({"id": values, "text": values}), min_size=1, max_size=4), check)
