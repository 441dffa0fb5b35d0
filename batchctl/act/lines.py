"""Reads one line of a result file: which request it answers, how it went, and what was said."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import orjson

from batchctl.desired.inputs import json_values
from batchctl.words.digest import id_of
from batchctl.words.outcomes import Outcome

_BY_CODE = {
    "batch_expired": Outcome.EXPIRED, "expired": Outcome.EXPIRED,
    "batch_cancelled": Outcome.CANCELLED, "batch_canceled": Outcome.CANCELLED, "cancelled": Outcome.CANCELLED,
    "rate_limit_exceeded": Outcome.RATE_LIMIT, "rate_limit_error": Outcome.RATE_LIMIT,
    "server_error": Outcome.SERVER_ERROR, "internal_error": Outcome.SERVER_ERROR,
    "upstream_unreachable": Outcome.SERVER_ERROR, "timeout": Outcome.TIMEOUT, "timeout_error": Outcome.TIMEOUT,
}
_BY_STATUS = {0: Outcome.SERVER_ERROR, 408: Outcome.TIMEOUT, 409: Outcome.SERVER_ERROR, 425: Outcome.RATE_LIMIT,
              429: Outcome.RATE_LIMIT, 504: Outcome.TIMEOUT, 524: Outcome.TIMEOUT,
              498: Outcome.RATE_LIMIT}  # Groq: no capacity in the flex tier


#: What every line of a result file has some of; a gateway's own answer with status 200 has none.
_MEMBERS = frozenset({"custom_id", "response", "error"})


class NotALine(ValueError):
    """A line that is not a JSON object with a result in it."""


class ResultLine(NamedTuple):
    """One answer: a named tuple, as it is made a million times.

    `id` is None where the line does not name a request of batchctl's; `body` is the response's body, `error` an object
    with `code` and `message` where the request failed.
    """

    id: bytes | None
    outcome: Outcome
    response: dict[str, Any] | None
    error: dict[str, Any] | None

    @property
    def body(self) -> Any:
        return self.response.get("body") if self.response else None


def parse(line: bytes) -> ResultLine:
    """Raises NotALine. Tolerates what servers were seen to do: a body as a JSON string, no `response`, `error.type`
    instead of `error.code`, an error inside a body with status 200."""
    raw = _loads(line)
    if not isinstance(raw, dict):
        raise NotALine("not a JSON object")
    if _MEMBERS.isdisjoint(raw):
        raise NotALine("a JSON object with nothing of a result in it")
    if _is_plain_success(raw):
        return ResultLine(id_of(raw.get("custom_id")), Outcome.OK, raw["response"], None)
    response, error = _response(raw.get("response")), _error(raw.get("error"))
    outcome, error = _judge(response, error)
    return ResultLine(id_of(raw.get("custom_id")), outcome, response, error)


def text_of(body: Any) -> str | None:
    """What the model said: the first choice's content, the output text of a response, or a transcript; else None."""
    if not isinstance(body, dict):
        return None
    choices = body.get("choices")
    if isinstance(choices, list) and choices and isinstance(choices[0], dict):
        message = choices[0].get("message")
        said = message.get("content") if isinstance(message, dict) else choices[0].get("text")
        return _joined(said)
    output = body.get("output")
    if isinstance(output, list):
        parts = [_joined(item.get("content")) for item in output
                 if isinstance(item, dict) and item.get("type") == "message"]
        said_parts = [part for part in parts if part is not None]
        return "".join(said_parts) if said_parts else None
    text = body.get("text")
    return text if isinstance(text, str) else None


def json_of(text: str) -> Any:
    """A text as JSON, integers of any size included, and nothing that only Python takes for JSON. Raises ValueError."""
    return json_values.parse(text.encode("utf-8", "surrogatepass"))


def _joined(content: Any) -> str | None:
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(part["text"] for part in content
                       if isinstance(part, dict) and isinstance(part.get("text"), str))
    return None


def _loads(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        # orjson refuses lone surrogates, which models have produced. Of integers beyond 64 bits it makes floats; no
        # provider's own members have any, and what a model says in its text is read by `json_of`.
        try:
            return json.loads(line)
        except (ValueError, RecursionError) as error:
            raise NotALine(str(error)[:200]) from None


def _is_plain_success(raw: dict[str, Any]) -> bool:
    """What nearly every line is, told in a quarter of the time that the questions below take."""
    response = raw.get("response")
    if raw.get("error") is not None or type(response) is not dict:
        return False
    status, body = response.get("status_code"), response.get("body")
    return status == 200 and type(status) is int and type(body) is dict and not body.get("error")


def _response(raw: Any) -> dict[str, Any] | None:
    if not isinstance(raw, dict):
        return None
    body = raw.get("body")
    if isinstance(body, str):
        try:
            return {**raw, "body": _loads(body.encode(errors="surrogatepass"))}
        except NotALine:
            return raw
    return raw


def _error(raw: Any) -> dict[str, Any] | None:
    if not raw or (isinstance(raw, dict) and not any(raw.values())):
        return None
    if not isinstance(raw, dict):
        return {"code": None, "message": str(raw)}
    return {**raw, "code": raw.get("code") or raw.get("type"), "message": raw.get("message")}


def _judge(response: dict[str, Any] | None, error: dict[str, Any] | None
           ) -> tuple[Outcome, dict[str, Any] | None]:
    status = _status(response)
    body = response.get("body") if response else None
    if error is None and isinstance(body, dict) and body.get("error"):
        error = _error(body["error"])
    if error is None and response is not None and 200 <= status < 300 and body is not None:
        return Outcome.OK, None
    error = error or {"code": None, "message": f"status {status}" if response else "no response"}
    by_code = _BY_CODE.get(str(error.get("code")).lower())
    if by_code is not None:
        return by_code, error
    if status in _BY_STATUS and response is not None:
        return _BY_STATUS[status], error
    return (Outcome.SERVER_ERROR if status >= 500 else Outcome.REJECTED), error


def _status(response: dict[str, Any] | None) -> int:
    status = response.get("status_code") if response else None
    if isinstance(status, bool):
        return 0
    if isinstance(status, str) and status.isascii() and status.isdigit() and len(status) == 3:
        return int(status)
    # Some servers leave the status out of lines that succeeded.
    return status if isinstance(status, int) else (200 if status is None and response else 0)
