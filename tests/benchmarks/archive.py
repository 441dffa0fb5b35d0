"""A provider whose batches are all there, ended or live: `apply` adopts them. Arguments: port, folder.

The folder has `batches.json`, a list of batch objects, and a file for each output file id. `python -m` it to serve.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import socketserver
import sys
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson

from batchctl.words.digest import shard_digest
from batchctl.words.remote import Tag

_ENDED_AT = 1_800_000_000


def answer_all(shards: list[Path], job: str, folder: Path, *, live: bool = False) -> None:
    """Makes the answers to these files of requests, each file's in arbitrary order, and the batches of them, which have
    not ended yet where they are `live`."""
    folder.mkdir(parents=True, exist_ok=True)
    chance, batches = random.Random(7), []
    for number, shard in enumerate(shards):
        custom_ids = [orjson.loads(line)["custom_id"] for line in shard.open("rb")]
        digest = shard_digest([bytes.fromhex("".join(custom_id[-20:] for custom_id in custom_ids))])
        count = len(custom_ids)
        chance.shuffle(custom_ids)
        with open(folder / f"file-{number}", "wb") as file:
            file.writelines(_answer(custom_id, at) for at, custom_id in enumerate(custom_ids))
        end = {"status": "in_progress"} if live else {
            "status": "completed", "output_file_id": f"file-{number}", "completed_at": _ENDED_AT + number}
        batches.append({
            "id": f"batch_{number}", "object": "batch", "endpoint": "/v1/chat/completions", "completion_window": "24h",
            "input_file_id": f"file-in-{number}", "created_at": _ENDED_AT - 3600 + number, **end,
            "request_counts": {"total": count, "completed": count, "failed": 0},
            "metadata": Tag(job, digest, 1).as_metadata(),
        })
    (folder / "batches.json").write_text(json.dumps(batches))


def _answer(custom_id: str, at: int) -> bytes:
    """One line of about 600 bytes."""
    said = ("positive", "negative", "mixed", "parcel")[at % 4] + " because of what it says about the lid" * (at % 5)
    message = {"role": "assistant", "content": said, "refusal": None}
    body = {"id": f"chatcmpl-{at:032x}", "object": "chat.completion", "created": _ENDED_AT, "model": "gpt-5.4-nano",
            "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 250, "completion_tokens": 8, "total_tokens": 258}, "system_fingerprint": "fp_1"}
    return orjson.dumps({"id": f"batch_req_{at:032x}", "custom_id": custom_id, "error": None, "response": {
        "status_code": 200, "request_id": f"req_{at:032x}", "body": body}}) + b"\n"


@cache
def _batches(folder: Path) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = json.loads((folder / "batches.json").read_text())
    return made[::-1]


class _Archive(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    folder: Path

    def do_GET(self) -> None:
        parts = self.path.partition("?")[0].strip("/").split("/")[1:]
        if parts[0] == "files" and parts[-1] == "content":
            with open(self.folder / parts[1], "rb") as file:
                self._head("application/octet-stream", os.fstat(file.fileno()).st_size)
                shutil.copyfileobj(file, self.wfile, 1 << 20)
            return
        found = self._page() if parts == ["batches"] else {"object": "list", "data": [], "has_more": False}
        if len(parts) == 2 and parts[0] == "batches":
            found = next(batch for batch in _batches(self.folder) if batch["id"] == parts[1])
        data = json.dumps(found).encode()
        self._head("application/json", len(data))
        self.wfile.write(data)

    def _page(self) -> dict[str, Any]:
        """Newest first, from the one after `after`, `limit` of them."""
        asked = dict(parse_qsl(urlsplit(self.path).query))
        batches = _batches(self.folder)
        start = 1 + next((at for at, batch in enumerate(batches) if batch["id"] == asked.get("after")), -1)
        end = start + int(asked.get("limit", 20))
        return {"object": "list", "data": batches[start:end], "has_more": end < len(batches)}

    def _head(self, kind: str, length: int) -> None:
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(length))
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


if __name__ == "__main__":
    _Archive.folder = Path(sys.argv[2])
    socketserver.TCPServer.allow_reuse_address = True
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), _Archive).serve_forever()
