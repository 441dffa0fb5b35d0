"""Groq's dialect: its SDK runs a whole batch, and each of its ways that are not OpenAI's."""

from __future__ import annotations

import re

import pytest

CHAT, AUDIO, TRANSLATION = "/v1/chat/completions", "/v1/audio/transcriptions", "/v1/audio/translations"
ULID = "[0-9a-hjkmnp-tv-z]{26}"


@pytest.fixture
def server(speak):
    return speak("groq")


def test_the_sdk_runs_a_batch_from_upload_to_delete(server, line):
    groq = pytest.importorskip("groq")
    with groq.Groq(base_url=server.origin, api_key="any", max_retries=0) as client:
        file = client.files.create(file=("rows.jsonl", line("a", "one") + line("b", "two")), purpose="batch")
        assert (file.filename, file.purpose, file.object) == ("rows.jsonl", "batch", "file")
        assert client.files.info(file.id).bytes == file.bytes
        assert file.id in [found.id for found in client.files.list().data]

        batch = client.batches.create(
            completion_window="24h", endpoint=CHAT, input_file_id=file.id, metadata={"job": "x"}
        )
        assert (batch.status, batch.object) == ("validating", "batch")
        server.at_end(batch.id)
        batch = client.batches.retrieve(batch.id)
        assert (batch.status, batch.metadata, batch.errors) == ("completed", {"job": "x"}, None)
        assert batch.request_counts.to_dict() == {"total": 2, "completed": 2, "failed": 0}
        assert batch.id in [found.id for found in client.batches.list().data]

        rows = client.files.content(batch.output_file_id).read().splitlines()
        assert len(rows) == 2
        with pytest.raises(groq.BadRequestError, match="completed"):
            client.batches.cancel(batch.id)
        assert client.files.delete(file.id).deleted
        with pytest.raises(groq.NotFoundError):
            client.files.info(file.id)


def test_the_sdk_cancels_a_batch(server, line):
    groq = pytest.importorskip("groq")
    slow = server.make(b"".join(line(str(n), "[[echo:sleep=0.3]]") for n in range(40)))
    with groq.Groq(base_url=server.origin, api_key="any", max_retries=0) as client:
        assert client.batches.cancel(slow["id"]).status == "cancelling"
    assert server.at_end(slow["id"])["status"] == "cancelled"


def test_all_calls_are_below_openai_v1(server):
    assert server.base_url == server.origin + "/openai/v1"
    assert server.http.get("/batches").status_code == 200
    assert server.http.get(server.origin + "/v1/batches").status_code == 404


def test_ids_are_ulids_that_sort_by_time(server, line):
    files = [server.send_file(line("a"))["id"] for _ in range(2)]
    assert all(re.fullmatch(f"file_{ULID}", file_id) for file_id in files)
    assert files[0][:15] <= files[1][:15]
    batch = server.at_end(server.make(line("a"))["id"])
    assert re.fullmatch(f"batch_{ULID}", batch["id"])
    assert re.fullmatch(f"file_{ULID}", batch["output_file_id"])


def test_a_file_has_no_status_and_no_expiry(server, line):
    file = server.send_file(line("a"))
    assert set(file) == {"id", "object", "bytes", "created_at", "filename", "purpose"}


