"""Tokens are counted in the words of every endpoint, and nothing that a server makes up counts."""

from __future__ import annotations

from typing import Any

import pytest

from batchctl.words.usage import Meter, Usage, usage_of


@pytest.mark.parametrize(("raw", "usage"), [
    ({"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12,
      "prompt_tokens_details": {"cached_tokens": 4}, "completion_tokens_details": {"reasoning_tokens": 3}},
     Usage(7, 5, 4, 3)),
    ({"input_tokens": 7, "output_tokens": 5, "input_tokens_details": {"cached_tokens": 4},
      "output_tokens_details": {"reasoning_tokens": 3}}, Usage(7, 5, 4, 3)),
    ({"prompt_tokens": 7, "total_tokens": 7}, Usage(7)),
    ({"prompt_tokens": 18, "completion_tokens": 556, "queue_time": 0.03, "total_time": 0.4}, Usage(18, 556)),
    ({"prompt_tokens": 7, "completion_tokens": 0, "prompt_tokens_details": None}, Usage(7)),
    ({"type": "duration", "seconds": 9}, None),
    ({"prompt_tokens": 0, "completion_tokens": 0}, None),
    (None, None), ("7", None), ([7], None), ({}, None),
], ids=["chat", "responses", "embeddings", "groq", "no details", "audio", "zeros", "null", "text", "list", "empty"])
def test_usage_is_read_in_the_words_of_every_endpoint(raw: Any, usage: Usage | None) -> None:
    assert usage_of(raw) == usage


@pytest.mark.parametrize("evil", [-1, True, "9", None, [9], {"n": 9}, 1 << 60, float("nan"), float("inf")])
def test_g9_what_is_no_count_counts_nothing(evil: Any) -> None:
    assert usage_of({"prompt_tokens": evil, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": evil},
                     "completion_tokens_details": evil}) == Usage(0, 5)


def test_many_answers_add_up() -> None:
    meter = Meter()
    assert meter.total is None
    for raw in ({"prompt_tokens": 7, "completion_tokens": 5}, None, {"input_tokens": 3, "output_tokens": 1}):
        meter.add(raw)
    assert meter.total == Usage(10, 6) == Usage(7, 5) + Usage(3, 1)
