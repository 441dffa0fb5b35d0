"""G8: keys go to their host and nowhere else, and errors say what happened without quoting a secret."""

from __future__ import annotations

import io
import json
import traceback
from typing import Any

import httpx
import pytest

from batchctl.remote.http import FilePart, Http, error_of
from batchctl.remote.retry import CREATE, READ, READ_ONCE, UPLOAD
from batchctl.words.errors import Refusal, RemoteError, Unavailable
from tests.remote.http import BASE, KEY, Scripted, Step, answer, text


def failure(step: Step, **more: Any) -> RemoteError:
    with pytest.raises(RemoteError) as caught:
        Scripted(step, **more).http.json("GET", "/batches", READ)
    return caught.value


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_g8_a_redirect_is_never_followed_and_the_key_never_leaves_its_host(status: int, method: str) -> None:
    script = Scripted(text("", status, location="https://evil.example/steal"))
    with pytest.raises(Refusal):
        script.http.json(method, "/batches", READ, body={} if method == "POST" else None)
    with pytest.raises(Refusal), script.http.stream("/files/f/content", {}):
        pass
    assert {request.url.host for request in script.asked} == {"api.example"}
    assert len(script.asked) == 2


@pytest.mark.parametrize("step", [
    answer({"error": {"message": f"Incorrect API key provided: {KEY}.", "code": f"bad-{KEY}"}}, 401),
    answer({"error": f"key {KEY}"}, 401), answer({"detail": [{"msg": KEY}]}, 422), answer({"message": KEY}, 400),
    answer({"html-message": f"<b>{KEY}"}, 400), answer({"error": {"key": KEY}}, 403), text(f"<html>{KEY}", 403),
    text("x" * 490 + KEY, 403), text(KEY * 100, 500), answer([KEY], 400), httpx.ConnectError(f"proxy said {KEY}"),
    httpx.ReadError(f"while sending Bearer {KEY}"), answer({"error": {"message": "x" * 490 + KEY}}, 400),
], ids=range(13))
def test_g8_no_error_quotes_the_key_nor_a_piece_of_it(step: Step) -> None:
    error = failure(step)
    shown = "".join(str(part) for part in (error, error.message, error.notes, vars(error), error.diagnostics()))
    assert KEY[:6] not in shown


def test_g8_a_traceback_of_a_failure_does_not_show_the_key() -> None:
    error = failure(answer({"error": {"message": f"bad key {KEY}"}}, 401))
    assert KEY not in "".join(traceback.format_exception(error))


def test_g8_the_repr_of_a_connection_does_not_show_the_key() -> None:
    http = Scripted(answer({})).http
    assert KEY not in repr(http)
    assert BASE in repr(http)


@pytest.mark.parametrize("secrets", [("", KEY), (KEY, "")])
def test_g8_an_empty_secret_cuts_nothing(secrets: tuple[str, ...]) -> None:
    assert "no such thing" in failure(answer({"error": "no such thing"}, 404), secrets=secrets).message


@pytest.mark.parametrize(("value", "message", "code"), [
    ({"error": {"message": "no", "code": "bad"}}, "no", "bad"),
    ({"error": {"message": "no", "code": None, "type": "invalid_request_error"}}, "no", "invalid_request_error"),
    ({"error": {"message": "no", "code": 404}}, "no", "404"),
    ({"error": "no"}, "no", None),
    ({"detail": "no"}, "no", None),
    ({"detail": [{"loc": ["body"], "msg": "field required"}]}, "field required", None),
    ({"status": "failure", "message": "no"}, "no", None),
    ({"html-message": "<b>no"}, "<b>no", None),
    ({"error": {"message": "no"}, "provider": "openai"}, "no", None),
    ({"error": {"reason": "odd"}}, "odd", None),
    ({"whatever": 1}, "whatever", None), ([1], "[1]", None), (None, "null", None), ("no", "no", None),
])
def test_every_envelope_of_errors_is_read(value: Any, message: str, code: str | None) -> None:
    said, found = error_of(value, json.dumps(value).encode())
    assert message in said
    assert found == code


def test_a_message_names_the_call_and_the_status_and_is_not_endless() -> None:
    error = failure(answer({"error": {"message": "m" * 10_000}}, 404))
    assert error.message.startswith(f"GET {BASE}/batches: 404 mmm")
    assert len(error.message) < 700


def test_plain_text_errors_are_shown() -> None:
    assert failure(text("upstream exploded", 500)).message.endswith("500 upstream exploded")


def test_a_refusal_carries_what_the_provider_said() -> None:
    error = failure(answer({"error": {"message": "no", "code": "billing_hard_limit"}}, 400))
    assert isinstance(error, Refusal)
    assert (error.status, error.error_code) == (400, "billing_hard_limit")


@pytest.mark.parametrize("size", [65 << 20])
def test_an_endless_answer_is_cut_off(size: int) -> None:
    error = failure(lambda request: httpx.Response(200, content=iter([b" " * (1 << 20)] * (size >> 20))))
    assert isinstance(error, Unavailable)
    assert "too large" in error.message


def test_an_upload_is_sent_whole_again_after_a_failure() -> None:
    opened: list[io.BytesIO] = []

    def part() -> io.BytesIO:
        opened.append(io.BytesIO(b'{"custom_id":"a"}\n'))
        return opened[-1]

    script = Scripted(httpx.WriteError("cut"), answer({}, 503), answer({"id": "file-1"}))
    assert script.http.upload("/files", {"purpose": "batch"}, FilePart("a.jsonl", part), UPLOAD) == {"id": "file-1"}
    bodies = [request.content for request in script.asked]
    assert [body.count(b'{"custom_id":"a"}\n') for body in bodies] == [1, 1, 1]
    assert all(b'filename="a.jsonl"' in body and b'name="purpose"' in body for body in bodies)
    assert all(one.closed for one in opened)


def test_every_call_says_who_asks_and_with_which_key() -> None:
    script = Scripted(answer({"id": "b"}))
    script.http.json("POST", "/batches", CREATE, params=[("a", "1")], body={"ü": 1})
    (request,) = script.asked
    assert str(request.url) == f"{BASE}/batches?a=1"
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["user-agent"].startswith("batchctl/")
    assert request.headers["content-type"] == "application/json"
    assert request.content == '{"ü":1}'.encode()
    script.http.close()
    script.http.close()


@pytest.mark.parametrize(("host", "through"), [
    ("127.0.0.1", False), ("127.9.9.9", False), ("localhost", False), ("[::1]", False), ("api.example", True),
    ("10.0.0.1", True)])
def test_a_proxy_of_the_environment_is_asked_for_other_machines_and_never_for_this_one(
        monkeypatch: pytest.MonkeyPatch, host: str, through: bool) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://proxy.example:3128")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    http = Http(f"http://{host}:8080/v1", {})
    client = http._open()
    assert (client._transport_for_url(httpx.URL(f"http://{host}:8080/v1/batches")) is client._transport) is not through
    http.close()


def test_half_a_character_in_one_message_leaves_the_rest_readable() -> None:
    script = Scripted(text(rb'{"data": [{"id": "batch_1", "message": "cut \ud83d"}]}'))
    assert script.http.json("GET", "/batches", READ) == {"data": [{"id": "batch_1", "message": "cut ?"}]}


@pytest.mark.parametrize("body", [b'{"x": NaN}', b'{"x": "\xff"}', b"[" * 100_000, b'{"x": "\\ud83d"'])
def test_what_is_no_json_is_no_answer_all_the_same(body: bytes) -> None:
    with pytest.raises(Unavailable):
        Scripted(text(body)).http.json("GET", "/batches", READ_ONCE)
