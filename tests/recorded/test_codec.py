"""The lockfile's text: nothing is lost on the way, and what cannot be understood is said, never guessed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings

from batchctl.recorded.codec import LockfileInvalid, decode, encode
from batchctl.recorded.records import JobRecord, Recorded
from tests.recorded.records import LOCKFILES, SAMPLE


@settings(max_examples=150)
@given(LOCKFILES)
def test_g2_every_record_and_every_unknown_field_survives_a_round_trip(recorded: Recorded) -> None:
    data = encode(recorded)
    assert decode(data, "job.lock.json") == recorded
    assert encode(decode(data, "job.lock.json")) == data


@settings(max_examples=50)
@given(LOCKFILES)
def test_g7_bytes_are_stable_with_sorted_keys_lf_and_a_newline_at_the_end(recorded: Recorded) -> None:
    data = encode(recorded)
    assert data.endswith(b"}\n")
    assert b"\r" not in data

    def in_order(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert [key for key, _ in pairs] == sorted(key for key, _ in pairs)
        return dict(pairs)

    json.loads(data, object_pairs_hook=in_order)


def known(recorded: Recorded) -> Recorded:
    """Without fields that this version does not know."""
    return Recorded({name: JobRecord(tuple(replace(batch, extra={}) for batch in job.batches),
                                     {path: replace(sink, extra={}) for path, sink in job.sinks.items()})
                     for name, job in recorded.jobs.items()})


@settings(max_examples=150)
@given(LOCKFILES.map(known))
def test_g7_the_fast_encoder_writes_what_the_standard_one_does(recorded: Recorded) -> None:
    data = encode(recorded)
    plain = json.dumps(json.loads(data), indent=2, sort_keys=True, ensure_ascii=False)
    assert data == f"{plain}\n".encode()


def test_what_is_none_or_false_is_left_out_and_no_clock_of_our_own_is_in_it() -> None:
    document = json.loads(encode(SAMPLE))
    intent = document["jobs"]["reviews"]["batches"][2]
    assert set(intent) == {"shard", "attempt", "requests", "provider", "origin", "input_file_id"}
    assert set(document) == {"//", "version", "digest_version", "jobs"}


def test_g3_every_truncation_is_refused_by_name() -> None:
    data = encode(SAMPLE)
    assert 2000 < len(data) < 5000
    assert decode(data[:-1], "l") == SAMPLE
    for end in range(len(data) - 1):
        with pytest.raises(LockfileInvalid) as caught:
            decode(data[:end], "job.lock.json")
        assert caught.value.finding.span is not None
        assert caught.value.finding.span.file == "job.lock.json"


@pytest.mark.parametrize("flip", [0x01, 0x20, 0x80, 0xFF])
def test_g3_every_flipped_byte_is_refused_by_name_or_still_a_lockfile(flip: int) -> None:
    data = encode(SAMPLE)
    for at in range(len(data)):
        damaged = bytearray(data)
        damaged[at] ^= flip
        try:
            read = decode(bytes(damaged), "job.lock.json")
        except LockfileInvalid:
            continue
        assert decode(encode(read), "job.lock.json") == read


def test_merge_conflict_markers_are_named_by_their_line() -> None:
    lines = encode(SAMPLE).decode().splitlines()
    lines[5:5] = ["<<<<<<< HEAD", '    "a": 1', "=======", '    "b": 2', ">>>>>>> theirs"]
    for newline in ("\n", "\r\n"):
        with pytest.raises(LockfileInvalid, match="merge conflict") as caught:
            decode(newline.join(lines).encode(), "job.lock.json")
        assert caught.value.finding.span is not None
        assert caught.value.finding.span.line == 6


def test_broken_json_is_named_by_its_line() -> None:
    lines = encode(SAMPLE).decode().splitlines()
    lines[7] += "?"
    with pytest.raises(LockfileInvalid) as caught:
        decode("\n".join(lines).encode(), "job.lock.json")
    assert caught.value.finding.span is not None
    assert caught.value.finding.span.line == 8


@pytest.mark.parametrize("change", [
    lambda text: "\ufeff" + text,
    lambda text: text.replace("\n", "\r\n"),
    lambda text: "\ufeff" + text.replace("\n", "\r\n"),
    lambda text: json.dumps(json.loads(text)),
], ids=["BOM", "CRLF", "BOM and CRLF", "reformatted"])
def test_what_editors_and_git_do_to_a_text_file_is_accepted(change: Callable[[str], str]) -> None:
    assert decode(change(encode(SAMPLE).decode()).encode(), "l") == SAMPLE


def _edit(change: Callable[[dict[str, Any]], Any]) -> bytes:
    document = json.loads(encode(SAMPLE))
    change(document)
    return json.dumps(document).encode()


@pytest.mark.parametrize(("change", "said"), [
    (lambda top: top.update(version=2), "version 2.*newer batchctl"),
    (lambda top: top.update(version=0), "never was"),
    (lambda top: top.update(version=True), "wrong kind"),
    (lambda top: top.update(version=1.0), "wrong kind"),
    (lambda top: top.update(digest_version=2), "newer batchctl"),
    (lambda top: top.update(digest_version=-1), "never was"),
    (lambda top: top.pop("jobs"), 'lacks "jobs"'),
    (lambda top: top.update(jobs=[]), "wrong kind"),
    (lambda top: top["jobs"]["reviews"]["batches"][0].update(attempt=0), "impossible"),
    (lambda top: top["jobs"]["reviews"]["batches"][0].update(requests=-1), "impossible"),
    (lambda top: top["jobs"]["reviews"]["batches"][0].update(shard="../../etc"), "64 hex"),
    (lambda top: top["jobs"]["reviews"]["batches"][0].update(origin="stolen"), "origin"),
    (lambda top: top["jobs"]["reviews"]["batches"][0]["provider"].update(region="eu"), "unknown key"),
    (lambda top: top["jobs"]["reviews"]["batches"][0]["provider"].update(base_url="//h"), "no http or https URL"),
    (lambda top: top["jobs"]["reviews"]["batches"][0]["provider"].update(base_url="http:///v1"), "no http or https"),
    (lambda top: top["jobs"]["reviews"]["batches"].append(None), "batch 4 of job"),
    (lambda top: top["jobs"]["reviews"]["sinks"].update(x={"digest": 1}), "wrong kind"),
])
def test_what_a_lockfile_cannot_say_is_refused(change: Callable[[dict[str, Any]], Any], said: str) -> None:
    with pytest.raises(LockfileInvalid, match=said):
        decode(_edit(change), "l")


@pytest.mark.parametrize("data", [
    b"", b" \n", b"[]", b"null", b"1", b'"x"', b"\xff\xfe{\x00}\x00", b"[" * 100_000, b"{" + b'"a":{' * 50_000,
    b'{"version":' + b"9" * 5000 + b"}", b'{"version": 1, "digest_version": 1, "jobs": {}, "jobs": {}}',
])
def test_what_is_no_lockfile_is_refused(data: bytes) -> None:
    with pytest.raises(LockfileInvalid):
        decode(data, "l")


def test_a_key_that_stands_twice_is_refused_and_named() -> None:
    data = encode(SAMPLE).replace(b'"attempt": 1,', b'"attempt": 1, "attempt": 2,', 1)
    with pytest.raises(LockfileInvalid, match='"attempt" stands twice'):
        decode(data, "l")
