"""Answers lines by sending them to an OpenAI-compatible synchronous endpoint, with retries."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson

from batchctl.server.hosts import is_loopback
from batchctl.server.upstream import Answer, LineRequest, UnreachableError, no_answer
from batchctl.words.audio import AUDIO, form

MAX_TRIES = 5
# What servers of models answer while they load one; later it may be about one line, and counts as a try.
LOADING = 503
RETRIED = frozenset({408, 409, 429})
MAX_RETRY_AFTER_S = 60.0
BACKOFF_S = 0.5
MAX_BACKOFF_S = 8.0
MAX_ANSWER_BYTES = 64 * 1024 * 1024
# Nothing of the request has left: neither can it have been answered, nor has it cost anything.
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout)
TIMEOUT = httpx.Timeout(600.0, connect=10.0)


def target(base_url: str, line_url: str) -> str:
    """Where a line goes: `http://h/v1` and `http://h` both lead `/v1/chat/completions` to the same place.

    A base with a path is what the SDKs call a base URL, and stands for the line's `/v1`; a base
    without one stands for the host alone.
    """
    base = base_url.rstrip("/")
    if urlsplit(base).path:
        line_url = line_url.removeprefix("/v1")
    return base + line_url


class Forward:
    """An `Upstream` over HTTP."""

    costs = True

    def __init__(
        self,
        base_url: str,
        key: str | None,
        *,
        concurrency: int,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        rng: random.Random | None = None,
    ) -> None:
        """`key` is sent as a Bearer token."""
        self._base_url = base_url
        self._sleep = sleep
        self._rng = rng or random.Random()
        self._is_up = False
        self._client = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=TIMEOUT,
            limits=httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency),
            transport=transport,
            # A proxy set for the internet cannot reach a model on this machine.
            trust_env=not is_loopback(urlsplit(base_url).hostname or ""),
        )

    async def answer(self, request: LineRequest, spent: int = 0) -> Answer:
        """Sends it up to five times; a refusal that another try would not change is final at once. Raises
        UnreachableError while the upstream takes no connections, or has said nothing but 503 yet: it loads a model."""
        while True:
            answer, retry_after = await self._tried(request, spent)
            spent += 1
            if spent >= MAX_TRIES or not _worth_another_try(answer):
                return answer
            await self._sleep(self._pause_s(spent, retry_after))

    async def once(self, request: LineRequest) -> Answer:
        """Sends it once. Raises UnreachableError as `answer` does."""
        return (await self._tried(request, 0))[0]

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.aclose()

    async def _tried(self, request: LineRequest, spent: int) -> tuple[Answer, float | None]:
        """What one try came to, and the seconds that the upstream asks to be left alone."""
        retry_after: float | None = None
        try:
            answer, retry_after = await self._post(target(self._base_url, request.url), request)
        except NEVER_SENT as error:
            raise UnreachableError(str(error) or type(error).__name__, spent) from error
        except httpx.TransportError as error:
            answer = no_answer("upstream_unreachable", f"{type(error).__name__}: {error}"[:500])
        except httpx.HTTPError as error:
            answer = no_answer("upstream_invalid_response", f"{type(error).__name__}: {error}"[:500])
        if answer.status == LOADING and not self._is_up:
            raise UnreachableError(f"HTTP {LOADING}", spent)
        self._is_up = self._is_up or answer.status is not None
        return answer, retry_after

    async def _post(self, url: str, request: LineRequest) -> tuple[Answer, float | None]:
        async with self._client.stream("POST", url, **_payload(request)) as response:
            raw = bytearray()
            async for chunk in response.aiter_bytes():
                raw += chunk
                if len(raw) > MAX_ANSWER_BYTES:
                    message = f"The upstream's answer is larger than {MAX_ANSWER_BYTES} bytes."
                    return no_answer("upstream_answer_too_large", message), None
            spoken = request.url in AUDIO
            return _read(response, bytes(raw), spoken=spoken), _retry_after_s(response.headers.get("retry-after"))

    def _pause_s(self, attempt: int, retry_after: float | None) -> float:
        if retry_after is not None:
            return min(retry_after, MAX_RETRY_AFTER_S)
        return self._rng.uniform(0, min(MAX_BACKOFF_S, BACKOFF_S * 2.0**attempt))


def _payload(request: LineRequest) -> dict[str, Any]:
    if request.url in AUDIO:
        return {"files": form(request.body)}
    return {"content": orjson.dumps(request.body), "headers": {"Content-Type": "application/json"}}


def _read(response: httpx.Response, raw: bytes, *, spoken: bool) -> Answer:
    status = response.status_code
    request_id = response.headers.get("x-request-id", "")[:200]
    if spoken and response.is_success and response.headers.get("content-type", "").startswith("text/plain"):
        # Asked for with `response_format`; a result file has JSON nevertheless, and "42" is a transcript.
        return Answer(status, {"text": raw.decode("utf-8", "replace")}, request_id)
    try:
        return Answer(status, orjson.loads(raw), request_id)
    except orjson.JSONDecodeError:
        text = raw[:2000].decode("utf-8", "replace")
    if 200 <= status < 300:
        # The status is kept out of the record: a client must not take this for an answer.
        return no_answer(
            "upstream_invalid_response", f"The upstream answered {status} without JSON: {text[:200]}"
        )
    error = {"message": text or f"HTTP {status}", "type": "upstream_error", "param": None, "code": None}
    return Answer(status, {"error": error}, request_id)


def _worth_another_try(answer: Answer) -> bool:
    if answer.status is None:
        return answer.error_code == "upstream_unreachable"
    return answer.status in RETRIED or answer.status >= 500


def _retry_after_s(header: str | None) -> float | None:
    if header is None:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
    except (ValueError, TypeError):
        return None
