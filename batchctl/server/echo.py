"""Answers lines without any model: a clearly labelled echo of what was asked, the same every time.

For trying a job before it costs anything, and as a test aid. The echo understands these markers:

- model `echo-fail-<status>`: every line is answered with this HTTP status and an error body;
- `[[echo:status=429]]` in the user's text: this line is answered with this status;
- `[[echo:sleep=0.5]]` in the user's text: this line takes this many seconds (60 at most);
- `[[echo:plain]]` in the user's text: this line is answered with the plain echo, whatever schema it asks for.

A line that asks for a JSON Schema is answered with a value for it, whose texts are the echo.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import math
import re
import struct
from collections.abc import Awaitable, Callable
from typing import Any

from batchctl.server.embedding import embedding_inputs
from batchctl.server.instance import instance
from batchctl.server.upstream import Answer, LineRequest, failure

FINGERPRINT = "batchctl-echo"
MAX_SLEEP_S = 60.0
FAILING_MODEL = re.compile(r"echo-fail-([1-5]\d\d)")
STATUS_MARK = re.compile(r"\[\[echo:status=([1-5]\d\d)\]\]")
PLAIN_MARK = "[[echo:plain]]"
SLEEP_MARK = re.compile(r"\[\[echo:sleep=(\d+(?:\.\d+)?)\]\]")
# An echo has no time of its own: a clock would make two runs differ.
CREATED = 0


class Echo:
    """An `Upstream` that costs nothing."""

    costs = False

    def __init__(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._sleep = sleep

    async def answer(self, request: LineRequest, spent: int = 0) -> Answer:
        """See the module."""
        text = asked_text(request.body)
        if (pause := SLEEP_MARK.search(text)) is not None:
            await self._sleep(min(float(pause[1]), MAX_SLEEP_S))
        failing = FAILING_MODEL.fullmatch(_model(request.body)) or STATUS_MARK.search(text)
        if failing is not None:
            return failure(int(failing[1]), f"echo: asked to fail with {failing[1]}", code="echo_failure")
        return Answer(200, echo_body(request, text))

    async def once(self, request: LineRequest) -> Answer:
        """An echo needs no second try."""
        return await self.answer(request)

    async def close(self) -> None:
        """Nothing to let go of."""


def asked_text(body: dict[str, Any]) -> str:
    """The last user message, input, prompt or file of a request; empty if there is none."""
    messages = body.get("messages")
    if isinstance(messages, list):
        return _last_user_text(messages)
    for name in ("input", "prompt", "url", "file"):
        value = body.get(name)
        if isinstance(value, str):
            return value
        if isinstance(value, list):
            texts = [item for item in value if isinstance(item, str)]
            return texts[-1] if texts else _last_user_text(value)
    return ""


def echo_body(request: LineRequest, text: str) -> dict[str, Any]:
    """The response body of the request's endpoint, in the vendor's shape."""
    shape = SHAPES.get(request.url, _other)
    digest = hashlib.sha256(request.custom_id.encode()).hexdigest()[:32]
    said = f"echo: {text}"
    schema = None if PLAIN_MARK in text else _asked_schema(request.body)
    return shape(request.body, said if schema is None else json.dumps(instance(schema, said)), digest)


def _asked_schema(body: dict[str, Any]) -> Any:
    """The JSON Schema that a chat completion or a response asks its answer to match; None where there is none."""
    chat, text = body.get("response_format"), body.get("text")
    asked = text.get("format") if isinstance(text, dict) else chat
    if not isinstance(asked, dict) or asked.get("type") != "json_schema":
        return None
    holder = asked.get("json_schema", asked)
    return holder.get("schema") if isinstance(holder, dict) else None


def _last_user_text(messages: list[Any]) -> str:
    for message in reversed(messages):
        if not isinstance(message, dict) or message.get("role", "user") != "user":
            continue
        content = message.get("content")
        if isinstance(content, str):
            return content
        if isinstance(content, list):
            parts = [part.get("text") for part in content if isinstance(part, dict)]
            return " ".join(part for part in parts if isinstance(part, str))
    return ""


def _model(body: dict[str, Any]) -> str:
    model = body.get("model")
    return model if isinstance(model, str) else FINGERPRINT


def _rough_tokens(text: str) -> int:
    return max(1, len(text.encode()) // 4)


def _usage(body: dict[str, Any], text: str) -> dict[str, int]:
    asked, answered = _rough_tokens(asked_text(body)), _rough_tokens(text)
    return {"prompt_tokens": asked, "completion_tokens": answered, "total_tokens": asked + answered}


def _chat(body: dict[str, Any], text: str, digest: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": text, "refusal": None}
    return {
        "id": f"chatcmpl-{digest}",
        "object": "chat.completion",
        "created": CREATED,
        "model": _model(body),
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
        "usage": _usage(body, text),
        "system_fingerprint": FINGERPRINT,
    }


def _completion(body: dict[str, Any], text: str, digest: str) -> dict[str, Any]:
    return {
        "id": f"cmpl-{digest}",
        "object": "text_completion",
        "created": CREATED,
        "model": _model(body),
        "choices": [{"index": 0, "text": text, "logprobs": None, "finish_reason": "stop"}],
        "usage": _usage(body, text),
        "system_fingerprint": FINGERPRINT,
    }


def _response(body: dict[str, Any], text: str, digest: str) -> dict[str, Any]:
    asked, answered = _rough_tokens(asked_text(body)), _rough_tokens(text)
    message = {
        "id": f"msg_{digest}",
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": [{"type": "output_text", "text": text, "annotations": []}],
    }
    return {
        "id": f"resp_{digest}",
        "object": "response",
        "created_at": CREATED,
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "instructions": body.get("instructions"),
        "metadata": {"system_fingerprint": FINGERPRINT},
        "model": _model(body),
        "output": [message],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": asked,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": answered,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": asked + answered,
        },
    }


def _embeddings(body: dict[str, Any], text: str, digest: str) -> dict[str, Any]:
    inputs = embedding_inputs(body.get("input"))
    dimensions = body.get("dimensions")
    size = dimensions if isinstance(dimensions, int) and 0 < dimensions <= 10_000 else 8
    data = []
    for index, item in enumerate(inputs):
        vector: list[float] | str = unit_vector(str(item), size)
        if body.get("encoding_format") == "base64":
            vector = base64.b64encode(struct.pack(f"<{size}f", *vector)).decode()
        data.append({"object": "embedding", "index": index, "embedding": vector})
    tokens = sum(_rough_tokens(str(item)) for item in inputs)
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return {"object": "list", "data": data, "model": _model(body), "usage": usage}


def unit_vector(text: str, size: int) -> list[float]:
    """A vector of length 1 that depends on the text alone."""
    stream = hashlib.shake_256(text.encode()).digest(2 * size)
    raw = [number - 32_767.5 for number in struct.unpack(f"<{size}H", stream)]
    length = math.sqrt(sum(number * number for number in raw))
    return [number / length for number in raw]


def _moderation(body: dict[str, Any], text: str, digest: str) -> dict[str, Any]:
    asked = body.get("input")
    count = len(asked) if isinstance(asked, list) else 1
    verdict = {"flagged": False, "categories": {}, "category_scores": {}, "category_applied_input_types": {}}
    return {"id": f"modr-{digest}", "model": _model(body), "results": [verdict] * count}


def _transcript(body: dict[str, Any], text: str, digest: str) -> dict[str, Any]:
    return {"text": text}


def _image(body: dict[str, Any], text: str, digest: str) -> dict[str, Any]:
    return {
        "created": CREATED,
        "data": [{"url": f"https://echo.invalid/{digest}.png", "revised_prompt": text}],
    }


def _other(body: dict[str, Any], text: str, digest: str) -> dict[str, Any]:
    return {"id": f"echo_{digest}", "object": "echo", "model": _model(body), "text": text}


SHAPES: dict[str, Callable[[dict[str, Any], str, str], dict[str, Any]]] = {
    "/v1/chat/completions": _chat,
    "/v1/completions": _completion,
    "/v1/responses": _response,
    "/v1/embeddings": _embeddings,
    "/v1/moderations": _moderation,
    "/v1/audio/transcriptions": _transcript,
    "/v1/audio/translations": _transcript,
    "/v1/images/generations": _image,
    "/v1/images/edits": _image,
}
