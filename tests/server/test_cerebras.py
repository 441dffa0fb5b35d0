"""Cerebras' dialect by plain HTTP, for its SDK knows no batches: each of its ways that are not OpenAI's."""

from __future__ import annotations

import pytest


@pytest.fixture
def server(speak):
    return speak("cerebras")


@pytest.fixture
def ten(line):
    return b"".join(line(str(number)) for number in range(10))


def test_a_batch_runs_from_upload_to_delete(server, ten):
    file = server.send_file(ten)
    wish = {"input_file_id": file["id"], "endpoint": "/v1/chat/completions", "completion_window": "24h"}
    made = server.http.post("/batches", json={**wish, "metadata": {"job": "x"}}).json()
    assert made["status"] == "validating"
    assert made["request_counts"] == {"total": 0, "completed": 0, "failed": 0}
    batch = server.at_end(made["id"])
    assert (batch["status"], batch["errors"], batch["metadata"]) == ("completed", None, {"job": "x"})
    assert batch["request_counts"] == {"total": 10, "completed": 10, "failed": 0}
    assert {row["custom_id"] for row in server.rows(batch["output_file_id"])} == {str(n) for n in range(10)}
    assert made["id"] in [found["id"] for found in server.http.get("/batches", params={"limit": 100}).json()["data"]]
    assert server.http.delete(f"/files/{file['id']}").json()["deleted"]
    assert server.http.get(f"/files/{file['id']}").status_code == 404


def test_a_batch_is_queued_between_validating_and_in_progress(server, line):
    batch = server.make(b"".join(line(str(number), "[[echo:sleep=0.2]]") for number in range(20)))
    seen = [batch["status"]]
    while (status := server.look(batch["id"])["status"]) != "completed":
        if status != seen[-1]:
            seen.append(status)
    assert seen[:3] == ["validating", "queued", "in_progress"]


def test_a_queued_batch_goes_on_after_a_restart(start, ten, wait):
    server = start("--dialect", "cerebras")
    batch = server.make(ten)
    wait(lambda: server.look(batch["id"])["status"] == "queued")
    server.kill()
    assert start("--dialect", "cerebras").at_end(batch["id"])["status"] == "completed"


def test_fewer_than_ten_requests_fail_the_batch(server, line):
    batch = server.at_end(server.make(b"".join(line(str(number)) for number in range(9)))["id"])
    assert batch["status"] == "failed"
    assert "fewer than the minimum of 10" in batch["errors"]


def test_errors_are_one_string_with_the_numbers_of_the_lines(server, ten, line):
    batch = server.at_end(server.make(ten + line("x", method="GET") + b"{\n")["id"])
    assert batch["status"] == "failed"
    assert isinstance(batch["errors"], str)
    assert "Line 11: " in batch["errors"]
    assert "Line 12: " in batch["errors"]


def test_metadata_may_hold_lists(server, ten):
    tags = {"custom_tags": ["legal-review", "q3"]}
    batch = server.make(ten, metadata=tags)
    assert server.look(batch["id"])["metadata"] == tags


def test_the_reply_to_a_create_call_has_neither_metadata_nor_an_expiry(server, ten):
    batch = server.make(ten, metadata={"job": "x"})
    assert (batch["metadata"], batch["expires_at"]) == (None, None)


def test_a_completed_batch_lacks_the_times_that_the_samples_lack(server, ten):
    batch = server.at_end(server.make(ten)["id"])
    assert batch["completed_at"] is not None
    assert [batch[name] for name in ("in_progress_at", "expires_at", "finalizing_at")] == [None] * 3


def test_delete_cancels_a_batch_and_keeps_what_was_answered(server, line):
    batch = server.make(line("q") + b"".join(line(str(n), "[[echo:sleep=0.4]]") for n in range(40)))
    while not server.look(batch["id"])["request_counts"]["completed"]:
        pass
    reply = server.http.delete(f"/batches/{batch['id']}")
    assert reply.status_code == 200
    assert (reply.json()["status"], reply.json()["request_counts"]) == ("cancelling", None)
    ended = server.at_end(batch["id"])
    assert ended["status"] == "cancelled"
    assert "q" in {row["custom_id"] for row in server.rows(ended["output_file_id"])}


def test_a_queued_batch_can_be_cancelled(server, ten, wait):
    batch = server.make(ten)
    wait(lambda: server.look(batch["id"])["status"] == "queued")
    assert server.http.delete(f"/batches/{batch['id']}").json()["status"] == "cancelling"
    ended = server.at_end(batch["id"])
    assert (ended["status"], ended["output_file_id"]) == ("cancelled", None)
    assert len(server.rows(ended["error_file_id"])) == 10


def test_post_to_cancel_is_not_allowed(server, ten):
    batch = server.make(ten)
    assert server.http.post(f"/batches/{batch['id']}/cancel").status_code == 405
    assert server.at_end(batch["id"])["status"] == "completed"


def test_an_empty_list_is_null(start):
    server = start("--dialect", "cerebras")
    for path in ("/batches", "/files"):
        assert server.http.get(path).json() == {"object": "list", "data": None, "has_more": None}


def test_has_more_is_true_or_null(server, ten):
    made = [server.make(ten)["id"] for _ in range(3)]
    first = server.http.get("/batches", params={"limit": 2}).json()
    assert ([batch["id"] for batch in first["data"]], first["has_more"]) == ([made[2], made[1]], True)
    everything = server.http.get("/batches", params={"limit": 100}).json()
    assert everything["has_more"] is None


def test_files_are_listed_20_to_a_page_and_100_at_most(server, ten):
    made = [server.send_file(ten)["id"] for _ in range(21)]
    page = server.http.get("/files").json()
    assert (len(page["data"]), page["has_more"]) == (20, True)
    last = page["data"][-1]["id"]
    rest = server.http.get("/files", params={"after": last}).json()
    # The server is shared: a batch of another test may have left its output between these.
    listed = [file["id"] for file in (*page["data"], *rest["data"]) if file["id"] in made]
    assert listed == made[::-1]
    assert server.http.get("/files", params={"limit": 101}).status_code == 400


def test_a_file_is_kept_for_seven_days_and_has_no_status(server, ten):
    file = server.send_file(ten)
    assert file["expires_at"] - file["created_at"] == 7 * 86_400
    assert set(file) == {"id", "object", "filename", "bytes", "purpose", "created_at", "expires_at"}


def test_content_is_of_type_ndjson(server, ten):
    reply = server.http.get(f"/files/{server.send_file(ten)['id']}/content")
    assert reply.headers["content-type"] == "application/x-ndjson"
    assert reply.content == ten
