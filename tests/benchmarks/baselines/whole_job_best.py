"""A whole job as one writes it by hand, the best pipeline and no state. Arguments: base URL, CSV, folder."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import httpx

from tests.benchmarks.baselines import join_best, plan_best
from tests.benchmarks.baselines.labelling import ENDPOINT


def main(base: str, rows: str, folder: Path) -> None:
    """Leaves `answers.csv` in the folder."""
    plan_best.main(Path(rows), folder)
    with httpx.Client(base_url=base, timeout=600, headers={"authorization": "Bearer none"}) as client:
        batches = [create(client, shard) for shard in sorted(folder.glob("*.jsonl"))]
        for number, batch in enumerate(batches):
            while (found := client.get(f"/batches/{batch}").json())["status"] != "completed":
                time.sleep(0.5)
            with client.stream("GET", f"/files/{found['output_file_id']}/content") as content, open(
                    folder / f"result-{number}", "wb") as file:
                for block in content.iter_bytes():
                    file.write(block)
    join_best.main("csv", rows, str(folder / "answers.csv"), [str(path) for path in folder.glob("result-*")])


def create(client: httpx.Client, shard: Path) -> str:
    """Uploads a shard, and makes a batch of it."""
    with open(shard, "rb") as file:
        uploaded = client.post("/files", data={"purpose": "batch"}, files={"file": file}).json()
    made: str = client.post("/batches", json={
        "input_file_id": uploaded["id"], "endpoint": ENDPOINT, "completion_window": "24h"}).json()["id"]
    return made


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
