"""The lockfile for people, and what a verification of it found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace

from batchctl.act.verifying import Verified
from batchctl.recorded.codec import encode
from batchctl.recorded.records import BatchRecord, JobRecord, Recorded
from batchctl.show import figures
from batchctl.show.colour import PLAIN, Palette
from batchctl.show.plan_json import dumped
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


def verify_text(found: Sequence[Verified], paint: Palette = PLAIN) -> str:
    styles = {"ok": "green", "open": "dim", "gone": "yellow", "missing": "yellow", "corrupt": "bold red"}
    rows = aligned([[finding.state, safe(finding.job), safe(finding.batch), safe(finding.detail)]
                    for finding in found]) if found else ["Nothing is recorded."]
    made = [paint(styles[finding.state], row) for finding, row in zip(found, rows, strict=False)] or rows
    bad = sum(finding.state == "corrupt" for finding in found)
    if bad:
        made.append(f"{figures.batches(bad)} corrupt. Remove the folder of its results in .batchctl/results, "
                    "and `batchctl apply` fetches them again.")
    return "\n".join(made) + "\n"


def verify_json(found: Sequence[Verified]) -> str:
    return dumped({"version": 1, "batches": [
        {"job": finding.job, "batch": finding.batch, "state": finding.state, "detail": finding.detail}
        for finding in found]})


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
