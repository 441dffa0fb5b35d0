"""The provider with a ledger, behind real HTTP: what happens around each call is told by a script."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from tests.faultlab.provider import FakeProvider


class Moment(StrEnum):
    """Where a call is: its request is here; it was carried out; its answer is out."""

    RECEIVED = "received, not carried out"
    COMMITTED = "carried out, not answered"
    REPLIED = "answered"


class Cut(Exception):
    """Raised by a script: the connection ends here, without an answer."""


#: Writes to a connection what takes the place of an answer; it gets the true one where the call was carried out.
Reply = Callable[["Handler", httpx.Response | None], None]


class Instead(Cut):
    """Raised by a script: this is answered, and then the connection ends."""

    def __init__(self, reply: Reply) -> None:
        super().__init__()
        self.reply = reply


#: Called with the number of the call (from 0, in order of arrival), its method and path, and the moment. May raise Cut.
Script = Callable[[int, str, str, Moment], None]


@dataclass
class Wire:
    """`ends_after`: so many reads of a batch, alone or in a list, until it has ended; 0 leaves batches alone.
    `elsewhere` is the URL of a host that nobody meant; `pass_time` lets seconds go by while an answer trickles."""

    provider: FakeProvider = field(default_factory=FakeProvider)
    script: Script | None = None
    ends_after: int = 2
    base_url: str = ""
    elsewhere: str = ""
    pass_time: Callable[[float], None] = time.sleep
    _reads: dict[str, int] = field(default_factory=dict)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def carry_out(self, request: httpx.Request) -> tuple[int, httpx.Response]:
        with self._turn:
            number = len(self.provider.calls)
            try:
                self.at(number, request.method, request.url.path, Moment.RECEIVED)
            except Cut:
                self.provider.calls.append((request.method, request.url.path.removeprefix("/v1")))
                raise
            if request.method == "GET":
                self._age()
            return number, self.provider.handle(request)

    def at(self, number: int, method: str, path: str, moment: Moment) -> None:
        if self.script is not None:
            self.script(number, method, path.removeprefix("/v1"), moment)

    def _age(self) -> None:
        if not self.ends_after:
            return
        for batch in self.provider.live():
            self._reads[batch.id] = self._reads.get(batch.id, 0) + 1
            if self._reads[batch.id] >= self.ends_after:
                # What is cancelled at once has answered nothing yet; what it costs where it has is in the README.
                self.provider.finish(batch, answered=0.0 if batch.status == "cancelling" else 1.0)

    @contextmanager
    def serve(self) -> Iterator[Wire]:
        """Answers on a free port of the loopback until the context ends."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Handler,), {"wire": self}))
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        self.base_url = f"http://127.0.0.1:{server.server_address[1]}/v1"
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # an answer in two packets waits 40 ms for the client's ACK of the first
    wire: Wire

    def _call(self) -> None:
        body = self._body()
        request = httpx.Request(self.command, f"http://{self.headers['host']}{self.path}",
                                headers=list(self.headers.items()), content=body)
        path, answer = request.url.path, None
        try:
            number, answer = self.wire.carry_out(request)
            self.wire.at(number, self.command, path, Moment.COMMITTED)
            self._answer(answer)
            self.wire.at(number, self.command, path, Moment.REPLIED)
        except Instead as instead:
            self.close_connection = True
            with suppress(OSError):
                instead.reply(self, answer)
        except (Cut, ConnectionError):
            self.close_connection = True

    do_GET = do_POST = do_DELETE = _call

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("transfer-encoding", ""):
            return self.rfile.read(int(self.headers.get("content-length", 0)))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _answer(self, answer: httpx.Response) -> None:
        # The standard library dates answers by the true time, and a test may know better.
        (self.send_response_only if "date" in answer.headers else self.send_response)(answer.status_code)
        for name, value in answer.headers.items():
            if name != "content-length":
                self.send_header(name, value)
        self.send_header("content-length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)
        self.wfile.flush()

    def log_message(self, *_: Any) -> None:
        """The ledger is the log."""
