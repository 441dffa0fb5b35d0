"""What the vendor's SDK, and any HTTP client, meets at the server."""

from __future__ import annotations

import json

import httpx
import openai
import pytest

CHAT = "/v1/chat/completions"


def test_the_sdk_runs_a_batch_from_upload_to_delete(echo, line):
    client = echo.openai
    content = line("a", "one") + line("b", "two")
    file = client.files.create(file=("rows.jsonl", content), purpose="batch")
    assert (file.filename, file.bytes, file.purpose, file.status) == (
        "rows.jsonl",
        len(content),
        "batch",
        "processed",
    )
    assert file.id.startswith("file-")
    assert file.expires_at == file.created_at + 30 * 86_400

    batch = client.batches.create(
        input_file_id=file.id, endpoint=CHAT, completion_window="24h", metadata={"job": "x"}
    )
    assert batch.id.startswith("batch_")
    assert len(batch.id) == len("batch_") + 32
    assert batch.status == "validating"
    assert batch.expires_at == batch.created_at + 86_400
    assert batch.request_counts.total == 0

    batch = echo.ended(batch)
    assert batch.status == "completed"
    assert batch.metadata == {"job": "x"}
    assert batch.model == "small"
    assert batch.request_counts.to_dict() == {"total": 2, "completed": 2, "failed": 0}
    assert batch.error_file_id is None
    assert batch.errors is None
    assert batch.usage.total_tokens == batch.usage.input_tokens + batch.usage.output_tokens > 0
    assert batch.created_at <= batch.in_progress_at <= batch.finalizing_at <= batch.completed_at

    records = {record["custom_id"]: record for record in echo.records(batch.output_file_id)}
    assert set(records) == {"a", "b"}
    answer = records["b"]["response"]
    assert records["b"]["error"] is None
    assert records["b"]["id"].startswith("batch_req_")
    assert answer["status_code"] == 200
    assert answer["body"]["choices"][0]["message"]["content"] == "echo: two"
    assert answer["body"]["system_fingerprint"] == "batchctl-echo"

    assert client.files.retrieve(batch.output_file_id).purpose == "batch_output"
    assert client.files.delete(file.id).deleted
    with pytest.raises(openai.NotFoundError):
        client.files.retrieve(file.id)
    with pytest.raises(openai.NotFoundError):
        client.files.content(file.id)


def test_lists_are_paged_newest_first_without_gaps_or_repeats(echo, line):
    made = [echo.create(line(str(number))).id for number in range(7)]
    for batch_id in made:
        echo.ended(echo.openai.batches.retrieve(batch_id))
    listed = [batch.id for batch in echo.openai.batches.list(limit=3)]
    assert listed[:7] == made[::-1]
    assert len(set(listed)) == len(listed)
    page = echo.http.get("/batches", params={"limit": 3}).json()
    assert (page["object"], page["has_more"]) == ("list", True)
    assert (page["first_id"], page["last_id"]) == (made[6], made[4])


def test_files_are_listed_by_purpose_order_and_page(echo):
    made = [echo.upload(b"x", name=f"{number}.jsonl") for number in range(3)]
    inputs = [file.id for file in echo.openai.files.list(purpose="batch", order="asc", limit=2)]
    assert inputs[-3:] == made
    assert made[0] not in [file.id for file in echo.openai.files.list(purpose="batch_output")]


def test_a_range_of_a_file_is_a_206_with_these_bytes(echo):
    file_id = echo.upload(b"0123456789")
    whole = echo.http.get(f"/files/{file_id}/content")
    assert whole.headers["content-type"] == "application/octet-stream"
    assert whole.headers["content-length"] == "10"
    assert 'filename="in.jsonl"' in whole.headers["content-disposition"]
    part = echo.http.get(f"/files/{file_id}/content", headers={"Range": "bytes=4-"})
    assert (part.status_code, part.content) == (206, b"456789")
    assert part.headers["content-range"] == "bytes 4-9/10"


def test_a_call_without_a_bearer_is_refused(echo):
    reply = httpx.get(f"{echo.base_url}/batches")
    assert reply.status_code == 401
    assert reply.json()["error"]["type"] == "invalid_request_error"
    assert reply.headers["x-request-id"].startswith("req_")


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:8000", 200),
        ("127.0.0.1", 200),
        ("[::1]:8000", 200),
        ("host.docker.internal:8000", 200),
        ("batch:8000", 200),
        ("rebound.example.com", 403),
        ("rebound.example.com.:8000", 403),
        ("127.0.0.1.example.com:8000", 403),
        ("localhost.example.com", 403),
    ],
)
def test_a_web_page_cannot_reach_the_server_by_a_name_of_its_own(echo, host, status):
    assert echo.http.get("/batches", headers={"Host": host}).status_code == status


