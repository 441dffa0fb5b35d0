"""Changes a lockfile step by step, as an apply does. Arguments: the file, how many batches, how many steps."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from batchctl.recorded.lockfile import Lockfile
from batchctl.recorded.records import BatchRecord, JobRecord
from batchctl.words.remote import Coordinates

path, batches, steps = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
where = Coordinates("openai", "openai", api_key_env="OPENAI_API_KEY")
lockfile = Lockfile(path, path.name)
if not lockfile.recorded.jobs:
    lockfile.set_job("labelling", JobRecord(tuple(BatchRecord(
        shard=f"{number:064x}", attempt=1, requests=500, provider=where, input_file_id=f"file-{number:032x}",
        batch_id=f"batch_{number:032x}", created_at=1_800_000_000 + number, ended_at=1_800_003_600 + number,
        status="completed", output_file_id=f"file-out-{number:032x}", ok=500, results=f"sha256:{number:064x}",
        revision=1) for number in range(batches))))
for _ in range(steps):
    last = lockfile.job("labelling").batches[-1]
    lockfile.change("labelling", last, replace(last, ended_at=(last.ended_at or 0) + 1))
