"""The fault classes of HTTP: what a call meets, or is answered, instead of the provider's answer."""

from __future__ import annotations

import email.utils
import gzip
import json
import os
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import httpx
import zstandard

from tests.campaign.places import Route
from tests.campaign.wire import Handler, Instead, Moment, Reply

#: More than is taken for an answer.
_BOMB_BYTES = 80 << 20
_TRICKLED = 400


@dataclass(frozen=True, slots=True)
class HttpFault:
    """One class, or one form of it: the client is led astray (`route`), or the server answers something else (`reply`;
    `twists`: it is the true answer, twisted, so that only a call that was carried out can meet it). `hasty`: it is over
    when the client loses patience."""

    id: str
    reply: Reply | None = None
    route: Route | None = None
    twists: bool = False
    hasty: bool = False

    def meets(self, method: str, carried_out: bool) -> bool:
        """Whether such a call can meet it. A read may be carried out in any case: it changes nothing."""
        if self.route is not None:
            return not carried_out
        return carried_out or not self.twists or method == "GET"


@dataclass
class Trouble:
    """A fault at the call with this number, or from then on (`lasts`); `after`: once that call was carried out."""

    fault: HttpFault
    at: int
    lasts: bool = False
    after: bool = False
    changes: bool = False  #: only calls that change something meet it
    lists: bool = False  #: only reads of the list of batches meet it
    happened: int = field(default=0)

    def strikes(self, number: int) -> bool:
        return not self.happened if number == self.at and not self.lasts else self.lasts and number >= self.at

    def script(self, number: int, method: str, path: str, moment: Moment) -> None:
        """For the wire."""
        carried_out = self.after or self.fault.twists
        if (moment is (Moment.COMMITTED if carried_out else Moment.RECEIVED) and self.fault.reply is not None
                and self.strikes(number) and self.fault.meets(method, self.after)
                and not (self.changes and method == "GET")
                and not (self.lists and (method, path) != ("GET", "/batches"))):
            self.happened += 1
            raise Instead(self.fault.reply)

    def reroutes(self, number: int) -> Route | None:
        """For the client's transport."""
        if self.fault.route is None or not self.strikes(number):
            return None
        self.happened += 1
        return self.fault.route


def reset(handler: Handler) -> None:
    """RST instead of FIN: what was sent and not yet read is lost."""
    handler.wfile.flush()
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(handler.connection.detach())


def raw(data: bytes, *, then: Callable[[Handler], None] = lambda handler: None) -> Reply:
    def reply(handler: Handler, answer: httpx.Response | None) -> None:
        handler.wfile.write(data)
        handler.wfile.flush()
        then(handler)

    return reply


