"""The sinks of a job, the one for failures included that is implied where none takes them."""

from __future__ import annotations

from dataclasses import replace

from batchctl.desired.job import Job, Sink


def effective_sinks(job: Job) -> tuple[Sink, ...]:
    """The sinks as declared, then `<first sink>.failed.jsonl` where none of them takes failures."""
    if not job.sinks or any(sink.records in ("failed", "all") for sink in job.sinks):
        return job.sinks
    return (*job.sinks, failures_beside(job.sinks[0]))


def failures_beside(sink: Sink) -> Sink:
    """Where the failures of a job go that declares no place for them."""
    name = sink.path + ".failed.jsonl"
    return replace(sink, path=name, target=sink.target.with_name(sink.target.name + ".failed.jsonl"), format="jsonl",
                   fields=None, records="failed", partial=False)
