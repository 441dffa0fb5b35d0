"""Single requests: where they go, in which form, and that one that is slow costs the others nothing."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from batchctl.remote.ask import ask
from batchctl.words.errors import OutcomeUnknown, Refusal
from tests.remote.http import BASE, KEY, Scripted, answer, text


@pytest.mark.parametrize("url", ["/v1/chat/completions", "/v1/embeddings", "/v1/responses", "/custom/path"])
def test_the_base_url_stands_for_the_v1_of_a_line(url: str) -> None:
    script = Scripted(answer({"choices": []}))
    assert ask(script.http, url, {"model": "m"}, timeout_s=5) == {"choices": []}
    (request,) = script.asked
    assert str(request.url) == BASE + url.removeprefix("/v1")
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.content == b'{"model":"m"}'


def test_audio_goes_as_a_form_with_its_recording_as_a_file_and_may_be_answered_in_plain_text() -> None:
    script = Scripted(text("42", content_type="text/plain; charset=utf-8"))
    body = {"model": "whisper", "response_format": "text", "url": "data:audio/mp3;base64,SUQz"}
    assert ask(script.http, "/v1/audio/transcriptions", body, timeout_s=5) == {"text": "42"}
    (request,) = script.asked
    assert request.headers["content-type"].startswith("multipart/form-data")
    assert b'name="file"; filename="recording.mp3"' in request.content
    assert b"ID3" in request.content
    assert b'name="url"' not in request.content


def test_json_that_is_asked_for_is_not_taken_from_plain_text() -> None:
    with pytest.raises(OutcomeUnknown):
        ask(Scripted(text("42", content_type="text/plain")).http, "/v1/chat/completions", {}, timeout_s=5)


def test_another_threads_http_has_connections_and_patience_of_its_own_and_says_nothing_of_files() -> None:
    script = Scripted(answer({}, 404))
    hinted = replace(script.http, hints={401: "check the key", 404: "made with another key"})
    apart = hinted.apart(7.0)
    assert apart.begun_s == 7.0
    for one in (apart, hinted):
        with pytest.raises(Refusal):
            ask(one, "/v1/chat/completions", {}, timeout_s=5)
    assert apart._client is not None
    assert apart._client is not hinted._client
    hinted.close()
    with pytest.raises(Refusal) as caught:
        ask(apart, "/v1/chat/completions", {}, timeout_s=5)
    assert caught.value.notes == ()


def test_an_answer_that_is_long_in_coming_is_taken_when_it_comes() -> None:
    """Headers may come at once, and the body after minutes: it is paid for by then."""
    script = Scripted(answer({}))

    def slowly(request: httpx.Request) -> httpx.Response:
        def blocks() -> object:
            yield b" "
            script.now += 200
            yield b'{"choices": []}'

        return httpx.Response(200, content=blocks())  # type: ignore[arg-type]

    script.steps = [slowly]
    script.http.transport = httpx.MockTransport(slowly)
    assert ask(script.http, "/v1/chat/completions", {}, timeout_s=300) == {"choices": []}