def test_a_server_for_other_machines_answers_to_any_name_and_says_who_is_let_in(start):
    server = start("--host", "0.0.0.0")
    assert server.http.get("/batches", headers={"Host": "batch.example.com"}).status_code == 200
    assert "is let in with any key" in server.log.read_text()


def test_unknown_routes_and_ids_are_json_errors(echo):
    for method, path, status in [
        ("GET", "/nonsense", 404),
        ("GET", "/batches/batch_0", 404),
        ("POST", "/batches/batch_0/cancel", 404),
        ("GET", "/files/file-0", 404),
        ("GET", "/files/../server.json", 404),
        ("DELETE", "/batches", 405),
    ]:
        reply = echo.http.request(method, path)
        assert reply.status_code == status, path
        assert set(reply.json()["error"]) == {"message", "type", "param", "code"}


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"completion_window": "25x"}, "completion_window"),
        ({"completion_window": "1h"}, "completion_window"),
        ({"completion_window": "1d"}, "completion_window"),
        ({"completion_window": "immediate"}, "completion_window"),
        ({"completion_window": None}, "completion_window"),
        ({"endpoint": "/v1/nonsense"}, "endpoint"),
        ({"endpoint": "/v1/audio/transcriptions"}, "endpoint"),
        ({"input_file_id": "file-unknown"}, "file_id"),
        ({"metadata": {str(number): "v" for number in range(17)}}, "metadata"),
        ({"metadata": {"k" * 65: "v"}}, "metadata"),
        ({"metadata": {"k": "v" * 513}}, "metadata.k"),
        ({"metadata": {"k": 1}}, "metadata.k"),
        ({"output_expires_after": {"anchor": "created_at", "seconds": 1}}, "output_expires_after.seconds"),
        ({"priority": "high"}, "priority"),
    ],
)
def test_a_create_call_that_the_vendor_would_refuse_is_refused(echo, line, change, param):
    wish = {"input_file_id": echo.upload(line("a")), "endpoint": CHAT, "completion_window": "24h", **change}
    reply = echo.http.post("/batches", json=wish)
    assert reply.status_code == 400
    assert reply.json()["error"]["param"] == param


def test_a_purpose_other_than_batch_is_refused(echo):
    with pytest.raises(openai.BadRequestError, match="purpose"):
        echo.openai.files.create(file=("x", b"x"), purpose="user_data")


def test_a_form_that_ends_too_early_leaves_no_file(echo):
    before = sorted((echo.folder / "files").iterdir())
    form = b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\nhalf'
    reply = echo.http.post(
        "/files", content=form, headers={"Content-Type": "multipart/form-data; boundary=b"}
    )
    assert reply.status_code == 400
    assert sorted((echo.folder / "files").iterdir()) == before


def test_an_upload_keeps_the_expiry_it_asked_for(echo):
    file = echo.openai.files.create(
        file=("x", b"x"), purpose="batch", expires_after={"anchor": "created_at", "seconds": 3600}
    )
    assert file.expires_at == file.created_at + 3600


@pytest.mark.parametrize("seconds", ["x", "-1", "3599", "2592001", "²", "9" * 5_000])
def test_an_expiry_that_the_vendor_would_refuse_is_refused(echo, seconds):
    form = {"purpose": "batch", "expires_after[anchor]": "created_at", "expires_after[seconds]": seconds}
    reply = echo.http.post("/files", data=form, files={"file": ("x", b"x")})
    assert (reply.status_code, reply.json()["error"]["param"]) == (400, "expires_after.seconds")


def test_a_failed_line_goes_to_the_error_file_and_a_good_one_to_the_output(echo, line):
    batch = echo.ended(echo.create(line("good") + line("bad", "[[echo:status=429]]")))
    assert batch.request_counts.to_dict() == {"total": 2, "completed": 1, "failed": 1}
    assert [record["custom_id"] for record in echo.records(batch.output_file_id)] == ["good"]
    (bad,) = echo.records(batch.error_file_id)
    assert (bad["custom_id"], bad["response"]["status_code"], bad["error"]) == ("bad", 429, None)
    assert bad["response"]["body"]["error"]["message"]