def test_a_list_is_walked_by_cursor_without_gaps_or_repeats(server, line):
    made = [server.make(line("a"))["id"] for _ in range(43)]
    listed, pages, query = [], 0, {"limit": "1", "after": "nonsense"}
    while True:
        page = server.http.get("/batches", params=query).json()
        assert set(page) == {"object", "data", "paging"}
        listed += [batch["id"] for batch in page["data"]]
        pages += 1
        if not (cursor := page["paging"]["next_cursor"]):
            break
        query = {"cursor": cursor}
    assert listed[:43] == made[::-1]
    assert len(set(listed)) == len(listed)
    assert pages == -(-len(listed) // 20)


def test_the_sdk_lists_by_ids_where_they_are_repeated_and_not_by_its_own_comma_form(server, line):
    groq = pytest.importorskip("groq")
    ids = [server.make(line("a"))["id"] for _ in range(2)]
    with groq.Groq(base_url=server.origin, api_key="any", max_retries=0) as client:
        listed = client.get(f"/openai/v1/batches?id={ids[0]}&id={ids[1]}", cast_to=groq.types.BatchListResponse)
        assert [batch.id for batch in listed.data] == ids[::-1]
        assert client.batches.list(extra_query={"id": ids}).data == []


@pytest.mark.parametrize("cursor", ["", "x", "cursor_", "cursor_e30", "cursor_WzFd", "cursor_ééé"])
def test_a_cursor_that_no_page_gave_is_refused(server, cursor):
    reply = server.http.get("/batches", params={"cursor": cursor})
    assert reply.status_code == 400
    assert set(reply.json()["error"]) == {"message", "type"}


def test_a_list_can_be_asked_for_up_to_200_ids(server, line):
    made = [server.make(line("a"))["id"] for _ in range(25)]
    wanted = [*made[:23], "batch_unknown", made[0]]
    page = server.http.get("/batches", params=[("id", name) for name in wanted]).json()
    assert [batch["id"] for batch in page["data"]] == made[:23][::-1]
    assert page["paging"]["next_cursor"] is None
    assert server.http.get("/batches", params=[("id", made[0])] * 200).status_code == 200
    assert server.http.get("/batches", params=[("id", made[0])] * 201).status_code == 400


def test_a_bad_line_is_told_of_and_the_others_run(server, line):
    content = line("a") + line("b") + line("c") + line("d", method="GET")
    batch = server.at_end(server.make(content)["id"])
    assert batch["status"] == "completed"
    assert batch["request_counts"] == {"total": 3, "completed": 3, "failed": 0}
    assert isinstance(batch["errors"], list)
    (error,) = batch["errors"]
    assert set(error) == {"code", "line", "message", "param"}
    assert (error["code"], error["line"]) == ("invalid_method", 4)
    assert {row["custom_id"] for row in server.rows(batch["output_file_id"])} == {"a", "b", "c"}


def test_the_right_lines_run_behind_a_bad_one(server, line):
    content = line("a", "one") + b"{not json\n" + line("a", "twice") + line("b", "two")
    batch = server.at_end(server.make(content)["id"])
    assert [(error["code"], error["line"]) for error in batch["errors"]] == [
        ("invalid_json_line", 2),
        ("duplicate_custom_id", 3),
    ]
    texts = {
        row["custom_id"]: row["response"]["body"]["choices"][0]["message"]["content"]
        for row in server.rows(batch["output_file_id"])
    }
    assert texts == {"a": "echo: one", "b": "echo: two"}


def test_at_most_a_hundred_bad_lines_are_told_of_and_the_last_good_one_still_runs(server, line):
    batch = server.at_end(server.make(b"not json\n" * 150 + line("last"))["id"])
    assert (batch["status"], len(batch["errors"])) == ("completed", 100)
    assert [row["custom_id"] for row in server.rows(batch["output_file_id"])] == ["last"]


def test_a_batch_without_any_good_line_fails(server):
    batch = server.at_end(server.make(b"not json\n")["id"])
    assert (batch["status"], [error["line"] for error in batch["errors"]]) == ("failed", [1])


def test_lines_for_several_endpoints_and_models_share_a_batch(server, line):
    recording = {"model": "whisper", "url": "http://x/a.wav"}
    content = line("chat") + line("audio", url=AUDIO, body=recording)
    content += line("english", url=TRANSLATION, body=recording)
    batch = server.at_end(server.make(content)["id"])
    assert (batch["errors"], batch["request_counts"]["completed"]) == (None, 3)
    bodies = {row["custom_id"]: row["response"]["body"] for row in server.rows(batch["output_file_id"])}
    assert bodies["audio"] == bodies["english"] == {"text": "echo: http://x/a.wav"}
    assert bodies["chat"]["object"] == "chat.completion"


def test_a_line_for_an_endpoint_that_is_not_one_of_the_three_is_bad(server, line):
    batch = server.at_end(server.make(line("a") + line("b", url="/v1/embeddings"))["id"])
    assert [(error["code"], error["line"]) for error in batch["errors"]] == [("url_mismatch", 2)]


def test_a_line_with_a_picture_is_answered(server, line):
    content = [{"type": "text", "text": "what?"}, {"type": "image_url", "image_url": {"url": "http://x/a.png"}}]
    body = {"model": "vision", "messages": [{"role": "user", "content": content}]}
    batch = server.at_end(server.make(line("a", body=body))["id"])
    (row,) = server.rows(batch["output_file_id"])
    assert row["response"]["body"]["choices"][0]["message"]["content"] == "echo: what?"


def test_an_error_has_a_message_and_a_type(server):
    reply = server.http.get("/batches/batch_unknown")
    assert reply.status_code == 404
    assert set(reply.json()) == {"error"}
    assert set(reply.json()["error"]) == {"message", "type"}


def test_a_completed_batch_has_no_finalizing_time_and_no_usage(server, line):
    batch = server.at_end(server.make(line("a"))["id"])
    assert batch["completed_at"] is not None
    assert batch["finalizing_at"] is None
    assert not {"usage", "model"} & set(batch)


def test_more_than_fifty_thousand_lines_fail_the_batch(server, line):
    batch = server.at_end(server.make(b"".join(line(str(number)) for number in range(50_001)))["id"])
    assert (batch["status"], [error["code"] for error in batch["errors"]]) == ("failed", ["too_many_tasks"])
