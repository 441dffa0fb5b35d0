"""What a provider was asked for and what became of it, written down by somebody who is neither it nor batchctl."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

ENDED = frozenset({"completed", "failed", "expired", "cancelled"})

_CUSTOM_ID = re.compile(rb'"custom_id":\s*"([^"]+)"')


@dataclass(frozen=True)
class Call:
    """One call to the provider. `path` is below the API's prefix; `status` is None where the answer was cut off, and
    `at_s` a monotonic time."""

    at_s: float
    method: str
    path: str
    status: int | None


@dataclass
class Batch:
    """A batch that was created, and how it was last shown to the client."""

    id: str
    number: int
    input_file_id: str
    requests: tuple[str, ...]
    status: str = "created"
    output_file_id: str | None = None

    @property
    def ended(self) -> bool:
        return self.status in ENDED


@dataclass
class Ledger:
    """Filled by the proxy; read by the judges. Batches are in the order of their creation; `pages` has how many of them
    each page of a list showed."""

    calls: list[Call] = field(default_factory=list)
    uploads: dict[str, tuple[str, ...]] = field(default_factory=dict)
    batches: dict[str, Batch] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)
    pages: list[int] = field(default_factory=list)

    def uploaded(self, file_id: str, form: bytes) -> None:
        self.uploads[file_id] = tuple(found.decode() for found in _CUSTOM_ID.findall(form))

    def created(self, batch_id: str, input_file_id: str) -> None:
        requests = self.uploads.get(input_file_id, ())
        self.batches[batch_id] = Batch(batch_id, len(self.batches), input_file_id, requests)

    def shown(self, batch: dict[str, Any]) -> None:
        """A batch object as the client sees it."""
        entry = self.batches.get(str(batch.get("id")))
        if entry is not None:
            entry.status = str(batch.get("status"))
            entry.output_file_id = batch.get("output_file_id") or None

    def made(self, method: str, path: str) -> list[Call]:
        """The calls of one kind, in order."""
        return [call for call in self.calls if (call.method, call.path) == (method, path)]

    def all_batches(self) -> list[Batch]:
        return list(self.batches.values())

    def paid(self) -> Counter[str]:
        """How often each request is live or has succeeded: more than once breaks G1."""
        counts: Counter[str] = Counter()
        for batch in self.batches.values():
            counts.update(self.succeeded(batch) if batch.ended else batch.requests)
        return counts

    def succeeded(self, batch: Batch) -> set[str]:
        """The requests that the batch's output file answers."""
        content = self.contents.get(batch.output_file_id or "", b"")
        return {line["custom_id"] for line in read_lines(content) if (line.get("response") or {}).get("body")}


def read_lines(content: bytes) -> list[dict[str, Any]]:
    """The records of a JSONL file."""
    return [json.loads(line) for line in content.splitlines() if line.strip()]
