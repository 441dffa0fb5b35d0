"""An input file that the vendor would refuse fails the batch, with the number of each bad line."""

from __future__ import annotations

import pytest

CHAT = "/v1/chat/completions"


@pytest.mark.parametrize(
    ("change", "code", "param"),
    [
        ({"custom_id": "a"}, "duplicate_custom_id", "custom_id"),
        ({"custom_id": None}, "missing_required_parameter", "custom_id"),
        ({"custom_id": 7}, "invalid_type", "custom_id"),
        ({"url": "/v1/embeddings"}, "url_mismatch", "url"),
        ({"method": "GET"}, "invalid_method", "method"),
        ({"body": None}, "missing_required_parameter", "body"),
        ({"body": {"model": "other"}}, "model_mismatch", "body.model"),
    ],
)
def test_a_bad_line_fails_the_batch_and_is_named(echo, line, change, code, param):
    row = {"custom_id": "c", "body": {"model": "small"}, **change}
    content = line("a") + line("b") + line(row.pop("custom_id"), **row)
    batch = echo.ended(echo.create(content))
    assert batch.status == "failed"
    assert batch.failed_at is not None
    (error,) = batch.errors.data
    assert (error.code, error.line, error.param) == (code, 3, param)
    assert error.message
    assert (batch.output_file_id, batch.error_file_id) == (None, None)


@pytest.mark.parametrize("bad", [b"{not json\n", b"\n", b'{"a": NaN}\n', b"[1]\n", b'"\xff"\n'])
def test_a_line_that_is_no_json_object_is_named(echo, line, bad):
    batch = echo.ended(echo.create(line("a") + bad + line("b")))
    assert [(error.code, error.line) for error in batch.errors.data] == [("invalid_json_line", 2)]


def test_an_empty_file_fails_the_batch(echo):
    batch = echo.ended(echo.create(b""))
    assert [(error.code, error.line) for error in batch.errors.data] == [("empty_file", None)]


def test_more_than_fifty_thousand_lines_fail_the_batch(echo, line):
    batch = echo.ended(echo.create(b"".join(line(str(number)) for number in range(50_001))))
    assert [error.code for error in batch.errors.data] == ["too_many_tasks"]


EMBEDDINGS = "/v1/embeddings"


def test_more_than_fifty_thousand_embedding_inputs_fail_the_batch(echo, line):
    bodies = [{"model": "m", "input": ["a"] * 25_000}, {"model": "m", "input": ["b"] * 25_000}]
    content = b"".join(line(str(n), url=EMBEDDINGS, body=body) for n, body in enumerate(bodies))
    assert echo.ended(echo.create(content, endpoint=EMBEDDINGS)).status == "completed"
    content += line("one more", url=EMBEDDINGS, body={"model": "m", "input": "c"})
    batch = echo.ended(echo.create(content, endpoint=EMBEDDINGS))
    assert [error.code for error in batch.errors.data] == ["too_many_tasks"]


def test_a_list_of_tokens_is_one_embedding_input(echo, line):
    body = {"model": "m", "input": list(range(30_000))}
    content = line("a", url=EMBEDDINGS, body=body) + line("b", url=EMBEDDINGS, body=body)
    batch = echo.ended(echo.create(content, endpoint=EMBEDDINGS))
    assert batch.status == "completed"
    assert {len(record["response"]["body"]["data"]) for record in echo.records(batch.output_file_id)} == {1}


def test_a_byte_order_mark_is_no_json(echo, line):
    batch = echo.ended(echo.create(b"\xef\xbb\xbf" + line("a")))
    assert [(error.code, error.line) for error in batch.errors.data] == [("invalid_json_line", 1)]


def test_at_most_a_hundred_errors_are_told(echo, line):
    batch = echo.ended(echo.create(b"not json\n" * 250))
    assert [error.line for error in batch.errors.data] == list(range(1, 101))


def test_a_file_without_a_final_newline_is_whole(echo, line):
    batch = echo.ended(echo.create(line("a") + line("b").rstrip(b"\n")))
    assert batch.request_counts.completed == 2
