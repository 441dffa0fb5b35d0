"""Plays scenarios on a server that cannot play them itself: shows its batches in another state, with other results."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.conformance.ledger import ENDED, Ledger, read_lines

Line = dict[str, Any]

#: What a batch's files hold: the lines of its output and of its error file.
Files = tuple[list[Line], list[Line]]

#: Fetches the content of a file from the server itself.
Fetch = Callable[[str], bytes]

_AT = tuple(f"{status}_at" for status in sorted(ENDED))


@dataclass(frozen=True)
class Ending:
    """How a batch is shown once the server has ended it. `files` makes its files of the true answers, which are in the
    order of the requests; `errors` is what the batch says of itself."""

    status: str
    files: Callable[[Sequence[Line]], Files]
    errors: Any = None


def nothing(answers: Sequence[Line]) -> Files:
    return [], []


def reordered(answers: Sequence[Line]) -> Files:
    return list(reversed(answers)), []


def twice(answers: Sequence[Line]) -> Files:
    return [line for answer in answers for line in (answer, answer)], []


def only(count: int, code: str | None = None) -> Callable[[Sequence[Line]], Files]:
    """The first `count` are answered; the rest fail with `code`, or are missing from both files."""

    def files(answers: Sequence[Line]) -> Files:
        rest = [] if code is None else [_without_answer(answer, code) for answer in answers[count:]]
        return list(answers[:count]), rest

    return files


def refused(count: int, status: int) -> Callable[[Sequence[Line]], Files]:
    """The last `count` are answered with an HTTP error."""

    def files(answers: Sequence[Line]) -> Files:
        kept = len(answers) - count
        return list(answers[:kept]), [_refused(answer, status) for answer in answers[kept:]]

    return files


@dataclass
class Stage:
    """`endings` are given by the number of the batch, in the order of creation from 0. While `hold` is set, every batch
    is shown with this status and without results."""

    ledger: Ledger
    endings: dict[int, Ending] = field(default_factory=dict)
    hold: str | None = None
    hides_metadata: bool = False
    _acts: dict[str, Files] = field(default_factory=dict)

    def shown(self, raw: dict[str, Any], fetch: Fetch) -> dict[str, Any]:
        """A batch object as the client gets to see it; one that it did not create stays as it is."""
        batch = self.ledger.batches.get(str(raw.get("id")))
        if batch is None:
            return raw
        made = dict(raw)
        if self.hides_metadata:
            made.pop("metadata", None)
        if self.hold is not None:
            made = _without_end(made) | {"status": self.hold}
        elif raw.get("status") in ENDED and batch.number in self.endings:
            made = self._ended(made, batch.number, fetch)
        self.ledger.shown(made)
        return made

    def content(self, file_id: str) -> bytes | None:
        """The content of a file that only the stage has."""
        batch_id, _, which = file_id.removeprefix("staged-").rpartition("-")
        files = self._acts.get(batch_id) if file_id.startswith("staged-") else None
        if files is None:
            return None
        return b"".join(json.dumps(line).encode() + b"\n" for line in files[which == "error"])

    def _ended(self, raw: dict[str, Any], number: int, fetch: Fetch) -> dict[str, Any]:
        ending, identity = self.endings[number], str(raw["id"])
        if identity not in self._acts:
            self._acts[identity] = ending.files(self._answers(raw, fetch))
        output, error = self._acts[identity]
        made = _without_end(raw) | {"status": ending.status, f"{ending.status}_at": _end_of(raw)}
        if output:
            made["output_file_id"] = f"staged-{identity}-output"
        if error:
            made["error_file_id"] = f"staged-{identity}-error"
        if ending.errors is not None:
            made["errors"] = ending.errors
        total = len(self.ledger.batches[identity].requests)
        done = len({line["custom_id"] for line in output})
        return made | {"request_counts": {"total": total, "completed": done, "failed": len(error)}}

    def _answers(self, raw: dict[str, Any], fetch: Fetch) -> list[Line]:
        """The server's own answers, in the order of the requests: what it does not answer is made up as a failure."""
        found = {}
        for name in ("error_file_id", "output_file_id"):
            if raw.get(name):
                found.update({line["custom_id"]: line for line in read_lines(fetch(raw[name]))})
        requests = self.ledger.batches[str(raw["id"])].requests
        return [found.get(custom_id) or {"custom_id": custom_id, "response": None} for custom_id in requests]


def _without_end(raw: dict[str, Any]) -> dict[str, Any]:
    """A batch object that tells nothing of how it ended; a server that leaves null fields out goes on doing so."""
    hidden = {*_AT, "output_file_id", "error_file_id"}
    if None in raw.values():
        return {name: None if name in hidden else value for name, value in raw.items()}
    return {name: value for name, value in raw.items() if name not in hidden}


def _end_of(raw: dict[str, Any]) -> int:
    return next((raw[name] for name in _AT if raw.get(name)), raw["created_at"])


def _without_answer(answer: Line, code: str) -> Line:
    return {**answer, "response": None, "error": {"code": code, "message": code}}


def _refused(answer: Line, status: int) -> Line:
    body = {"error": {"message": "refused", "type": "invalid_request_error", "code": "refused"}}
    return {**answer, "response": {"status_code": status, "request_id": "req_refused", "body": body}, "error": None}
