"""Single requests that are asked at once: what keeps to the time that was given."""

from __future__ import annotations

import json

from batchctl.act.trying import tried
from tests.remote.http import Scripted, answer

LINE = json.dumps({"custom_id": "a", "url": "/v1/chat/completions", "body": {"model": "m"}}).encode()


def test_nothing_that_costs_is_sent_again_after_the_time_was_up() -> None:
    script = Scripted(answer({"error": {"message": "later"}}, 429, retry_after="1"), answer({"choices": []}))
    (one,) = tried(script.http, [LINE], timeout_s=0.5, at_once=1, monotonic=lambda: script.now)
    assert len(script.asked) == 1
    assert not one.ok
    assert not one.unclear


def test_what_was_turned_away_is_sent_again_while_there_is_time() -> None:
    script = Scripted(answer({"error": {"message": "later"}}, 429, retry_after="1"), answer({"choices": []}))
    (one,) = tried(script.http, [LINE], timeout_s=30.0, at_once=1, monotonic=lambda: script.now)
    assert len(script.asked) == 2
    assert one.ok
