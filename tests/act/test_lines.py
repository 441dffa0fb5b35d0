"""One line of a result file, in every form that servers were seen to write."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchctl.act.lines import NotALine, ResultLine, parse, text_of
from batchctl.words.outcomes import Outcome

HEX = "00010203040506070809"
CUSTOM = f"row-7-{HEX}"
CHAT = {"choices": [{"message": {"role": "assistant", "content": "hello"}}], "usage": {"total_tokens": 3}}


def line(**members: Any) -> ResultLine:
    return parse(json.dumps({"id": "batch_req_1", "custom_id": CUSTOM, **members}).encode())


def response(status: Any = 200, body: Any = CHAT, **more: Any) -> dict[str, Any]:
    return {"status_code": status, "request_id": "r", "body": body, **more}


OK_LINES = {
    "as documented": {"response": response(), "error": None},
    "error left out": {"response": response()},
    "body as a JSON string": {"response": response(body=json.dumps(CHAT)), "error": None},
    "status left out": {"response": {"body": CHAT}},
    "status as a string": {"response": response("200")},
    "status 201": {"response": response(201)},
    "an empty error object": {"response": response(), "error": {}},
    "an error of nulls": {"response": response(), "error": {"code": None, "message": None}},
    "an error that is an empty string": {"response": response(), "error": ""},
    "an error that is false": {"response": response(), "error": False},
    "a body with a null error": {"response": response(body={**CHAT, "error": None})},
    "a plain text body": {"response": response(body="a transcript")},
    "an empty body": {"response": response(body={})},
    "a body with a big number": {"response": response(body={**CHAT, "seed": 2**80})},
    "a body with a lone surrogate": {"response": response(body={"text": "\ud83d"})},
}


@pytest.mark.parametrize("name", OK_LINES)
def test_g1_a_paid_answer_is_taken_in_every_form(name: str) -> None:
    found = line(**OK_LINES[name])
    assert found.outcome is Outcome.OK
    assert found.error is None
    assert found.id == bytes(range(10))


FAILED_LINES = [
    ({"response": response(400, {"error": {"message": "bad", "code": "c"}}), "error": None}, Outcome.REJECTED, "c"),
    ({"response": response(429, {"error": {"message": "slow"}})}, Outcome.RATE_LIMIT, None),
    ({"response": response(498, {"error": {"message": "flex"}})}, Outcome.RATE_LIMIT, None),
    ({"response": response(500, None)}, Outcome.SERVER_ERROR, None),
    ({"response": response(503, "<html>")}, Outcome.SERVER_ERROR, None),
    ({"response": response(504, None)}, Outcome.TIMEOUT, None),
    ({"response": response(408, None)}, Outcome.TIMEOUT, None),
    ({"response": response(0, None)}, Outcome.SERVER_ERROR, None),
    ({"response": response(True, None)}, Outcome.SERVER_ERROR, None),
    ({"response": response("9" * 5000, None)}, Outcome.SERVER_ERROR, None),
    ({"response": response(10**30, None)}, Outcome.SERVER_ERROR, None),
    ({"response": response(200, None)}, Outcome.REJECTED, None),
    ({"response": response(200, {"error": {"message": "m", "type": "server_error"}})}, Outcome.SERVER_ERROR,
     "server_error"),
    ({"response": response(200), "error": {"code": "batch_expired", "message": "m"}}, Outcome.EXPIRED, "batch_expired"),
    ({"response": None, "error": {"code": "batch_expired", "message": "m"}}, Outcome.EXPIRED, "batch_expired"),
    ({"response": None, "error": {"code": "batch_cancelled"}}, Outcome.CANCELLED, "batch_cancelled"),
    ({"error": {"type": "rate_limit_error", "message": "m"}}, Outcome.RATE_LIMIT, "rate_limit_error"),
    ({"error": {"code": None, "type": "timeout"}}, Outcome.TIMEOUT, "timeout"),
    ({"error": {"code": "RATE_LIMIT_EXCEEDED"}}, Outcome.RATE_LIMIT, "RATE_LIMIT_EXCEEDED"),
    ({"error": {"code": "context_length_exceeded"}}, Outcome.REJECTED, "context_length_exceeded"),
    ({"error": {"code": 404, "message": "m"}}, Outcome.REJECTED, 404), ({"error": "boom"}, Outcome.REJECTED, None),
    ({"error": ["boom"]}, Outcome.REJECTED, None), ({"response": "x"}, Outcome.REJECTED, None),
    ({}, Outcome.REJECTED, None),
    ({"response": {}}, Outcome.SERVER_ERROR, None), ({"response": [], "error": None}, Outcome.REJECTED, None),
]


@pytest.mark.parametrize(("members", "outcome", "code"), FAILED_LINES)
def test_a_failed_request_says_how_it_failed(members: dict[str, Any], outcome: Outcome, code: Any) -> None:
    found = line(**members)
    assert found.outcome is outcome
    assert found.error is not None
    assert found.error["code"] == code


@pytest.mark.parametrize("custom", [None, 7, "row-7", "", [HEX], HEX + "x"])
def test_a_line_that_names_no_request_of_ours_has_no_id(custom: Any) -> None:
    assert line(custom_id=custom, response=response()).id is None


def test_a_custom_id_may_be_absent() -> None:
    assert parse(json.dumps({"error": {"code": "x"}}).encode()).id is None


@pytest.mark.parametrize("content", [
    b"", b"\n", b"<html>", b"[]", b"null", b"7", b'"x"', b"{", b"{}", b"\xff\xfe", b"[" * 100_000,
    b'{"html-message": "<b>"}', b'{"status": "failure", "message": "no"}', b'{"id": "batch_1", "object": "batch"}',
    b'{"custom_id": "a"} {"custom_id": "b"}', b"9" * 10_000,
])
def test_g1_what_is_no_result_is_never_taken_for_one(content: bytes) -> None:
    with pytest.raises(NotALine):
        parse(content)


@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode(errors="replace")))
def test_any_bytes_are_a_line_or_not_a_line(content: bytes) -> None:
    with contextlib.suppress(NotALine):
        assert isinstance(parse(content).outcome, Outcome)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["status_code", "body", "error", "code", "type", "message", "choices", "content", "text",
                         "output", "request_id"]), inner, max_size=4), max_leaves=12)


@given(JSON, JSON, JSON)
def test_any_json_is_a_line_with_one_outcome(custom: Any, given_response: Any, error: Any) -> None:
    found = parse(json.dumps({"custom_id": custom, "response": given_response, "error": error}).encode())
    assert (found.outcome is Outcome.OK) is (found.error is None)
    said = text_of(found.body)
    assert said is None or isinstance(said, str)


@pytest.mark.parametrize(("body", "said"), [
    (CHAT, "hello"), ({"choices": [{"text": "completed"}]}, "completed"),
    ({"choices": [{"message": {"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}}]}, "ab"),
    ({"choices": [{"message": {"content": None, "tool_calls": []}}]}, None), ({"choices": []}, None),
    ({"choices": [None]}, None), ({"choices": "x"}, None),
    ({"output": [{"type": "reasoning", "content": [{"text": "hm"}]},
                 {"type": "message", "content": [{"type": "output_text", "text": "one"}]},
                 {"type": "message", "content": [{"type": "output_text", "text": "two"}]}]}, "onetwo"),
    ({"output": []}, None), ({"text": "a transcript"}, "a transcript"), ({"text": 7}, None),
    ({"data": [{"embedding": [1]}]}, None), ("plain", None), (None, None), ([1], None),
])
def test_what_the_model_said_is_found_in_every_kind_of_answer(body: Any, said: str | None) -> None:
    assert text_of(body) == said
