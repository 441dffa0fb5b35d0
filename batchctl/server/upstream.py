"""What answers a line: the request it is given, the answer it gives, and the contract between."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Protocol

import orjson

from batchctl.server.lines import KeptAnswer
from batchctl.server.tokens import Tokens, tokens_of


@dataclass(frozen=True, slots=True)
class LineRequest:
    """One line, parsed: `url` is a path such as `/v1/chat/completions`, `body` the request's JSON object."""

    custom_id: str
    url: str
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a line: an HTTP status with a JSON body, or (status None) an error code and message."""

    status: int | None
    body: object = None
    request_id: str = ""
    error_code: str | None = None
    error_message: str | None = None

    @property
    def ok(self) -> bool:
        """Whether the line goes to the output file, not the error file."""
        return self.status is not None and 200 <= self.status < 300


class UnreachableError(Exception):
    """The upstream cannot be connected to; nothing of this try has left, so that it cost nothing."""

    def __init__(self, reason: str, spent: int) -> None:
        """`spent` is how many tries of the line have reached the upstream, in all."""
        super().__init__(reason)
        self.spent = spent


class Upstream(Protocol):
    """Answers lines one at a time, many at once."""

    costs: bool
    """Whether sending a line twice costs something. If so, each line is marked on the disk before it is
    sent, and keeps its place among the concurrent ones until its answer is on the disk."""

    async def answer(self, request: LineRequest, spent: int = 0) -> Answer:
        """Whatever goes wrong is an answer too, unless the line never left: then it raises `UnreachableError`.

        `spent` is that of an earlier such error, so that a line that breaks its upstream is not tried for ever.
        """
        ...

    async def once(self, request: LineRequest) -> Answer:
        """The same with a single try, whatever comes of it: for who decides about another one himself."""
        ...

    async def close(self) -> None:
        """Lets go of connections."""
        ...


def failure(status: int, message: str, *, code: str | None = None, param: str | None = None) -> Answer:
    """An answer with a status of 400 or more and the vendor's error body."""
    kind = "invalid_request_error" if status < 500 else "server_error"
    body = {"error": {"message": message, "type": kind, "param": param, "code": code}}
    return Answer(status, body)


def streaming_refused(where: str) -> Answer:
    """What a request gets that asks to be answered piece by piece."""
    return failure(400, f"Streaming is not supported {where}.", code="invalid_value", param="stream")


def no_answer(code: str, message: str) -> Answer:
    """A line that never got a response."""
    return Answer(None, error_code=code, error_message=message)


def kept(batch: int, line: int, custom_id: str, answer: Answer, *, salt: str) -> KeptAnswer:
    """The answer as a line of a result file. Its id follows from the custom_id and the salt alone."""
    digest = hashlib.sha256(f"{salt}\n{custom_id}".encode()).hexdigest()
    response: dict[str, object] | None = None
    error: dict[str, object] | None = None
    if answer.status is None:
        error = {"code": answer.error_code, "message": answer.error_message}
    else:
        request_id = answer.request_id or f"req_{digest[32:]}"
        response = {"status_code": answer.status, "request_id": request_id, "body": answer.body}
    record = result_line(f"batch_req_{digest[:32]}", custom_id, response, error)
    tokens = tokens_of(answer.body) if answer.ok else Tokens()
    return KeptAnswer(batch, line, answer.ok, record, tokens)


def result_line(
    line_id: str, custom_id: str, response: dict[str, object] | None, error: dict[str, object] | None
) -> bytes:
    """One line of an output or error file, without its newline."""
    return orjson.dumps({"id": line_id, "custom_id": custom_id, "response": response, "error": error})
