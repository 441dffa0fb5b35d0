"""Lines that go to a real upstream: what it is sent, how often, and what is made of its answers."""

from __future__ import annotations

import asyncio
import email
import json
import os
import random
import sqlite3
import subprocess
import sys
import time
from collections import Counter

import httpx
import pytest

from batchctl.server.forward import Forward, target
from batchctl.server.upstream import LineRequest, UnreachableError

CHAT = "/v1/chat/completions"


def test_answers_of_the_upstream_come_back_in_the_output_file(start, upstream, line):
    server = start(
        "--upstream", upstream.url, "--upstream-key-env", "MODEL_KEY", env={"MODEL_KEY": "k-secret"}
    )
    batch = server.ended(server.create(line("a", "one") + line("b", "two")))
    texts = {
        record["custom_id"]: record["response"]["body"]["choices"][0]["message"]["content"]
        for record in server.records(batch.output_file_id)
    }
    assert texts == {"a": "real one", "b": "real two"}
    assert {headers["path"] for headers in upstream.headers} == {"/v1/chat/completions"}
    assert {headers["Authorization"] for headers in upstream.headers} == {"Bearer k-secret"}
    assert "k-secret" not in server.log.read_text()


def test_blanks_around_the_upstreams_key_are_no_part_of_it(start, upstream, line):
    options = ["--upstream", upstream.url, "--upstream-key-env", "MODEL_KEY"]
    server = start(*options, env={"MODEL_KEY": " k-secret\n"})
    assert server.ended(server.create(line("a"))).request_counts.completed == 1
    assert upstream.headers[-1]["Authorization"] == "Bearer k-secret"


@pytest.mark.parametrize("key", ["k-\nsecret", "k-s\u00e9cret", " \n"])
def test_a_key_that_no_header_can_carry_is_refused_and_not_shown(tmp_path, upstream, key):
    command = [sys.executable, "-m", "batchctl.server", "--data", str(tmp_path / "data"), "--upstream", upstream.url]
    refused = subprocess.run(
        [*command, "--upstream-key-env", "MODEL_KEY"],
        env={**os.environ, "MODEL_KEY": key},
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert refused.returncode == 1
    assert "MODEL_KEY" in refused.stderr
    assert "cret" not in refused.stderr


def test_after_a_kill_no_stored_answer_is_asked_for_again(start, upstream, line, wait):
    upstream.delay_s = 0.03
    rows = [f"row-{number}" for number in range(120)]
    first = start("--upstream", upstream.url, "--concurrency", "4")
    batch = first.create(b"".join(line(row, row) for row in rows))
    wait(lambda: len(upstream.answered) >= 40)
    first.kill()
    wait(lambda: len(upstream.asked) == len(upstream.answered))
    with sqlite3.connect(first.folder / "server.sqlite3") as database:
        stored = database.execute("SELECT custom_id FROM answers JOIN lines USING (batch, line)").fetchall()
    database.close()
    assert len(stored) >= 40 - 4
    upstream.delay_s = 0.0

    second = start("--upstream", upstream.url, "--concurrency", "4")
    batch = second.ended(batch)
    times = Counter(upstream.asked)
    twice = {row for row, count in times.items() if count > 1}
    assert set(times) == set(rows)
    assert not twice & {row for (row,) in stored}
    assert max(times.values()) <= 2
    assert len(twice) <= 4
    assert batch.request_counts.completed == 120
    assert Counter(record["custom_id"] for record in second.records(batch.output_file_id)) == Counter(rows)

    marked = second.log.read_text().count("was in flight when the server stopped; sent again")
    with sqlite3.connect(second.folder / "server.sqlite3") as database:
        (resent,) = database.execute("SELECT count(*) FROM lines WHERE sent = 2").fetchone()
    database.close()
    # A line may have been marked and not have left yet, but none may leave unmarked.
    assert len(twice) <= marked == resent <= 4


def test_a_server_that_is_told_to_end_waits_for_the_answers_that_are_on_their_way(start, upstream, line, wait):
    upstream.delay_s = 0.4
    rows = [f"row-{number}" for number in range(12)]
    first = start("--upstream", upstream.url, "--concurrency", "4")
    batch = first.create(b"".join(line(row, row) for row in rows))
    wait(lambda: len(upstream.asked) >= 6)
    began = time.monotonic()
    assert first.terminate() == 0
    assert time.monotonic() - began < 3
    asked = len(upstream.asked)
    assert asked < 12

    upstream.delay_s = 0.0
    second = start("--upstream", upstream.url, "--concurrency", "4")
    assert second.ended(batch).request_counts.completed == 12
    assert sorted(upstream.asked) == sorted(rows)
    assert "sent again" not in second.log.read_text()


def test_a_kill_in_the_middle_of_echoes_loses_and_repeats_nothing(start, line, wait):
    first = start()
    batch = first.create(b"".join(line(str(number)) for number in range(20_000)))
    wait(lambda: first.openai.batches.retrieve(batch.id).request_counts.completed > 1000)
    first.kill()
    second = start()
    batch = second.ended(batch)
    ids = [record["custom_id"] for record in second.records(batch.output_file_id)]
    assert batch.request_counts.completed == len(ids) == len(set(ids)) == 20_000


def test_no_more_lines_are_with_the_upstream_than_allowed(start, upstream, line):
    upstream.delay_s = 0.05
    server = start("--upstream", upstream.url, "--concurrency", "3")
    most = 0
    made = [server.create(b"".join(line(f"{batch}-{n}", "x") for n in range(8))) for batch in range(3)]
    while any(server.openai.batches.retrieve(batch.id).status != "completed" for batch in made):
        most = max(most, len(upstream.asked) - len(upstream.answered))
    assert 1 < most <= 3


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ("http://h:1/v1", "http://h:1/v1/chat/completions"),
        ("http://h:1/v1/", "http://h:1/v1/chat/completions"),
        ("http://h:1", "http://h:1/v1/chat/completions"),
        ("https://h/openai/v1", "https://h/openai/v1/chat/completions"),
    ],
)
def test_a_line_goes_below_the_base_url(base, expected):
    assert target(base, CHAT) == expected


