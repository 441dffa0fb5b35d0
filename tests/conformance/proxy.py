"""A recording, fault-injecting reverse proxy on loopback, in front of any server that speaks Files and Batches."""

from __future__ import annotations

import http.client
import json
import re
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.conformance.ledger import Call, Ledger
from tests.conformance.stage import Stage

_HOP_BY_HOP = frozenset({
    "connection", "keep-alive", "transfer-encoding", "content-length", "host", "date", "server", "content-encoding",
    "accept-encoding",
})


@dataclass
class Fault:
    """What happens to the next `times` calls that match, instead of the true answer. `carried_out`: the server gets the
    call all the same. `status` None cuts the connection; `half` sends half of the true body, and then cuts it; `adds`
    are headers with which the server is asked to play the fault itself."""

    method: str
    path: str
    times: int = 1
    carried_out: bool = False
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    half: bool = False
    adds: dict[str, str] = field(default_factory=dict)

    def takes(self, method: str, path: str) -> bool:
        if self.times < 1 or method != self.method or re.fullmatch(self.path, path) is None:
            return False
        self.times -= 1
        return True


@dataclass(frozen=True)
class Answer:
    """A whole answer, as it goes back to the client."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def json(self) -> Any:
        """What it says in JSON, None for anything else."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def saying(self, value: Any) -> Answer:
        return Answer(self.status, self.headers, json.dumps(value).encode())


