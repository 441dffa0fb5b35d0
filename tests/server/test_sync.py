"""The synchronous endpoints of the local server, with the vendors' own clients."""

from __future__ import annotations

import json

import groq
import openai
import pytest

SAID = [{"role": "user", "content": "hello"}]


def test_the_echo_answers_one_request_at_once_to_the_vendors_clients(start):
    server = start()
    reply = server.openai.chat.completions.create(model="echo-1", messages=SAID)
    assert reply.choices[0].message.content == "echo: hello"
    assert reply.usage is not None
    assert reply.usage.prompt_tokens > 0
    assert server.openai.embeddings.create(model="echo-1", input=["a", "b"]).data[1].embedding
    assert server.openai.responses.create(model="echo-1", input="hello").output_text == "echo: hello"


def test_groq_answers_below_its_own_prefix_and_only_what_it_has(start):
    server = start("--dialect", "groq")
    client = groq.Groq(base_url=server.origin, api_key="any", max_retries=0)
    assert client.chat.completions.create(model="echo-1", messages=SAID).choices[0].message.content == "echo: hello"
    with pytest.raises(openai.NotFoundError):
        server.openai.embeddings.create(model="echo-1", input="a")


def test_a_recording_goes_as_a_form_and_is_answered_with_a_transcript(start):
    server = start("--dialect", "groq")
    made = server.openai.audio.transcriptions.create(model="echo-1", file=("a.wav", b"RIFF"))
    assert made.text.startswith("echo: data:audio/wav;base64,")


def test_an_upstream_is_asked_once_and_its_refusal_is_passed_on(start, upstream):
    upstream.script = [(500, {}, b'{"error": {"message": "broken"}}')]
    server = start("--upstream", upstream.url, "--upstream-key-env", "MODEL_KEY", env={"MODEL_KEY": "k-secret"})
    with pytest.raises(openai.InternalServerError, match="broken"):
        server.openai.chat.completions.create(model="m", messages=SAID)
    assert len(upstream.bodies) == 1
    assert json.loads(upstream.bodies[0])["messages"] == SAID
    assert upstream.headers[0]["Authorization"] == "Bearer k-secret"
    reply = server.openai.chat.completions.create(model="m", messages=SAID)
    assert reply.choices[0].message.content == "real hello"


def test_an_upstream_that_is_not_there_is_503_and_a_body_that_is_no_object_400(start):
    server = start("--upstream", "http://127.0.0.1:9/v1")
    with pytest.raises(openai.InternalServerError, match="cannot be connected to"):
        server.openai.chat.completions.create(model="m", messages=SAID)
    assert server.http.post("/chat/completions", content=b"[]").status_code == 400
    assert server.http.post("/chat/completions", content=b"{").status_code == 400
    assert server.http.post("/chat/completions", json={"stream": True}).status_code == 400
    assert server.http.get("/chat/completions").status_code == 405


def test_one_request_leaves_nothing_behind(start):
    server = start()
    server.openai.chat.completions.create(model="echo-1", messages=SAID)
    assert list(server.openai.batches.list()) == []
    assert list(server.openai.files.list()) == []
