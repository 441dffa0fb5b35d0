"""What an answer must be where a schema is declared: JSON that matches, whole, and no refusal."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from batchctl.act.lines import parse
from batchctl.act.sinks.answers import ending
from batchctl.act.verdict import Judge, Judging
from batchctl.words.outcomes import Outcome, State

SCHEMA: dict[str, Any] = {
    "type": "object", "additionalProperties": False, "required": ["total"],
    "properties": {"total": {"type": "number"}, "lines": {"type": "array", "items": {"type": "string"}}},
}
GOOD = '{"total": 12.5}'


def chat(content: str | None, finish_reason: str = "stop", **message: Any) -> dict[str, Any]:
    return {"choices": [{"message": {"role": "assistant", "content": content, **message},
                         "finish_reason": finish_reason}]}


def response(*content: dict[str, Any], **body: Any) -> dict[str, Any]:
    return {"object": "response", "status": "completed", "incomplete_details": None,
            "output": [{"type": "reasoning", "summary": []}, {"type": "message", "content": list(content)}], **body}


def said(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text}


@pytest.mark.parametrize("body", [
    chat(GOOD), chat(f"\n {GOOD}\n"), chat(GOOD, "length"), response(said(GOOD)),
    response(said('{"total"'), said(": 1}")),
    chat(None, "tool_calls", tool_calls=[{"id": "c"}]), {"output": [{"type": "function_call", "name": "f"}]},
    {"choices": [{"text": GOOD}]},
], ids=range(8))
def test_what_matches_is_taken_and_calls_of_tools_are_not_looked_at(body: dict[str, Any]) -> None:
    assert Judge(SCHEMA).complaint(body) is None


@pytest.mark.parametrize(("body", "words"), [
    (chat("It is 12."), ["not JSON"]),
    (chat('```json\n{"total": 1}\n```'), ["not JSON"]),
    (chat('{"total": NaN}'), ["not JSON", "NaN"]),
    (chat('{"total": "12"}'), ["total", "number"]),
    (chat('{"total": 1, "more": 2}'), ["more"]),
    (chat('{"total": 1, "lines": ["a", 5]}'), ["lines.1", "string"]),
    (chat('{"total": 1, "lines": [1, 2]}'), ["lines.0", "and 1 more"]),
    (chat('{"total": 12, "lines": ["a', "length"), ["cut off by length"]),
    (chat("", "length"), ["cut off by length"]),
    (chat('{"total": 12, "li', "content_filter"), ["content filter"]),
    (chat(None, refusal="I cannot help with that."), ["refused", "I cannot help"]),
    (response({"type": "refusal", "refusal": "No."}), ["refused", "No."]),
    (response(said('{"total": 1'), status="incomplete", incomplete_details={"reason": "max_output_tokens"}),
     ["cut off by length"]),
    (response(), ["no text"]), ({"choices": []}, ["no text"]), ({}, ["no text"]), (chat(None), ["no text"]),
    (chat('{"total": "\\ud800"}'), ["cannot be checked"]),
    (chat("[" * 100_000), ["not JSON"]),
], ids=range(19))
def test_what_is_wrong_with_an_answer_is_told(body: dict[str, Any], words: list[str]) -> None:
    complaint = Judge(SCHEMA).complaint(body)
    assert complaint is not None
    assert [word for word in words if word not in complaint] == [], complaint
    assert len(complaint) < 600


def test_a_number_that_was_cut_off_is_no_answer() -> None:
    assert Judge({"type": "number"}).complaint(chat("12", "length")) is not None
    assert Judge({"type": "number"}).complaint(chat("12")) is None


def test_integers_of_any_size_are_what_they_are() -> None:
    judge = Judge({"const": 12345678901234567891})
    assert judge.complaint(chat("12345678901234567891")) is None
    assert judge.complaint(chat("12345678901234567892")) is not None


def test_a_failed_line_keeps_its_own_reason() -> None:
    line = parse(json.dumps({"custom_id": "x", "response": {"status_code": 500, "body": {}}}).encode())
    assert Judging.by(SCHEMA).outcome(line) is Outcome.SERVER_ERROR
    assert Judge(SCHEMA).told(line) == line


def test_a_record_of_an_invalid_answer_has_all_of_it_but_its_json() -> None:
    body = {**chat('{"total": "12"}'), "usage": {"total_tokens": 3}}
    line = json.dumps({"custom_id": "x", "response": {"status_code": 200, "body": body}}).encode()
    end = ending(State.FAILED, Outcome.INVALID_OUTPUT, line, "batch_1", 1, judge=Judge(SCHEMA))
    assert (end["text"], end["json"], end["status"]) == ('{"total": "12"}', None, "failed")
    assert end["usage"] == {"total_tokens": 3}
    assert end["response"]["status_code"] == 200
    assert end["error"]["code"] == "invalid_output"
    assert "total" in end["error"]["message"]


def test_hostile_answers_are_judged_in_no_time() -> None:
    patterns = {"a": {"pattern": "^(a+)+$"}, "b": {"pattern": "^(?=(a+)+$)(a|b)*$"}}
    judge = Judge({"type": "object", "properties": patterns})
    before = time.monotonic()
    assert judge.complaint(chat(json.dumps({"a": "a" * 100_000 + "!", "b": "a" * 64 + "!"}))) is not None
    assert time.monotonic() - before < 5