class Proxy:
    """Stands at `base_url`, and hands on to `origin` what comes below `prefix`. `page` makes the server's pages of
    batches so small, where it lets a client say so."""

    def __init__(self, origin: str, prefix: str) -> None:
        self.prefix = prefix
        self.ledger = Ledger()
        self.stage = Stage(self.ledger)
        self.faults: list[Fault] = []
        self.page: int | None = None
        self.seen_headers: list[dict[str, str]] = []
        self.watch: Callable[[str, str], None] = lambda method, path: None
        self._origin = urlsplit(origin)
        self._credentials: dict[str, str] = {}
        self._lock = threading.Lock()
        self._server = _Listener(self)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}{self.prefix}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def look(self) -> None:
        """Brings the ledger up to date: how each batch stands, and what its files hold, as a client would see them."""
        for batch in self.ledger.all_batches():
            self._passed("GET", f"/batches/{batch.id}", "", {}, b"")
            if batch.output_file_id:
                self._passed("GET", f"/files/{batch.output_file_id}/content", "", {}, b"")

    def ask(self, method: str, path: str, body: bytes = b"", kind: str = "application/json") -> bytes:
        """A call that neither batchctl nor the ledger knows of, with batchctl's credentials."""
        return self._upstream(method, path, "", {"content-type": kind} if body else {}, body).body

    def handle(self, method: str, target: str, headers: dict[str, str], body: bytes) -> tuple[Answer | None, bool]:
        """The answer to a client's call, None to cut the connection, and whether only half of it is sent."""
        split = urlsplit(target)
        path = split.path.removeprefix(self.prefix)
        at_s = time.monotonic()
        with self._lock:
            fault = next((fault for fault in self.faults if fault.takes(method, path)), None)
            self._credentials = {name: value for name, value in headers.items()
                                 if name.lower() == "authorization" or name.lower().startswith("x-")}
            self.seen_headers.append(headers)
        answer: Answer | None = None
        half = fault is not None and fault.half
        honest = fault is None or half or bool(fault.adds)
        if honest or (fault is not None and fault.carried_out):
            answer = self._tried(method, path, split.query, {**headers, **(fault.adds if fault else {})}, body)
        if fault is not None and not honest:
            answer = None if fault.status is None else _told(fault)
        status = None if answer is None or half else answer.status
        self.ledger.calls.append(Call(at_s, method, path, status))
        return answer, half

    def _tried(self, method: str, path: str, query: str, headers: dict[str, str], body: bytes) -> Answer | None:
        """The server's answer; None where it cut the connection."""
        try:
            answer = self._passed(method, path, query, headers, body)
        except (OSError, http.client.HTTPException):
            return None
        if answer.status < 300:
            self.watch(method, path)
        return answer

    def _passed(self, method: str, path: str, query: str, headers: dict[str, str], body: bytes) -> Answer:
        """The server's answer, written down, and as the stage shows it."""
        found = re.fullmatch(r"/files/([^/]+)(/content)?", path)
        staged = self.stage.content(found[1]) if found else None
        if found and staged is not None:
            answer = Answer(200, [("content-type", "application/octet-stream")], staged)
            if not found[2]:
                answer = answer.saying({"id": found[1], "object": "file", "bytes": len(staged)})
        else:
            answer = self._upstream(method, path, self._paged(path, query), headers, body)
        if found and found[2] and answer.status == 200:
            self.ledger.contents[found[1]] = answer.body
        if answer.status >= 300:
            return answer
        value = answer.json()
        with self._lock:
            self._note(method, path, body, value)
        return self._staged(path, answer, value)

    def _note(self, method: str, path: str, body: bytes, value: Any) -> None:
        if method == "POST" and isinstance(value, dict) and value.get("id"):
            if path == "/files":
                self.ledger.uploaded(value["id"], body)
            elif path == "/batches":
                self.ledger.created(value["id"], json.loads(body)["input_file_id"])

    def _staged(self, path: str, answer: Answer, value: Any) -> Answer:
        if not path.startswith("/batches") or not isinstance(value, dict):
            return answer
        if isinstance(value.get("data"), list):
            shown = [self.stage.shown(one, self._fetch) for one in value["data"]]
            self.ledger.pages.append(sum(one.get("id") in self.ledger.batches for one in shown))
            return answer.saying({**value, "data": shown})
        return answer.saying(self.stage.shown(value, self._fetch))

    def _fetch(self, file_id: str) -> bytes:
        return self._upstream("GET", f"/files/{file_id}/content", "", {}, b"").body

    def _paged(self, path: str, query: str) -> str:
        if path != "/batches" or self.page is None:
            return query
        pairs = [pair for pair in parse_qsl(query) if pair[0] != "limit"]
        return urlencode([*pairs, ("limit", str(self.page))])

    def _upstream(self, method: str, path: str, query: str, headers: dict[str, str], body: bytes) -> Answer:
        kept = {name: value for name, value in {**self._credentials, **headers}.items()
                if name.lower() not in _HOP_BY_HOP}
        connection = http.client.HTTPConnection(self._origin.hostname or "", self._origin.port, timeout=30)
        try:
            connection.request(method, self.prefix + path + ("?" + query if query else ""), body or None, kept)
            got = connection.getresponse()
            passed = [(name, value) for name, value in got.getheaders() if name.lower() not in _HOP_BY_HOP]
            return Answer(got.status, passed, got.read())
        finally:
            connection.close()


class _Listener(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, proxy: Proxy) -> None:
        self.proxy = proxy
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, *_: Any) -> None:
        """A client that goes away, or is cut off, is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Listener
    disable_nagle_algorithm = True

    def _do(self) -> None:
        body = self._body()
        answer, half = self.server.proxy.handle(self.command, self.path, dict(self.headers.items()), body)
        if answer is None:
            self._cut()
            return
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body[: len(answer.body) // 2] if half else answer.body)
        if half:
            self.wfile.flush()
            self._cut()

    do_GET = do_POST = do_DELETE = _do  # the names that the base class calls

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _cut(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_: Any) -> None:
        """Nothing on stderr: the ledger has it."""


def _told(fault: Fault) -> Answer:
    body = {"error": {"message": "injected", "type": "injected", "code": None}} if fault.body is None else fault.body
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"content-type": "application/json", **fault.headers}
    return Answer(fault.status or 500, list(headers.items()), content)