class Script:
    """An upstream in memory that gives scripted replies, the last one for ever."""

    def __init__(self, *replies) -> None:
        self.replies = list(replies)
        self.requests = 0
        self.pauses: list[float] = []

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        assert self.requests < 50, "it never gives up"
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, Exception):
            raise reply
        return reply

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)

    def ask(self, spent=0):
        """The answer to one line."""

        async def story():
            forward = Forward(
                "http://h/v1",
                None,
                concurrency=1,
                transport=httpx.MockTransport(self.handle),
                sleep=self.sleep,
                rng=random.Random(1),
            )
            try:
                return await forward.answer(LineRequest("a", CHAT, {"model": "m"}), spent)
            finally:
                await forward.close()

        return asyncio.run(story())


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502])
def test_a_passing_failure_is_tried_again(status):
    script = Script(httpx.Response(status, json={}), httpx.Response(200, json={"ok": 1}))
    answer = script.ask()
    assert (answer.status, answer.body, script.requests) == (200, {"ok": 1}, 2)


def test_a_failure_that_does_not_pass_is_the_answer_after_five_tries():
    script = Script(httpx.Response(500, json={"error": {"message": "busy"}}))
    answer = script.ask()
    assert (answer.status, answer.body, answer.ok) == (500, {"error": {"message": "busy"}}, False)
    assert script.requests == 5
    assert all(0 <= pause <= 8 for pause in script.pauses)


def test_a_503_before_any_other_answer_means_that_the_model_is_loading_and_is_no_try():
    loading = httpx.Response(503, json={"error": {"message": "Loading model"}})
    script = Script(loading)
    with pytest.raises(UnreachableError, match="503") as waits:
        script.ask()
    assert (waits.value.spent, script.requests, script.pauses) == (0, 1, [])


def test_a_503_of_an_upstream_that_is_up_is_tried_again_and_then_the_answer():
    script = Script(httpx.Response(500, json={}), httpx.Response(503, json={}))
    assert script.ask().status == 503
    assert script.requests == 5


def test_a_refusal_is_final_and_its_body_is_kept():
    script = Script(httpx.Response(400, json={"error": {"message": "no such model"}}))
    answer = script.ask()
    assert (answer.status, answer.body, script.requests) == (400, {"error": {"message": "no such model"}}, 1)


