"""A provider in memory, over real httpx requests, with a ledger of all that it ever accepted.

The ledger is what judges: what batchctl says of itself proves nothing.
"""

from __future__ import annotations

import email.parser
import email.policy
import json
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from batchctl.words.digest import id_of

#: One call after the other, though files come several at once.
_TURN = threading.Lock()
LIVE = ("validating", "in_progress", "finalizing", "cancelling")


class Killed(BaseException):
    """The client process died here. Not an Exception: nothing may handle it."""


@dataclass
class Batch:
    id: str
    file: str
    created_at: int
    metadata: dict[str, str]
    requests: list[str]
    status: str = "validating"
    output: str | None = None
    errors_file: str | None = None
    errors: list[dict[str, Any]] = field(default_factory=list)
    succeeded: set[str] = field(default_factory=set)
    hidden_for: int = 0

    def shown(self) -> dict[str, Any]:
        ended = {f"{self.status}_at": self.created_at + 60} if self.status not in LIVE else {}
        return {
            "id": self.id, "object": "batch", "endpoint": "/v1/chat/completions", "input_file_id": self.file,
            "completion_window": "24h", "status": self.status, "created_at": self.created_at,
            "output_file_id": self.output, "error_file_id": self.errors_file, "metadata": self.metadata or None,
            "errors": {"object": "list", "data": self.errors} if self.errors else None,
            "request_counts": {"total": len(self.requests), "completed": len(self.succeeded), "failed": 0}, **ended,
        }


#: Called around each call with its number, method, path, and whether it was carried out already; may raise.
Fault = Callable[[int, str, str, bool], None]


