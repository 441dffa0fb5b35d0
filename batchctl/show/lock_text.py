"""The lockfile for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace

from batchctl.recorded.codec import encode
from batchctl.recorded.records import BatchRecord, JobRecord, Recorded
from batchctl.show import figures
from batchctl.show.colour import PLAIN, Palette
from batchctl.show.safe import safe
from batchctl.show.tables import aligned


def lock_list(recorded: Sequence[Recorded]) -> str:
    """A line a job."""
    rows = [[safe(name), figures.batches(len(record.batches)),
             f"{sum(batch.is_settled for batch in record.batches):,} settled",
             f"{sum(batch.ok or 0 for batch in record.batches):,} answers", figures.count(len(record.sinks), "sink")]
            for one in recorded for name, record in one.jobs.items()]
    return "".join(line + "\n" for line in aligned(rows)) if rows else "Nothing is recorded.\n"


def lock_show(job: str, record: JobRecord, paint: Palette = PLAIN) -> str:
    """Every field that says something."""
    made = [paint("bold", safe(job))]
    for batch in record.batches:
        made.append(f"  {safe(batch.batch_id or 'unfinished create')}")
        made += [f"    {line}" for line in aligned(_facts(batch))]
    for path, sink in record.sinks.items():
        made += [f"  {safe(path)}", f"    {safe(sink.digest)}"]
    return "\n".join(made) + "\n"


def lock_json(recorded: Sequence[Recorded]) -> str:
    """A lockfile with the jobs of all (schemas/lock.v1.schema.json)."""
    jobs = {name: record for one in recorded for name, record in one.jobs.items()}
    return encode(replace(recorded[0], jobs=jobs) if recorded else Recorded()).decode()


def _facts(batch: BatchRecord) -> list[list[str]]:
    made = []
    for field in fields(batch):
        value = getattr(batch, field.name)
        if field.name in ("batch_id", "extra") or value is None or value is False:
            continue
        if field.name == "provider":
            value = value.name + (f" at {value.base_url}" if value.base_url else "")
        elif field.name.endswith("_at"):
            value = figures.moment(value)
        made.append([field.name, safe(value)])
    return made
