"""The retry table, row by row: how often each kind of call is sent after each failure, and what is said in the end."""

from __future__ import annotations

import io
import random
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchctl.remote import retry
from batchctl.remote.http import FilePart
from batchctl.remote.retry import ASK, CREATE, READ, REPEATABLE, UPLOAD, RetryRule
from batchctl.words.errors import OutcomeUnknown, Refusal, RemoteError, Unavailable
from tests.remote.http import Scripted, Step, answer, text

RULES = {"read": READ, "upload": UPLOAD, "create": CREATE, "repeatable": REPEATABLE, "ask": ASK}
METHODS = {"read": "GET", "upload": "POST", "create": "POST", "repeatable": "DELETE", "ask": "POST"}
TRIES = {"read": 6, "upload": 4, "create": 6, "repeatable": 6, "ask": 3}

NOT_SENT = {
    "refused": httpx.ConnectError("refused"), "dns": httpx.ConnectError("Name or service not known"),
    "connect timeout": httpx.ConnectTimeout("slow"), "pool": httpx.PoolTimeout("busy"),
    "proxy": httpx.ProxyError("407"),
}
NO_ANSWER = {
    "read timeout": httpx.ReadTimeout("slow"), "write timeout": httpx.WriteTimeout("slow"),
    "reset": httpx.ReadError("reset"), "write error": httpx.WriteError("broken pipe"),
    "cut off": httpx.RemoteProtocolError("Server disconnected"),
}
BROKEN = {
    "500": answer({}, 500), "502 HTML": text("<html>bad gateway", 502), "503": answer({"error": "x"}, 503),
    "504": text("", 504), "529": text("overloaded", 529), "599": text("", 599), "200 HTML": text("<html>login"),
    "200 empty": text(""), "200 truncated": text('{"id": "batch_1"'), "200 a string": answer("ok"),
    "200 a number": answer(7), "200 null": answer(None), "200 not UTF-8": text(b'{"id": "\xff"}'),
}
REFUSED = {str(status): answer({"error": {"message": "no"}}, status) for status in (
    400, 401, 403, 404, 405, 410, 413, 415, 422, 451, 499)} | {"302": text("", 302, location="https://evil.example/")}
BUSY = {"429": answer({"error": "slow down"}, 429), "425": text("", 425)}
CONFLICTS = {"408": text("", 408), "409": text("", 409)}


def call(kind: str, script: Scripted) -> Any:
    if kind == "upload":
        return script.http.upload("/files", {"purpose": "batch"}, FilePart("f", lambda: io.BytesIO(b"{}\n")), UPLOAD)
    body = {"input_file_id": "file-1"} if kind in ("create", "ask") else None
    return script.http.json(METHODS[kind], "/x", RULES[kind], body=body)


def expected(kind: str, failure: str, name: str) -> tuple[int, type[RemoteError]]:
    """The table as the design states it: calls made, and what is raised."""
    tries = TRIES[kind]
    if failure == "refused":
        return 1, Refusal
    if failure == "busy" or (kind in ("read", "repeatable") and name == "408"):
        return tries, Refusal
    if kind in ("read", "repeatable") and name == "409":
        return 1, Refusal
    if failure == "not sent":
        return tries, Unavailable
    return (1, OutcomeUnknown) if kind in ("create", "ask") else (tries, Unavailable)


FAILURES: list[tuple[str, str, Step]] = [
    (failure, name, step) for failure, steps in (
        ("not sent", NOT_SENT), ("no answer", NO_ANSWER), ("broken", BROKEN), ("refused", REFUSED), ("busy", BUSY),
        ("conflict", CONFLICTS)) for name, step in steps.items()]
IDS = [f"{failure}: {name}" for failure, name, _ in FAILURES]


@pytest.mark.parametrize("kind", RULES)
@pytest.mark.parametrize(("failure", "name", "step"), FAILURES, ids=IDS)
def test_g1_each_call_is_repeated_exactly_as_the_table_says(kind: str, failure: str, name: str, step: Step) -> None:
    calls, raised = expected(kind, failure, name)
    script = Scripted(step)
    with pytest.raises(RemoteError) as caught:
        call(kind, script)
    assert type(caught.value) is raised
    assert len(script.asked) == calls
    assert len(script.waits) == calls - 1


@pytest.mark.parametrize("kind", RULES)
@pytest.mark.parametrize(("failure", "name", "step"), FAILURES, ids=IDS)
def test_g1_one_failure_then_success_is_success_where_a_repeat_is_allowed(
    kind: str, failure: str, name: str, step: Step
) -> None:
    calls, raised = expected(kind, failure, name)
    script = Scripted(step, answer({"id": "batch_1"}))
    if calls == 1:
        with pytest.raises(raised):
            call(kind, script)
        assert len(script.asked) == 1
    else:
        assert call(kind, script) == {"id": "batch_1"}
        assert len(script.asked) == 2


def test_g1_create_is_repeated_only_after_what_cannot_have_arrived() -> None:
    assert CREATE.unknown == {retry.Failure.NO_ANSWER, retry.Failure.BROKEN}
    assert CREATE.again == {retry.Failure.NOT_SENT, retry.Failure.BUSY}
    assert all(not rule.unknown for rule in (READ, UPLOAD, REPEATABLE))