def test_a_batch_whose_every_line_failed_is_completed_without_an_output_file(echo):
    row = {"method": "POST", "url": CHAT, "body": {"model": "echo-fail-500", "messages": []}}
    content = b"".join(json.dumps({"custom_id": str(n), **row}).encode() + b"\n" for n in range(3))
    batch = echo.ended(echo.create(content))
    assert (batch.status, batch.output_file_id) == ("completed", None)
    assert batch.request_counts.to_dict() == {"total": 3, "completed": 0, "failed": 3}
    assert len(echo.records(batch.error_file_id)) == 3


def test_streaming_is_refused_for_the_line_alone(echo, line):
    body = {"model": "small", "messages": [], "stream": True}
    batch = echo.ended(echo.create(line("s", body=body) + line("t")))
    (refused,) = echo.records(batch.error_file_id)
    assert refused["response"]["body"]["error"]["param"] == "stream"
    assert batch.request_counts.completed == 1


def test_an_ended_batch_cannot_be_cancelled(echo, line):
    batch = echo.ended(echo.create(line("a")))
    with pytest.raises(openai.BadRequestError, match="completed"):
        echo.openai.batches.cancel(batch.id)


def test_cancelling_keeps_what_was_answered_and_names_what_was_not(echo, line):
    slow = b"".join(line(f"slow-{number}", "[[echo:sleep=0.4]]") for number in range(60))
    batch = echo.create(line("quick") + slow)
    while echo.openai.batches.retrieve(batch.id).request_counts.completed < 9:
        pass
    cancelling = echo.openai.batches.cancel(batch.id)
    assert cancelling.status == "cancelling"
    assert cancelling.cancelling_at is not None
    batch = echo.ended(batch)
    assert batch.status == "cancelled"
    done = [record["custom_id"] for record in echo.records(batch.output_file_id)]
    left = echo.records(batch.error_file_id)
    assert "quick" in done
    assert len(done) == batch.request_counts.completed < 40
    assert {record["error"]["code"] for record in left} == {"batch_cancelled"}
    assert {record["response"] for record in left} == {None}
    assert sorted(done + [record["custom_id"] for record in left]) == sorted(
        ["quick"] + [f"slow-{number}" for number in range(60)]
    )


def test_the_input_of_a_running_batch_can_be_deleted(echo, line):
    content = b"".join(line(str(number), "[[echo:sleep=0.1]]") for number in range(20))
    batch = echo.create(content)
    echo.openai.files.delete(batch.input_file_id)
    assert echo.ended(batch).request_counts.completed == 20


def test_the_same_line_gets_the_same_echo_byte_for_byte(echo, line):
    outputs = []
    for _ in range(2):
        batch = echo.ended(echo.create(line("same", "ask")))
        outputs.append(echo.openai.files.content(batch.output_file_id).read())
    assert outputs[0] == outputs[1]


@pytest.mark.parametrize(
    ("endpoint", "body", "read", "expected"),
    [
        ("/v1/responses", {"input": "hi"}, lambda b: b["output"][0]["content"][0]["text"], "echo: hi"),
        ("/v1/completions", {"prompt": "hi"}, lambda b: b["choices"][0]["text"], "echo: hi"),
        ("/v1/embeddings", {"input": ["a", "b"], "dimensions": 4}, lambda b: len(b["data"]), 2),
        ("/v1/moderations", {"input": "hi"}, lambda b: b["results"][0]["flagged"], False),
        ("/v1/images/generations", {"prompt": "cat"}, lambda b: b["data"][0]["revised_prompt"], "echo: cat"),
    ],
)
def test_each_endpoint_is_echoed_in_its_own_shape(echo, line, endpoint, body, read, expected):
    content = line("a", url=endpoint, body={"model": "small", **body})
    batch = echo.ended(echo.create(content, endpoint=endpoint))
    (record,) = echo.records(batch.output_file_id)
    assert read(record["response"]["body"]) == expected


def test_fifty_thousand_lines_are_all_answered_once(echo, line):
    content = b"".join(line(f"row-{number}") for number in range(50_000))
    batch = echo.ended(echo.create(content), timeout_s=60)
    assert batch.request_counts.to_dict() == {"total": 50_000, "completed": 50_000, "failed": 0}
    lines = echo.openai.files.content(batch.output_file_id).read().splitlines()
    assert {json.loads(text)["custom_id"] for text in lines} == {f"row-{number}" for number in range(50_000)}
    assert len(lines) == 50_000