@dataclass
class FakeProvider:
    """Speaks Files and Batches. `lag` hides a new batch from so many reads of the list."""

    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    uploaded_at: dict[str, int] = field(default_factory=dict)
    made_files: int = 0
    #: What the ids of its batches begin with.
    prefix: str = "batch_"
    batches: dict[str, Batch] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)
    clock: int = 1_700_000_000
    lag: int = 0
    fault: Fault | None = None
    shows_metadata: bool = True
    #: How many batches a page of the list has; 0 for all.
    page: int = 0
    #: The code and status with which the n-th create (from 1) is refused.
    refuse: dict[int, tuple[str, int]] = field(default_factory=dict)
    creates: int = 0

    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self.handle)

    def handle(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/v1")
        with _TURN:
            number = len(self.calls)
            self.calls.append((request.method, path))
        if self.fault is not None:
            self.fault(number, request.method, path, False)
        with _TURN:
            answer = self._carry_out(request, path)
        if self.fault is not None:
            self.fault(number, request.method, path, True)
        return answer

    def _carry_out(self, request: httpx.Request, path: str) -> httpx.Response:
        match request.method, *path.strip("/").split("/"):
            case "POST", "files":
                return self._upload(request)
            case "GET", "files":
                return _json({"object": "list", "has_more": False, "data": [self._file(one) for one in self.files]})
            case "GET", "files", identity:
                return _json(self._file(identity)) if identity in self.files else _missing()
            case "DELETE", "files", identity:
                return _json({"id": identity, "deleted": True}) if self.files.pop(identity, None) else _missing()
            case "GET", "files", identity, "content":
                found = self.files.get(identity)
                return httpx.Response(200, content=found[1]) if found else _missing()
            case "POST", "batches":
                return self._create(json.loads(request.content))
            case "GET", "batches":
                return self._list(request.url.params.get("after"))
            case "GET", "batches", identity:
                return _json(self._shown(self.batches[identity])) if identity in self.batches else _missing()
            case "POST", "batches", identity, "cancel":
                return self._cancel(identity)
        return _missing()

    def _upload(self, request: httpx.Request) -> httpx.Response:
        head = f"content-type: {request.headers['content-type']}\r\n\r\n".encode()
        message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + request.read())
        part = next(part for part in message.iter_parts() if part.get_filename())
        identity = self._new_file_id()
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        self.files[identity] = (part.get_filename() or "", content)
        self.uploaded_at[identity] = self.clock
        return _json(self._file(identity))

    def _file(self, identity: str) -> dict[str, Any]:
        name, content = self.files[identity]
        return {"id": identity, "object": "file", "filename": name, "bytes": len(content), "purpose": "batch",
                "created_at": self.uploaded_at.get(identity)}

    def _create(self, body: dict[str, Any]) -> httpx.Response:
        self.creates += 1
        if self.creates in self.refuse:
            code, status = self.refuse[self.creates]
            return httpx.Response(status, json={"error": {"message": "refused", "code": code}})
        if body["input_file_id"] not in self.files:
            return httpx.Response(400, json={"error": {"message": f"Cannot find file {body['input_file_id']}"}})
        lines = self.files[body["input_file_id"]][1].splitlines()
        self.clock += 1
        batch = Batch(
            id=f"{self.prefix}{len(self.batches) + 1:04d}", file=body["input_file_id"], created_at=self.clock,
            metadata=body.get("metadata") or {}, requests=[json.loads(line)["custom_id"] for line in lines],
            hidden_for=self.lag)
        self.batches[batch.id] = batch
        return _json(self._shown(batch))

    def _list(self, after: str | None) -> httpx.Response:
        shown = []
        for batch in sorted(self.batches.values(), key=lambda one: one.created_at, reverse=True):
            if batch.hidden_for > 0:
                batch.hidden_for -= 1
                continue
            shown.append(self._shown(batch))
        if after is not None:
            shown = shown[1 + [batch["id"] for batch in shown].index(after):]
        page = shown[:self.page] if self.page else shown
        return _json({"object": "list", "data": page, "has_more": len(page) < len(shown)})

    def _shown(self, batch: Batch) -> dict[str, Any]:
        return {**batch.shown(), **({} if self.shows_metadata else {"metadata": None})}

    def _cancel(self, identity: str) -> httpx.Response:
        if identity not in self.batches:
            return _missing()
        batch = self.batches[identity]
        if batch.status not in LIVE:
            return httpx.Response(400, json={"error": {"message": f"Cannot cancel a batch that is {batch.status}"}})
        batch.status = "cancelling"
        return _json(self._shown(batch))

    # What happens to batches, told by tests.

    def live(self) -> list[Batch]:
        return [batch for batch in self.batches.values() if batch.status in LIVE]

    def finish(self, batch: Batch, *, status: str = "completed", fail: Callable[[int], int | None] = lambda at: None,
               answered: float = 1.0, say: Callable[[str], str] = lambda custom: f"answer to {custom}",
               useless: Callable[[str], bool] = lambda custom: False) -> None:
        """Ends a batch. `fail` gives the HTTP status of the request at a place, None for success; the share `answered`
        of the requests has an answer (the rest expired, was cancelled, or is missing). `say` gives the text for a
        custom_id; where it is `useless`, being asked again is no second payment for the same."""
        if batch.status == "cancelling":
            status = "cancelled"
        count = int(len(batch.requests) * answered)
        good, bad = [], []
        for at, custom in enumerate(batch.requests[:count]):
            code = fail(at)
            (good if code is None else bad).append(_line(custom, code, say(custom)))
            if code is None and not useless(custom):
                batch.succeeded.add(custom)
        rest = {"expired": "batch_expired", "cancelled": "batch_cancelled"}.get(status)
        if rest:
            bad += [json.dumps({"custom_id": custom, "response": None, "error": {"code": rest, "message": rest}})
                    for custom in batch.requests[count:]]
        batch.output = self._put(f"{batch.id}_output", good)
        batch.errors_file = self._put(f"{batch.id}_error", bad)
        batch.status = status

    def reject(self, batch: Batch, code: str) -> None:
        """Fails a batch as a whole, as validation and quotas do."""
        batch.status = "failed"
        batch.errors = [{"code": code, "message": code, "line": None, "param": None}]

    def _put(self, name: str, lines: list[str]) -> str | None:
        if not lines:
            return None
        identity = self._new_file_id()
        self.files[identity] = (name + ".jsonl", ("\n".join(lines) + "\n").encode())
        return identity

    def _new_file_id(self) -> str:
        self.made_files += 1
        return f"file-{self.made_files}"

    # The ledger's judgement.

    def paid(self) -> Counter[bytes]:
        """How often each request is live or has succeeded. More than once breaks G1."""
        counts: Counter[bytes] = Counter()
        for batch in self.batches.values():
            held = batch.requests if batch.status in LIVE and batch.status != "cancelling" else batch.succeeded
            for custom in held:
                identity = id_of(custom)
                assert identity is not None, custom
                counts[identity] += 1
        return counts

    def writes(self) -> list[tuple[str, str]]:
        return [call for call in self.calls if call[0] != "GET"]


def _line(custom: str, code: int | None, text: str) -> str:
    if code is None:
        body = {"choices": [{"message": {"role": "assistant", "content": text}}],
                "usage": {"total_tokens": 3}}
        return json.dumps({"id": "r", "custom_id": custom, "response": {"status_code": 200, "body": body},
                           "error": None})
    body = {"error": {"message": f"failed with {code}"}}
    return json.dumps({"id": "r", "custom_id": custom, "response": {"status_code": code, "body": body}, "error": None})


def _json(value: Any) -> httpx.Response:
    return httpx.Response(200, json=value)


def _missing() -> httpx.Response:
    return httpx.Response(404, json={"error": {"message": "not found"}})


