"""Lets chosen calls go wrong on purpose, and writes all calls down, in front of the whole application."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import orjson
from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from batchctl.server import envelope
from batchctl.server.dialects import ServerDialect
from batchctl.server.errors import ApiError
from batchctl.server.fault_spec import Fault
from batchctl.server.ledger import Entry, Ledger
from batchctl.server.veil import Veil
from batchctl.server.wire import cut

PAGE = "<!DOCTYPE html><html><head><title>Sign in</title></head><body>Sign in to this network.</body></html>"
BROKEN_JSON = b'{"id": "batch_0", "object": "batch", "stat'

# HTTP gives their answers no body: one that was sent would be taken for the beginning of the next.
BODILESS = (204, 205, 304)


class Faults:
    """ASGI middleware. Calls that are not below the dialect's prefix pass untouched and unrecorded."""

    def __init__(
        self, app: ASGIApp, dialect: ServerDialect, faults: Sequence[Fault], ledger: Ledger, veil: Veil
    ) -> None:
        self._app = app
        self._dialect = dialect
        self._faults = faults
        self._counts = [0] * len(faults)
        self._ledger = ledger
        self._veil = veil

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        prefix = self._dialect.prefix
        if scope["type"] != "http" or not scope["path"].startswith(prefix + "/"):
            await self._app(scope, receive, send)
            return
        path = scope["path"].removeprefix(prefix)
        fault = self._due(scope["method"], path)
        call = _Call(self._ledger, scope, path, fault)
        try:
            if fault is None:
                await self._app(scope, receive, call.passing(send))
            elif fault.moment == "before":
                await self._before(fault, call, scope, receive, send)
            else:
                await self._after(fault, call, scope, receive, send)
        finally:
            call.write_down()

    def _due(self, method: str, path: str) -> Fault | None:
        found = None
        for index, fault in enumerate(self._faults):
            if fault.matches(method, path):
                self._counts[index] += 1
                if found is None and fault.due(self._counts[index]):
                    found = fault
        return found

    async def _before(
        self, fault: Fault, call: _Call, scope: Scope, receive: Receive, send: Send
    ) -> None:
        if fault.kind == "delay":
            await asyncio.sleep(fault.amount)
            await self._app(scope, receive, call.passing(send))
            return
        # Who still sends does not read the answer.
        while (message := await receive())["type"] == "http.request" and message.get("more_body"):
            pass
        await self._instead(fault, call, scope, receive, send)

    async def _after(
        self, fault: Fault, call: _Call, scope: Scope, receive: Receive, send: Send
    ) -> None:
        if fault.kind == "delay":
            await self._app(scope, receive, _late(call.passing(send), fault.amount))
        elif fault.kind == "truncate":
            short = _Short(call.passing(send), call.write_down, int(fault.amount), scope, receive)
            await self._app(scope, receive, short.send)
        elif fault.kind == "lag":
            await self._app(scope, receive, self._hiding(call, int(fault.amount), call.passing(send)))
        else:
            await self._app(scope, receive, call.swallowing())
            await self._instead(fault, call, scope, receive, send)

    def _hiding(self, call: _Call, lists: int, send: Send) -> Send:
        async def hiding(message: Message) -> None:
            call.see(message)
            for batch_id in call.batches_made() if _is_last(message) else ():
                self._veil.hide(batch_id, lists)
            await send(message)

        return hiding

    async def _instead(
        self, fault: Fault, call: _Call, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """What the client gets in place of the true answer."""
        if fault.kind == "drop":
            call.write_down()
            await cut(scope, receive)
            return
        response = self._false_answer(fault, Headers(scope=scope))
        call.sent = response.status_code
        call.write_down()
        await response(scope, receive, send)

    def _false_answer(self, fault: Fault, headers: Headers) -> Response:
        if fault.kind == "html":
            return HTMLResponse(PAGE)
        if fault.kind == "garbage":
            return Response(BROKEN_JSON, media_type="application/json")
        status = int(fault.amount)
        if status in BODILESS:
            return Response(status_code=status)
        kind = "server_error" if status >= 500 else "invalid_request_error"
        error = ApiError(status, f"A fault was asked for: {fault.text}", kind=kind)
        response = envelope.refusal(error, self._dialect, headers)
        if fault.retry_after is not None:
            response.headers["retry-after"] = fault.retry_after
        return response


class _Call:
    """What is known of one call, until it is written down: once, and before its answer is complete."""

    def __init__(self, ledger: Ledger, scope: Scope, path: str, fault: Fault | None) -> None:
        self._ledger = ledger
        self._method = scope["method"]
        self._path = path
        self._query = scope["query_string"].decode("latin-1")
        self._fault = fault
        self._makes_a_batch = (self._method, path) == ("POST", "/batches")
        self._body = bytearray()
        self._written = False
        self._answered: int | None = None
        self.sent: int | None = None

    def see(self, message: Message) -> None:
        """Notes the application's own answer. Seeing a message twice does not matter."""
        if message["type"] == "http.response.start":
            self._answered = message["status"]
            self._body.clear()
        elif self._makes_a_batch:
            self._body = bytearray(message.get("body", b""))

    def swallowing(self) -> Send:
        """Takes the application's answer, and sends nothing."""

        async def swallow(message: Message) -> None:
            self.see(message)

        return swallow

    def passing(self, send: Send) -> Send:
        """Sends the application's answer on."""

        async def pass_on(message: Message) -> None:
            self.see(message)
            if message["type"] == "http.response.start":
                self.sent = message["status"]
            elif _is_last(message):
                self.write_down()
            await send(message)

        return pass_on

    def batches_made(self) -> list[str]:
        """From the answer to a create call."""
        if not self._makes_a_batch or not self._carried_out():
            return []
        return [orjson.loads(self._body)["id"]]

    def write_down(self) -> None:
        """Adds the call to the ledger, the first time."""
        if self._written:
            return
        self._written = True
        self._ledger.add(
            Entry(
                method=self._method,
                path=self._path,
                query=self._query,
                status=self.sent,
                answered=self._answered,
                carried_out=self._carried_out(),
                fault=self._fault.text if self._fault else None,
                batches=self.batches_made(),
            )
        )

    def _carried_out(self) -> bool:
        return self._answered is not None and self._answered < 400


class _Short:
    """Sends an answer on up to a number of bytes, and then cuts the connection."""

    def __init__(
        self, send: Send, cutting: Callable[[], None], size: int, scope: Scope, receive: Receive
    ) -> None:
        self._send = send
        self._cutting = cutting
        self._left = size
        self._scope = scope
        self._receive = receive
        self._cut = False

    async def send(self, message: Message) -> None:
        body = message.get("body", b"")
        if self._cut:
            return
        if len(body) <= self._left:
            self._left -= len(body)
            await self._send(message)
            return
        self._cut = True
        await self._send({**message, "body": body[: self._left], "more_body": True})
        self._cutting()
        await cut(self._scope, self._receive, flush=True)


def _late(send: Send, seconds: float) -> Send:
    async def late(message: Message) -> None:
        if message["type"] == "http.response.start":
            await asyncio.sleep(seconds)
        await send(message)

    return late


def _is_last(message: Message) -> bool:
    return message["type"] == "http.response.body" and not message.get("more_body", False)