@pytest.mark.parametrize(("header", "pause"), [("3", 3.0), ("3600", 60.0)])
def test_retry_after_is_honoured_up_to_a_minute(header, pause):
    busy = httpx.Response(429, headers={"Retry-After": header}, json={})
    script = Script(busy, httpx.Response(200, json={}))
    script.ask()
    assert script.pauses == [pause]


@pytest.mark.parametrize("refusal", [httpx.ConnectError("refused"), httpx.ConnectTimeout("late")])
def test_an_upstream_that_cannot_be_connected_to_is_no_answer(refusal):
    script = Script(httpx.Response(500, json={}), refusal)
    with pytest.raises(UnreachableError) as caught:
        script.ask()
    assert (caught.value.spent, script.requests) == (1, 2)


def test_tries_before_an_outage_count_after_it():
    script = Script(httpx.ReadError("it broke again"))
    assert script.ask(spent=3).error_code == "upstream_unreachable"
    assert script.requests == 2


def test_a_connection_that_breaks_after_it_was_made_is_tried_five_times():
    script = Script(httpx.ReadError("broken"))
    answer = script.ask()
    assert (answer.status, answer.error_code, script.requests) == (None, "upstream_unreachable", 5)


def test_a_200_that_is_no_json_is_no_answer():
    script = Script(httpx.Response(200, text="<html>"))
    answer = script.ask()
    assert (answer.ok, answer.status, answer.error_code) == (False, None, "upstream_invalid_response")


AUDIO = "/v1/audio/transcriptions"


def fields(upstream):
    """The form that came: of each part its name, its file name and its content."""
    content_type = upstream.headers[-1]["Content-Type"]
    message = email.message_from_bytes(
        b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + upstream.bodies[-1]
    )
    return [
        (part.get_param("name", header="content-disposition"), part.get_filename(), part.get_payload(decode=True))
        for part in message.get_payload()
    ]


def transcribed(server, line, **body):
    batch = server.ended(server.create(line("a", url=AUDIO, body={"model": "w", **body}), endpoint=AUDIO))
    (record,) = server.records(batch.output_file_id)
    return record["response"]["body"]


def test_a_recording_by_url_is_asked_for_with_the_form_that_audio_endpoints_take(start, upstream, line):
    upstream.script = [(200, {}, b'{"text": "hello"}')]
    server = start("--dialect", "local", "--upstream", upstream.url)
    more = {"temperature": 0.5, "timestamp_granularities": ["word", "segment"], "language": None}
    assert transcribed(server, line, url="http://x/a.wav", **more) == {"text": "hello"}
    assert upstream.headers[-1]["path"] == AUDIO
    assert fields(upstream) == [
        ("model", None, b"w"),
        ("url", None, b"http://x/a.wav"),
        ("temperature", None, b"0.5"),
        ("timestamp_granularities[]", None, b"word"),
        ("timestamp_granularities[]", None, b"segment"),
    ]


@pytest.mark.parametrize("name", ["url", "file"])
def test_a_recording_within_the_line_is_sent_as_a_file(start, upstream, line, name):
    upstream.script = [(200, {}, b'{"text": "hello"}')]
    server = start("--dialect", "local", "--upstream", upstream.url)
    transcribed(server, line, **{name: "data:audio/x-wav;base64,UklGRgA="})
    assert fields(upstream) == [("model", None, b"w"), ("file", "recording.wav", b"RIFF\x00")]


@pytest.mark.parametrize("said", ["grüß dich\n", "42"])
def test_a_transcript_that_comes_as_plain_text_is_an_answer(start, upstream, line, said):
    upstream.script = [(200, {"Content-Type": "text/plain; charset=utf-8"}, said.encode())]
    server = start("--dialect", "local", "--upstream", upstream.url)
    assert transcribed(server, line, url="http://x/a.wav", response_format="text") == {"text": said}


def test_an_answer_of_many_lines_is_one_line_of_the_output(start, upstream, line):
    pretty = json.dumps({"choices": [], "note": "a\nb"}, indent=2).encode()
    upstream.script = [(200, {}, pretty)]
    server = start("--upstream", upstream.url)
    batch = server.ended(server.create(line("a")))
    (record,) = server.records(batch.output_file_id)
    assert record["response"]["body"] == {"choices": [], "note": "a\nb"}
