"""Files and Batches: one call each, every page, and no list that only looks empty."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from batchctl.words.dialects import GROQ, OPENAI, Metadata
from batchctl.words.errors import Refusal, RemoteError, Unavailable
from tests.remote.http import Scripted, answer, text


def listed(script: Scripted) -> list[str]:
    return [batch.id for batch in script.provider().batches()]


def page(*ids: str, **more: Any) -> httpx.Response:
    return answer({"object": "list", "data": [{"id": identity, "created_at": 7} for identity in ids], **more})


def test_g2_every_page_is_read() -> None:
    script = Scripted(page("a", "b", has_more=True), page("c", has_more=True), page("d", has_more=False))
    assert listed(script) == ["a", "b", "c", "d"]
    assert script.calls == ["GET /v1/batches?limit=100", "GET /v1/batches?limit=100&after=b",
                            "GET /v1/batches?limit=100&after=c"]


@pytest.mark.parametrize("unsaid", [{}, {"has_more": None}])
def test_g2_a_short_page_that_does_not_say_whether_there_is_more_is_not_the_last(unsaid: dict[str, None]) -> None:
    script = Scripted(page("a", "b", **unsaid), page("c", **unsaid), page(**unsaid))
    assert listed(script) == ["a", "b", "c"]
    assert [call.partition("&")[2] for call in script.calls] == ["", "after=b", "after=c"]
    files = Scripted(page("a", **unsaid), page("b", **unsaid), page(**unsaid))
    assert [file.id for file in files.provider().files()] == ["a", "b"]


def test_a_page_of_groqs_without_a_cursor_is_the_last() -> None:
    script = Scripted(page("a", paging={"next_cursor": "x"}), page("b"))
    assert [batch.id for batch in script.provider(GROQ).batches()] == ["a", "b"]
    assert script.calls == ["GET /v1/batches", "GET /v1/batches?cursor=x"]


def test_a_server_that_ignores_after_is_not_asked_for_ever() -> None:
    script = Scripted(page("a", "b", has_more=True))
    assert listed(script) == ["a", "b"]
    assert len(script.asked) == 2


def test_a_cursor_that_goes_round_in_circles_ends() -> None:
    pages = itertools.cycle([page("a", has_more=True), page("b", has_more=True), page("c", has_more=True)])
    script = Scripted(lambda request: next(pages))
    assert listed(script) == ["a", "b", "c"]
    assert len(script.asked) == 4


def test_pages_that_overlap_name_each_batch_once_and_the_last_new_one_leads_on() -> None:
    script = Scripted(page("a", "b", "a", has_more=True), page("b", "c", "b", has_more=True), page("c", has_more=True))
    assert listed(script) == ["a", "b", "c"]
    assert script.calls[2].endswith("after=c")


@pytest.mark.parametrize("body", [
    {"object": "list", "data": [], "has_more": True}, {"data": None, "has_more": False}, {"object": "list"}, [],
    {"data": []},
])
def test_an_empty_list_is_empty_in_every_form(body: Any) -> None:
    script = Scripted(answer(body))
    assert listed(script) == []
    assert len(script.asked) == 1


@pytest.mark.parametrize("body", [
    {}, {"html-message": "<b>hello"}, {"error": {"message": "no"}}, {"status": "failure", "message": "no"},
    {"data": {}}, {"data": "x"}, {"data": 0}, {"object": "list", "data": False}, {"object": "batch", "id": "a"},
])
def test_g1_an_answer_that_is_no_list_is_not_an_empty_list(body: Any) -> None:
    with pytest.raises(Unavailable, match="without a list"):
        listed(Scripted(answer(body)))


@pytest.mark.parametrize("entry", [None, 7, "x", {}, {"id": None}, {"id": []}, {"id": ""}, {"status": "completed"}])
def test_g1_an_entry_that_names_nothing_is_not_passed_over(entry: Any) -> None:
    """It may be a batch of ours: a list that seems to lack it would let it be made again."""
    with pytest.raises(Unavailable, match="without an id"):
        listed(Scripted(answer({"object": "list", "data": [{"id": "a"}, entry]})))


def test_g1_an_empty_page_that_names_a_cursor_is_not_the_end() -> None:
    script = Scripted(page(paging={"next_cursor": "x"}), page("a", paging={"next_cursor": "y"}), page())
    assert listed(script) == ["a"]
    assert [call.partition("&")[2] for call in script.calls] == ["", "cursor=x", "cursor=y"]


def test_g1_an_empty_page_that_leads_to_itself_is_no_list() -> None:
    script = Scripted(page(paging={"next_cursor": "again"}))
    with pytest.raises(Unavailable, match="leads to itself"):
        listed(script)
    assert len(script.asked) == 2


def test_a_cursor_that_repeats_ends_with_what_is_new() -> None:
    script = Scripted(page("a", "b", paging={"next_cursor": "again"}))
    assert listed(script) == ["a", "b"]
    assert len(script.asked) == 2


def test_g1_a_list_without_end_is_no_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("batchctl.remote.paging._PAGES", 20)
    numbers = itertools.count()
    script = Scripted(lambda request: page(f"batch_{next(numbers)}", has_more=True))
    with pytest.raises(Unavailable, match="no end"):
        listed(script)


def test_a_bare_list_is_one_page() -> None:
    assert listed(Scripted(answer([{"id": "a"}, {"id": "b"}]))) == ["a", "b"]


def test_g1_a_list_that_breaks_off_is_an_error_and_not_a_shorter_list() -> None:
    with pytest.raises(RemoteError):
        listed(Scripted(page("a", has_more=True), answer({"error": "no"}, 400)))


def test_g1_a_create_says_whose_it_is_where_the_dialect_can() -> None:
    sent = []
    for dialect in (OPENAI, replace(OPENAI, metadata=Metadata(supported=False))):
        script = Scripted(answer({"id": "b", "status": "validating"}))
        made = script.provider(dialect).create(
            input_file_id="f", endpoint="/v1/x", window="24h", metadata={"k": "v"}, output_expires_after_s=3600)
        assert made.id == "b"
        sent.append(script.asked[0].content)
    expiry = b'"output_expires_after":{"anchor":"created_at","seconds":3600}}'
    head = b'{"input_file_id":"f","endpoint":"/v1/x","completion_window":"24h",'
    assert sent == [head + b'"metadata":{"k":"v"},' + expiry, head + expiry]


def cancelled(*steps: Any, cancel: tuple[tuple[str, str], ...] = OPENAI.cancel) -> tuple[str, list[str]]:
    script = Scripted(*steps)
    return script.provider(replace(OPENAI, cancel=cancel)).cancel("b/1").status, script.calls


def shown(status: str) -> httpx.Response:
    return answer({"id": "b/1", "status": status})


VERBS = (("POST", "/batches/{id}/cancel"), ("DELETE", "/batches/{id}"), ("PUT", "/batches/{id}"))


def test_a_cancel_tries_the_verbs_of_its_dialect_in_turn() -> None:
    assert cancelled(shown("cancelling"), cancel=VERBS) == ("cancelling", ["POST /v1/batches/b%2F1/cancel"])
    status, calls = cancelled(answer({}, 404), text("", 405), shown("cancelled"), cancel=VERBS)
    assert status == "cancelled"
    assert calls == ["POST /v1/batches/b%2F1/cancel", "DELETE /v1/batches/b%2F1", "PUT /v1/batches/b%2F1"]


@pytest.mark.parametrize("code", [200, 400, 409])
def test_a_cancel_of_an_ended_batch_is_fine_however_it_is_answered(code: int) -> None:
    first = shown("completed") if code == 200 else answer({"error": "ended"}, code)
    status, calls = cancelled(first, shown("completed"))
    assert status == "completed"
    assert calls[1:] == ([] if code == 200 else ["GET /v1/batches/b%2F1"])


def test_a_cancel_that_was_refused_is_not_taken_for_done() -> None:
    with pytest.raises(Refusal, match="not now"):
        cancelled(answer({"error": "not now"}, 400), shown("in_progress"))
    with pytest.raises(Refusal, match="forbidden"):
        cancelled(answer({"error": "forbidden"}, 403))
    with pytest.raises(Refusal):
        cancelled(answer({"error": "no such batch"}, 404))


def test_an_upload_sends_the_file_under_its_tagged_name_and_tells_its_progress(tmp_path: Path) -> None:
    path = tmp_path / "shard.jsonl"
    path.write_bytes(b"{}\n" * 100_000)
    sent: list[int] = []
    script = Scripted(answer({"id": "file-1", "filename": "n.jsonl", "bytes": 300_000}))
    made = script.provider().upload(path, "n.jsonl", sent.append)
    assert (made.id, made.filename, made.bytes) == ("file-1", "n.jsonl", 300_000)
    assert script.asked[0].content.count(b"{}\n") == 100_000
    assert sent[-1] == 300_000
    assert sent == sorted(sent)


def test_an_upload_that_names_no_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "f").touch()
    with pytest.raises(Unavailable, match="without a file"):
        Scripted(answer({"object": "file"})).provider().upload(tmp_path / "f", "n")


def test_deleting_what_is_gone_is_fine_and_other_refusals_are_not() -> None:
    Scripted(answer({}, 404)).provider().delete_file("f")
    Scripted(answer({"deleted": True})).provider().delete_file("f")
    with pytest.raises(Refusal):
        Scripted(answer({}, 403)).provider().delete_file("f")


def test_g9_ids_cannot_lead_to_another_path() -> None:
    script = Scripted(answer({"id": "x", "filename": "n"}))
    provider = script.provider()
    provider.batch("../files?x#y")
    provider.file("a/../b")
    provider.delete_file("..")
    assert script.calls[:2] == ["GET /v1/batches/..%2Ffiles%3Fx%23y", "GET /v1/files/a%2F..%2Fb"]
    provider.close()
