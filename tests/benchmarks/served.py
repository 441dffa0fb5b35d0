"""A batch on batchctl's server, from its start to its end. Arguments: a file of requests, then options of `serve`."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

from tests.benchmarks import servers


def main(requests: Path, *options: str) -> None:
    """Ends once the batch is complete, and the server has ended: what it cost counts."""
    port = servers.free_port()
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as data:
        server = subprocess.Popen(servers.echo(port, Path(data), *options), stderr=subprocess.DEVNULL)
        try:
            _run(f"http://127.0.0.1:{port}/v1", requests)
        finally:
            server.terminate()
            server.wait()


def _run(base: str, requests: Path) -> None:
    transport = httpx.HTTPTransport(retries=20)
    with httpx.Client(base_url=base, transport=transport, timeout=60, headers={"authorization": "Bearer x"}) as client:
        with open(requests, "rb") as file:
            uploaded = client.post("/files", data={"purpose": "batch"}, files={"file": file}).json()
        batch = client.post("/batches", json={"input_file_id": uploaded["id"], "endpoint": "/v1/chat/completions",
                                              "completion_window": "24h"}).json()
        while batch["status"] != "completed":
            time.sleep(0.2)
            batch = client.get(f"/batches/{batch['id']}").json()
            if batch["status"] in ("failed", "expired"):
                raise RuntimeError(str(batch))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