@pytest.mark.parametrize("made", [{}, {"id": ""}, {"id": None}, {"id": 7}, {"object": "batch"}, [], [{"id": "x"}]])
def test_g1_a_create_whose_answer_names_no_batch_is_unknown_and_was_sent_once(made: Any) -> None:
    script = Scripted(answer(made))
    with pytest.raises(OutcomeUnknown):
        script.provider().create(input_file_id="f", endpoint="/v1/x", window="24h", metadata={})
    assert script.calls == ["POST /v1/batches"]


def test_g1_an_unknown_outcome_after_a_repeat_is_still_unknown() -> None:
    script = Scripted(httpx.ConnectError("refused"), answer({}, 429), httpx.ReadTimeout("slow"), answer({"id": "b"}))
    with pytest.raises(OutcomeUnknown):
        call("create", script)
    assert len(script.asked) == 3


@pytest.mark.parametrize(("headers", "wait_s"), [
    ({"retry_after": "2"}, 2), ({"retry_after": "0"}, 0), ({"retry_after": "1.5"}, 1.5),
    ({"retry_after_ms": "1500"}, 1.5), ({"retry_after_ms": "250", "retry_after": "9"}, 0.25),
    ({"retry_after_ms": "x", "retry_after": "9"}, 9), ({"retry_after": "Tue, 14 Nov 2023 22:13:30 GMT"}, 10),
    ({"retry_after": "Tue, 14 Nov 2023 22:13:00 GMT"}, 0),
])
def test_the_wait_that_a_provider_asks_for_is_kept(headers: dict[str, str], wait_s: float) -> None:
    script = Scripted(answer({}, 429, **headers), answer({"ok": 1}))
    assert call("read", script) == {"ok": 1}
    assert script.waits == [pytest.approx(wait_s)]


@pytest.mark.parametrize("year", [2022, 2024])
def test_a_wait_until_a_date_is_measured_by_the_clock_of_the_server_and_not_by_ours(year: int) -> None:
    busy = answer({}, 429, date=f"Tue, 14 Nov {year} 22:13:20 GMT", retry_after=f"Tue, 14 Nov {year} 22:13:30 GMT")
    script = Scripted(busy, answer({"ok": 1}))
    assert call("read", script) == {"ok": 1}
    assert script.waits == [pytest.approx(10)]


def test_the_server_tells_the_time_from_its_last_dated_answer_on() -> None:
    script = Scripted(answer({}, date="Thu, 01 Jan 1970 00:01:40 GMT"), answer({}, date="soon"), answer({}))
    assert script.http.now_there(7.0) == 7.0
    for _ in range(3):
        script.http.json("GET", "/batches", retry.READ)
    script.now += 5
    assert script.http.now_there(7.0) == 105.0


@pytest.mark.parametrize("senseless", ["-5", "soon", "nan", "inf", "-inf", "1e999", "Mon, 99 Foo", "Thu, 1 Jan",
                                       "9" * 5000, "", "0x10", "\u0663"])
def test_a_senseless_wait_is_none_and_the_usual_one_is_taken(senseless: str) -> None:
    found = retry.retry_after_s({"retry-after": senseless}, 1_700_000_000)
    assert found is None or found == 3


@pytest.mark.parametrize("kind", RULES)
@pytest.mark.parametrize("far", ["1000000000", "121", "Tue, 14 Nov 2033 22:13:30 GMT"])
def test_a_wait_that_nobody_would_sit_through_fails_at_once_and_says_how_long(kind: str, far: str) -> None:
    script = Scripted(answer({"error": "quota"}, 429, retry_after=far))
    with pytest.raises(Refusal) as caught:
        call(kind, script)
    assert len(script.asked) == 1
    assert not script.waits
    assert caught.value.retry_after_s is not None
    assert caught.value.retry_after_s > 120


@pytest.mark.parametrize("kind", ["read", "create", "repeatable"])
def test_deadlines_end_what_tries_would_not(kind: str) -> None:
    script = Scripted(httpx.ConnectTimeout("slow"), call_s=100)
    with pytest.raises(Unavailable):
        call(kind, script)
    assert script.now <= RULES[kind].deadline_s + 100 + 20
    assert len(script.asked) == 2


@given(st.integers(1, 60), st.randoms(use_true_random=False))
def test_waits_are_jittered_below_a_doubling_bound(attempt: int, rng: random.Random) -> None:
    bound_s = min(20, 0.5 * 2**attempt)
    assert 0.75 * bound_s <= retry.wait_s(attempt, None, rng) <= bound_s


@given(st.dictionaries(st.sampled_from(["retry-after", "retry-after-ms"]), st.text(max_size=40)), st.floats(0, 4e9))
def test_no_header_makes_the_wait_raise_or_negative(headers: dict[str, str], now: float) -> None:
    found = retry.retry_after_s(headers, now)
    assert found is None or 0 <= found < float("inf")


@given(st.integers(100, 999), st.booleans())
def test_every_status_is_classified(status: int, makes: bool) -> None:
    failure = retry.classify(status, makes=makes)
    assert (failure is None) is (200 <= status < 300)


def test_rules_are_values_that_nobody_changes() -> None:
    with pytest.raises(AttributeError):
        READ.tries = 1  # type: ignore[misc]
    assert isinstance(READ, RetryRule)
