"""The token estimate, held against counts that were made with the tokenizers themselves."""

from __future__ import annotations

import json
from typing import Any

import pytest

from batchctl.words.tokens import BYTES_PER_TOKEN, envelope_bytes, prompt_tokens


def chat(*contents: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": content} for content in contents],
            "temperature": 0, "max_completion_tokens": 8}


#: The first question of GSM8K.
PROSE = ("Janet\u2019s ducks lay 16 eggs per day. She eats three for breakfast every morning and bakes muffins for her "
         "friends every day with four. She sells the remainder at the farmers' market daily for $2 per fresh duck egg. "
         "How much in dollars does she make every day at the farmers' market?")

#: Its tokens in o200k_base, as gpt-tokenizer 4.0.0 counts them.
PROSE_TOKENS = 63


def test_the_estimate_of_english_prose_is_within_fifteen_percent() -> None:
    assert prompt_tokens(chat(PROSE)) == pytest.approx(PROSE_TOKENS + 7, rel=0.15)


def test_what_is_around_the_prompt_costs_nothing() -> None:
    assert prompt_tokens({**chat("hello world"), "metadata": {"a": "b" * 400}, "user": "u" * 400}) == 9


@pytest.mark.parametrize(("body", "tokens"), [
    (chat([{"type": "text", "text": "a" * 40}, {"type": "input_audio", "input_audio": {}}]), 17),
    (chat("a" * 40, "b" * 40), 31),
    ({"model": "m", "input": "a" * 40}, 10),
    ({"model": "m", "input": ["a" * 40, "b" * 40]}, 20),
    ({"model": "m", "input": [[1, 2, 3], [4]]}, 4),
    ({"model": "m", "input": [{"role": "user", "content": [{"type": "input_text", "text": "a" * 40}]}]}, 10),
    ({"model": "m", "instructions": "a" * 40, "input": "b" * 40}, 20),
    ({"model": "m", "prompt": "a" * 40}, 10),
    ({**chat("a" * 40), "tools": [{"name": "b" * 27}]}, 27),
    ({"model": "m"}, 0), ({"messages": "odd"}, 0), ({"messages": [None, 7]}, 11),
], ids=["parts", "messages", "input", "inputs", "tokens", "items", "instructions", "prompt", "tools", "bare", "odd",
        "odder"])
def test_all_that_a_model_reads_counts(body: dict[str, Any], tokens: int) -> None:
    assert prompt_tokens(body) == tokens


@pytest.mark.parametrize("length", [4, 400, 40_000])
def test_the_envelope_of_one_request_is_that_of_all(length: int) -> None:
    def line(content: str) -> bytes:
        return json.dumps({"body": chat(content), "custom_id": "k-1", "method": "POST", "url": "/v1"}).encode() + b"\n"

    text = "word" * (length // 4)
    assert (len(line(text)) - envelope_bytes(line("first"))) // BYTES_PER_TOKEN == pytest.approx(
        prompt_tokens(chat(text)), abs=1)
