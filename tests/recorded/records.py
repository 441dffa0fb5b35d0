"""Records for tests, by hand and by chance."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from batchctl.recorded.records import BatchRecord, JobRecord, Recorded, SinkRecord
from batchctl.words.remote import Coordinates

HERE = Coordinates("openai", "openai", "https://api.example/v1", "OPENAI_API_KEY")
SHARD = "ab" * 32


def batch(batch_id: str | None = "batch_1", **more: Any) -> BatchRecord:
    return BatchRecord(**{"shard": SHARD, "attempt": 1, "requests": 3, "provider": HERE, "batch_id": batch_id, **more})


def settled(at: int) -> BatchRecord:
    return batch(f"batch_{at}", shard=f"{at:064x}", input_file_id=f"file-{at}", created_at=1_700_000_000 + at,
                 ended_at=1_700_000_100 + at, status="completed", output_file_id=f"file-out-{at}", ok=3,
                 results="sha256:" + "0" * 64)


#: About 2 kB of lockfile.
SAMPLE = Recorded({
    "reviews": JobRecord((settled(1), settled(2), batch(None, input_file_id="file-3")),
                         {"out/labels.csv": SinkRecord("sha256:" + "1" * 64, "sha256:" + "2" * 64)}),
    "zürich": JobRecord((batch("batch_9", origin="adopted", superseded=True),)),
})

_text = st.text(max_size=12)
_maybe = st.none() | _text
_number = st.none() | st.integers(0, 2**53)
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters(), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_text, inner, max_size=3), max_leaves=5)


def _extra(*taken: Any) -> st.SearchStrategy[dict[str, Any]]:
    names = {name for kind in taken for name in kind.__slots__} | {"//", "version", "digest_version", "jobs"}
    return st.dictionaries(_text.filter(lambda name: name not in names), _json, max_size=2)


_urls = st.none() | _text.map("https://h{}/v1".format)
_coordinates = st.builds(Coordinates, _text, _text, _urls, _maybe, _maybe, _maybe, _maybe)
_batches = st.builds(
    BatchRecord, shard=st.binary(min_size=32, max_size=32).map(bytes.hex), attempt=st.integers(1, 300),
    requests=st.integers(0, 50_000), provider=_coordinates, origin=st.sampled_from(["created", "adopted", "imported"]),
    input_file_id=_maybe, batch_id=_maybe, created_at=_number, ended_at=_number, status=_maybe, error_code=_maybe,
    output_file_id=_maybe, error_file_id=_maybe, ok=_number, results=_maybe, superseded=st.booleans(),
    revision=_number, model=_maybe, input_tokens=_number, output_tokens=_number, cached_tokens=_number,
    reasoning_tokens=_number, extra=_extra(BatchRecord))
_sinks = st.builds(SinkRecord, _text, _text, extra=_extra(SinkRecord))
_jobs = st.builds(JobRecord, st.lists(_batches, max_size=3).map(tuple), st.dictionaries(_text, _sinks, max_size=2),
                  extra=_extra(JobRecord))

#: Any lockfile at all, with fields that this version does not know at every level.
LOCKFILES = st.builds(Recorded, st.dictionaries(_text, _jobs, max_size=3), extra=_extra(Recorded))