def said(status: int, body: bytes | Any = b"", **headers: str) -> Reply:
    """A whole answer; what is not bytes is sent as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {"content-type": "text/html" if content.startswith(b"<") else "application/json",
             "content-length": str(len(content)), "connection": "close",
             **{name.replace("_", "-"): value for name, value in headers.items()}}
    head = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    return raw(f"HTTP/1.1 {status} X\r\n{head}\r\n".encode() + content)


def refused(status: int) -> Reply:
    return said(status, {"error": {"message": "not today", "code": "no"}})


def _until_it_hangs_up(handler: Handler) -> None:
    handler.connection.settimeout(20)
    handler.connection.recv(1)


def _drip(handler: Handler, answer: httpx.Response | None) -> None:
    handler.wfile.write(b'HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n')
    for _ in range(_TRICKLED):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        handler.wire.pass_time(1.0)
        time.sleep(0.0003)


def _cross_host(status: int) -> Reply:
    def reply(handler: Handler, answer: httpx.Response | None) -> None:
        said(status, b"", location=f"{handler.wire.elsewhere}/v1{handler.path}")(handler, answer)

    return reply


@cache
def _bomb(coding: str) -> bytes:
    content = b'{"data": "' + b"0" * _BOMB_BYTES + b'"}'
    return gzip.compress(content) if coding == "gzip" else zstandard.compress(content, 1)


def _bombed(coding: str) -> Reply:
    return lambda handler, answer: said(200, _bomb(coding), content_encoding=coding)(handler, answer)


def _twisted(twist: Callable[[dict[str, Any]], Any]) -> Reply:
    """The true answer where it is JSON, changed; else as it is."""
    def reply(handler: Handler, answer: httpx.Response | None) -> None:
        assert answer is not None
        try:
            body: Any = twist(json.loads(answer.content))
        except ValueError:
            body = answer.content
        said(answer.status_code, body)(handler, answer)

    return reply


def _new_status(value: dict[str, Any]) -> dict[str, Any]:
    listed = value.get("data")
    if isinstance(listed, list):
        return {**value, "data": [_new_status(one) for one in listed]}
    return {**value, "status": "reticulating"} if "status" in value else value


def _without_ids(value: dict[str, Any]) -> dict[str, Any]:
    listed = value.get("data")
    if isinstance(listed, list):
        return {**value, "data": [_without_ids(one) for one in listed]}
    return {name: inner for name, inner in value.items() if name != "id"}


def _again(value: dict[str, Any]) -> dict[str, Any]:
    return {**value, "has_more": True, "paging": {"next_cursor": "again"}}


def _no_end(handler: Handler, answer: httpx.Response | None) -> None:
    said(200, {"object": "list", "data": [], "has_more": True, "paging": {"next_cursor": "again"}})(handler, answer)


def _date(seconds: float) -> str:
    return email.utils.formatdate(time.time() + seconds, usegmt=True)


_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
_HTML = b"<html><body>Sign in to the network</body></html>"

FAULTS = tuple(
    [HttpFault(route.value, route=route, hasty=route is Route.SILENT) for route in Route]
    + [
        HttpFault("reset before headers", raw(b"", then=reset)),
        HttpFault("reset mid-headers", raw(b"HTTP/1.1 200 OK\r\ncontent-ty", then=reset)),
        HttpFault("closed mid-headers", raw(b"HTTP/1.1 200 OK\r\ncontent-ty")),
        HttpFault("reset mid-body", raw(_HEAD + b'content-length: 90\r\n\r\n{"id": "ba', then=reset)),
        HttpFault("Content-Length longer than body", raw(_HEAD + b'content-length: 90\r\n\r\n{"id": "batch_9"}')),
        HttpFault("chunked without terminator", raw(_HEAD + b'transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n')),
        HttpFault("1 B/s drip", _drip),
        HttpFault("read timeout", raw(b"", then=_until_it_hangs_up), hasty=True),
    ]
    + [HttpFault(str(status), refused(status)) for status in (400, 401, 403, 404, 409, 413, 422)]
    + [HttpFault(f"429 {form}", lambda handler, answer, made=made: said(429, {"error": "slow down"}, **made())(
        handler, answer)) for form, made in {
            "seconds": lambda: {"retry_after": "2"}, "date": lambda: {"retry_after": _date(30)}, "absent": dict,
            "negative": lambda: {"retry_after": "-5"}, "10^9": lambda: {"retry_after": "1000000000"},
            "garbage": lambda: {"retry_after": "soon"}, "past": lambda: {"retry_after": _date(-9e5)},
            "milliseconds": lambda: {"retry_after_ms": "250"}}.items()]
    + [
        HttpFault("500", refused(500)), HttpFault("502 HTML", said(502, b"<html>bad gateway")),
        HttpFault("503", said(503, b"", retry_after="1")), HttpFault("504", said(504)),
        HttpFault("200 HTML (captive portal)", said(200, _HTML)), HttpFault("200 empty", said(200)),
        HttpFault("200 truncated JSON", said(200, b'{"object": "list", "data": [{"id": "batch_0001", "st')),
        HttpFault("200 wrong type", said(200, b'"ok"')), HttpFault("200 without an id", said(200, {"object": "batch"})),
        HttpFault("200 a number for an id", said(200, {"id": 7, "object": "batch", "status": "completed"})),
        HttpFault("200 with the ids left out", _twisted(_without_ids), twists=True),
        HttpFault("unknown enum", _twisted(_new_status), twists=True),
    ]
    + [HttpFault(f"cross-host {status}", _cross_host(status)) for status in (301, 302, 307, 308)]
    + [
        HttpFault("gzip bomb", _bombed("gzip")), HttpFault("zstd bomb", _bombed("zstd")),
        HttpFault("a cursor that repeats", _twisted(_again), twists=True),
        HttpFault("an empty page with a cursor", _no_end),
    ])
