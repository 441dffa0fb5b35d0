"""What each dialect takes and what it refuses, as its vendor does; `local` takes what any of them does."""

from __future__ import annotations

import pytest

from batchctl.server.dialects import DIALECTS
from batchctl.server.options import DIALECT_NAMES

CHAT = "/v1/chat/completions"
AUDIO = "/v1/audio/transcriptions"
PORTKEY = {"x-portkey-provider": "openai"}


@pytest.mark.parametrize(
    ("dialect", "taken", "refused"),
    [
        ("openai", ["24h"], ["1h", "1d", "48h", "7d", "immediate"]),
        ("groq", ["24h", "1d", "48h", "168h", "7d"], ["1h", "23h", "169h", "8d", "immediate"]),
        ("cerebras", ["24h"], ["1h", "1d", "48h", "7d", "immediate"]),
        ("portkey", ["24h", "7d", "immediate"], ["1h", "8d", "at once"]),
        ("local", ["1h", "24h", "168h", "1d", "7d"], ["0h", "169h", "8d", "25x", "immediate"]),
    ],
)
def test_completion_windows_are_the_vendors(speak, line, dialect, taken, refused):
    server = speak(dialect, headers=PORTKEY)
    for window in taken:
        batch = server.make(line("a"), completion_window=window)
        assert batch["completion_window"] == window
        if dialect != "cerebras":
            times = {"h": 3600, "d": 86_400}
            seconds = 86_400 if window == "immediate" else int(window[:-1]) * times[window[-1]]
            assert batch["expires_at"] - batch["created_at"] == seconds
    for window in refused:
        reply = server.send_wish(line("a"), completion_window=window)
        assert (reply.status_code, window in reply.json()["error"]["message"]) == (400, True), window


@pytest.mark.parametrize(
    ("dialect", "taken", "refused"),
    [
        ("openai", [CHAT, "/v1/responses", "/v1/embeddings", "/v1/videos"], [AUDIO, "/v1/nonsense"]),
        ("groq", [CHAT, AUDIO, "/v1/audio/translations"], ["/v1/embeddings", "/v1/responses"]),
        ("cerebras", [CHAT], [AUDIO, "/v1/embeddings"]),
        ("portkey", [CHAT, AUDIO, "/v1/embeddings"], ["/v1/nonsense"]),
        ("local", [CHAT, AUDIO, "/v1/embeddings"], ["/v1/nonsense"]),
    ],
)
def test_endpoints_are_the_vendors(speak, line, dialect, taken, refused):
    server = speak(dialect, headers=PORTKEY)
    for endpoint in taken:
        assert server.make(line("a"), endpoint=endpoint)["endpoint"] == endpoint
    for endpoint in refused:
        assert server.send_wish(line("a"), endpoint=endpoint).status_code == 400, endpoint


@pytest.mark.parametrize("dialect", ["groq", "cerebras"])
def test_parameters_that_the_vendor_does_not_know_are_refused(speak, line, dialect):
    expiry = {"anchor": "created_at", "seconds": 3600}
    reply = speak(dialect).send_wish(line("a"), output_expires_after=expiry)
    assert reply.status_code == 400
    assert "output_expires_after" in reply.json()["error"]["message"]


@pytest.mark.parametrize("dialect", ["openai", "groq", "portkey", "local"])
def test_metadata_values_must_be_strings(speak, line, dialect):
    server = speak(dialect, headers=PORTKEY)
    assert server.make(line("a"), metadata={"k": "v"})["metadata"] == {"k": "v"}
    assert server.send_wish(line("a"), metadata={"k": ["v"]}).status_code == 400


@pytest.mark.parametrize("body", [{"model": "w"}, {"url": "http://x/a.wav"}, {"model": "w", "url": 7}])
def test_an_audio_line_needs_a_model_and_a_recording(speak, line, body):
    server = speak("local")
    batch = server.at_end(server.make(line("a", url=AUDIO, body=body), endpoint=AUDIO)["id"])
    assert batch["status"] == "failed"
    (error,) = batch["errors"]["data"]
    assert (error["code"], error["line"]) == ("missing_required_parameter", 1)
    assert error["param"] == ("body.model" if "model" not in body else "body.url")


@pytest.mark.parametrize("source", ["url", "file"])
def test_an_audio_line_is_transcribed_from_a_url_or_a_file(speak, line, source):
    server = speak("local")
    content = line("a", url=AUDIO, body={"model": "w", source: "http://x/a.wav"})
    batch = server.at_end(server.make(content, endpoint=AUDIO)["id"])
    (row,) = server.rows(batch["output_file_id"])
    assert row["response"]["body"] == {"text": "echo: http://x/a.wav"}


def test_every_dialect_can_be_named_on_the_command_line():
    assert sorted(DIALECTS) == sorted(DIALECT_NAMES)
