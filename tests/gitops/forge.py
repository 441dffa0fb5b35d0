"""The comments of GitHub and the notes of GitLab over real HTTP, in pages, with a ledger of every call."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

#: What a page has at most, whatever is asked for.
PAGE = 30

_ROUTES = (
    re.compile(r"/repos/owner/jobs/issues/(?:(?P<number>\d+)/comments|comments/(?P<id>\d+))"),
    re.compile(r"/projects/5/merge_requests/(?P<number>\d+)/notes(?:/(?P<id>\d+))?"),
)


@dataclass
class Forge:
    """`me` is who the token belongs to; None where the token may not ask. `answers` are given instead of the next ones:
    a status, and whether the call is carried out before."""

    me: dict[str, Any] | None = None
    comments: list[dict[str, Any]] = field(default_factory=list)
    calls: list[tuple[str, str]] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    answers: list[tuple[str, int, bool]] = field(default_factory=list)
    url: str = ""

    def add(self, author: dict[str, Any], body: str) -> dict[str, Any]:
        made = {"id": 1000 + len(self.comments), "body": body, "user": author, "author": author}
        self.comments.append(made)
        return made

    @property
    def writes(self) -> list[str]:
        return [method for method, _ in self.calls if method != "GET"]

    def handle(self, method: str, target: str, body: Any) -> tuple[int, Any, str]:
        """Status, answer, Link header."""
        parts = urlsplit(target)
        self.calls.append((method, parts.path))
        if self.answers and self.answers[0][0] == method:
            _, status, carried_out = self.answers.pop(0)
            if carried_out:
                self._carry_out(method, parts.path, parse_qs(parts.query), body)
            return status, {"message": "no"}, ""
        return self._carry_out(method, parts.path, parse_qs(parts.query), body)

    def _carry_out(self, method: str, path: str, query: dict[str, list[str]], body: Any) -> tuple[int, Any, str]:
        if path == "/user":
            return (200, self.me, "") if self.me else (403, {"message": "Resource not accessible by integration"}, "")
        route = next((found for one in _ROUTES if (found := one.fullmatch(path))), None)
        if route is None:
            return 404, {"message": "Not Found"}, ""
        if route["id"] is None and method == "GET":
            return self._page(int(query["page"][0]), min(PAGE, int(query["per_page"][0])))
        if route["id"] is None and method == "POST":
            return 201, self.add(self.me or BOT, body["body"]), ""
        found = next(one for one in self.comments if one["id"] == int(route["id"]))
        found["body"] = body["body"]
        return 200, found, ""

    def _page(self, page: int, size: int) -> tuple[int, Any, str]:
        shown = self.comments[(page - 1) * size: page * size]
        more = len(self.comments) > page * size
        return 200, shown, '<http://elsewhere.test/stolen>; rel="next"' if more else ""


BOT = {"id": 41898282, "login": "github-actions[bot]", "type": "Bot"}


@contextmanager
def serving(forge: Forge) -> Iterator[Forge]:
    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            forge.tokens.add(self.headers.get("Authorization") or self.headers.get("PRIVATE-TOKEN") or "")
            length = int(self.headers.get("Content-Length") or 0)
            status, answer, link = forge.handle(self.command, self.path, json.loads(self.rfile.read(length) or "null"))
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            if link:
                self.send_header("Link", link)
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = answer

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    forge.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield forge
    finally:
        server.shutdown()
        server.server_close()
