"""Fetches what an ended batch answered: both files, whatever its status, verified before they count.

The order of writes, and what it keeps true after a crash at any point:

1. A file is downloaded to a `.part` beside its place, and gets its name once all of it has come and is on the disk: a
   file that has its name is whole.
2. All files are read through: each line a result, some of them ours, as many as the batch counts. What is not is
   removed, and asked for again.
3. The index over them is written, and the folder gets its final name in one step: results that have their name were
   verified, and never change.
4. Only then does the caller record the batch's end: what the lockfile calls settled is in the store. A crash between
   (3) and (4) costs a download, and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from batchctl.act.lines import NotALine, parse
from batchctl.act.verdict import UNJUDGED, Judging
from batchctl.recorded import durable
from batchctl.recorded.answers import ERROR_FILE, OUTPUT_FILE, Answer, AnswerIndex, outcomes_digest
from batchctl.recorded.records import GONE, BatchRecord
from batchctl.recorded.store import Receiving, Store, StoredResults
from batchctl.remote.download import Received, download, unheard
from batchctl.remote.provider import Provider
from batchctl.words.dialects import DAY_S, parse_window
from batchctl.words.errors import Refusal, RemoteError, Unavailable
from batchctl.words.ids import IdIndex, IdList
from batchctl.words.outcomes import Outcome
from batchctl.words.remote import Counts, RemoteBatch
from batchctl.words.usage import Meter

#: How long after a batch's end its files may still be incomplete, in seconds.
_LAG_S = 3600.0
_BUFFER = 1 << 20
_CODE = re.compile(r"[\w.:-]{1,64}")


class ResultsInvalid(RemoteError):
    """A result file that is not what a batch answers; it is never taken for results."""

    code = "results-invalid"


def fetch(provider: Provider, store: Store, record: BatchRecord, remote: RemoteBatch | None, ids: IdList | None, *,
          now: float, received: Received = unheard, judging: Judging = UNJUDGED) -> BatchRecord:
    """Brings a batch's results into the store, and returns its record with its end in it.

    `remote` None stands for a batch that its server no longer has; `now` is Unix time; `received` is told how far each
    of its files is. Raises RemoteError or StateError, with nothing taken and nothing lost.
    """
    if remote is None:
        return replace(record, status=record.status or "deleted", results=GONE, ok=0)
    output_id = remote.output_file_id or record.output_file_id
    error_id = remote.error_file_id or record.error_file_id
    ended = replace(
        record, status=remote.status, ended_at=remote.ended_at, output_file_id=output_id, error_file_id=error_id,
        error_code=_error_code(remote, provider.dialect.capacity_codes), answer_schema=judging.schema,
    )
    index, gone, meter = AnswerIndex(), False, Meter()
    files = [(file, file_id) for file, file_id in ((OUTPUT_FILE, output_id), (ERROR_FILE, error_id)) if file_id]
    if files:
        with store.receiving(ended) as receiving:
            # What an earlier run has here may be what there was before all of it was.
            old = any(receiving.path(file).exists() for file in (OUTPUT_FILE, ERROR_FILE))
            here = [_download(provider, receiving, file, file_id, received) for file, file_id in files]
            gone = not all(here)
            if gone:
                _check_answering(provider, remote)
            try:
                index = AnswerIndex.best(_answers(receiving, ids, meter, judging))
                _check_ours(receiving, index)
                if not gone:
                    _check_all_here(remote, record, index, old or _may_lag(remote, now))
                    _check_sizes(provider, receiving, files, _answered(remote, record) > len(index))
            except ResultsInvalid:
                receiving.drop()
                raise
            if any(here):
                receiving.keep(index)
    else:
        _check_all_here(remote, record, index, _may_lag(remote, now))
    return _settled(ended, index, ids, gone).with_usage(record.usage or meter.total or remote.usage)


def judge_again(store: Store, record: BatchRecord, ids: IdList | None, judging: Judging) -> BatchRecord | None:
    """The record of a batch whose results are in the store, with its answers checked against another schema than when
    they were fetched; None where they are not there as a whole. Raises StateError or ResultsInvalid."""
    stored = store.results(record)
    if stored is None:
        return None
    index = AnswerIndex.best(_answers(stored, ids, Meter(), judging))
    store.reindex(stored, index)
    return _settled(replace(record, answer_schema=judging.schema), index, ids, record.results == GONE)


def otherwise(record: BatchRecord, capacity_codes: frozenset[str]) -> Outcome:
    """What a request of an ended batch got that no line answers."""
    if record.results == GONE:
        return Outcome.LOST
    if record.status == "failed":
        return Outcome.UNSENT if record.error_code in capacity_codes else Outcome.REJECTED
    return {"expired": Outcome.EXPIRED, "cancelled": Outcome.CANCELLED}.get(record.status or "", Outcome.MISSING)


def _settled(record: BatchRecord, index: AnswerIndex, ids: IdList | None, gone: bool) -> BatchRecord:
    known = index.ids() if ids is None else ids
    outcomes = index.outcomes(known, otherwise=Outcome.MISSING)
    return replace(record, ok=outcomes.count(Outcome.OK), results=GONE if gone else outcomes_digest(known, outcomes))


def _error_code(remote: RemoteBatch, capacity_codes: frozenset[str]) -> str | None:
    """Why a batch failed as a whole. Only the code is recorded: a message may quote what the rows say. Where a provider
    has one text for both (Cerebras), the codes for want of capacity are looked for in it."""
    if remote.status != "failed":
        return None
    codes = [error.code for error in remote.errors if error.code and _CODE.fullmatch(error.code)]
    texts = [error.message for error in remote.errors if error.code is None]
    codes += [code for code in sorted(capacity_codes) if any(code in text for text in texts)]
    return next(iter(codes), "unknown")


def _told(counts: Counts) -> int:
    """How many answers a provider counts. Some count a failed request as completed too: then `total` says how many
    there can be."""
    return min(counts.completed + counts.failed, max(counts.total, counts.completed))


def _check_all_here(remote: RemoteBatch, record: BatchRecord, index: AnswerIndex, may_lag: bool) -> None:
    """A provider's files may lag behind its batch, and one of them may be there before the other: settled too early,
    requests that were answered would count as missing, and be paid for again. Raises ResultsInvalid."""
    counts = remote.counts if remote.counts is not None else Counts()
    completed = index.count(OUTPUT_FILE)
    if counts.completed > completed and _answered(remote, record) > len(index) and may_lag:
        raise ResultsInvalid(f"{remote.id} reports {counts.completed} completed and {counts.failed} failed requests, "
                             f"and its files answer {len(index)} so far; they are asked for again at the next run")


def _answered(remote: RemoteBatch, record: BatchRecord) -> int:
    """How many answers there should be, as far as anybody says: never more than what was asked."""
    told = record.requests if remote.counts is None else _told(remote.counts)
    return min(told, record.requests or told)


def _check_sizes(provider: Provider, receiving: Receiving, files: Sequence[tuple[int, str]], lacks: bool) -> None:
    """An empty or shortened answer can look like a whole file. Where answers are lacking, the provider's own figure for
    its files tells, however long ago the batch ended. Raises ResultsInvalid."""
    for file, file_id in files if lacks else ():
        size, there = receiving.path(file).stat().st_size, _size_of(provider, file_id)
        if there is not None and size < there:
            raise ResultsInvalid(f"{size} bytes of {file_id} came, and {provider.where.name} has {there} of it; "
                                 "it is asked for again at the next run")


def _size_of(provider: Provider, file_id: str) -> int | None:
    try:
        return provider.file(file_id).bytes
    except Refusal:
        return None


def _check_answering(provider: Provider, remote: RemoteBatch) -> None:
    """A server that answers 404 to everything for a while has not lost its files: what it is believed is asked of one
    that still shows the batch. Raises Unavailable."""
    try:
        provider.batch(remote.id)
    except Refusal as refusal:
        raise Unavailable(f"the files of {remote.id} are not shown, nor is the batch: {refusal.message}") from refusal


def _may_lag(remote: RemoteBatch, now: float) -> bool:
    """Whether its files may still be incomplete. Past an hour its counts are no longer believed."""
    ended_at = _ended_by(remote)
    return ended_at is not None and now - ended_at < _LAG_S


def _ended_by(remote: RemoteBatch) -> int | None:
    """When a batch has surely ended: some servers leave out the time, and then it is the end of its window."""
    if remote.ended_at is not None or remote.created_at is None:
        return remote.ended_at
    return remote.created_at + (parse_window(remote.completion_window or "") or DAY_S)


def _download(provider: Provider, receiving: Receiving, file: int, file_id: str, received: Received) -> bool:
    """False when the provider no longer has the file."""
    if receiving.path(file).exists():
        return True
    try:
        download(provider.http, file_id, receiving.part(file), received)
        durable.move_file(receiving.part(file), receiving.path(file))
    except Refusal as refusal:
        if refusal.status != 404 or _exists(provider, file_id):
            raise
        return False
    return True


def _exists(provider: Provider, file_id: str) -> bool:
    try:
        provider.file(file_id)
    except Refusal as refusal:
        return refusal.status != 404
    return True


def _answers(files: Receiving | StoredResults, ids: IdList | None, meter: Meter, judging: Judging
             ) -> Iterator[Answer]:
    """What every line answers, all of which was paid for. Lines of others are passed over: counted, they would stand in
    for answers that are not here."""
    asked = None if ids is None else IdIndex(ids)
    for file in (OUTPUT_FILE, ERROR_FILE):
        for answer in _lines(files.path(file), file, meter, judging):
            if asked is None or answer.id in asked:
                yield answer


def _check_ours(receiving: Receiving, index: AnswerIndex) -> None:
    """An output file that answers nothing of what was asked is some other file: taken, it would make every request
    look unanswered, and be paid for again. Raises ResultsInvalid."""
    output = receiving.path(OUTPUT_FILE)
    if not output.exists() or output.stat().st_size == 0:
        return
    if not any(answer.file == OUTPUT_FILE for answer in index):
        raise ResultsInvalid(f"{output.name} answers none of the batch's requests; the file was not taken, "
                             "and is asked for again at the next run")


def _lines(path: Path, file: int, meter: Meter, judging: Judging) -> Iterator[Answer]:
    if not path.exists():
        return
    # Not mapped into memory: that would count every page that was read.
    with open(path, "rb", buffering=_BUFFER) as lines:
        offset = 0
        for number, line in enumerate(lines, start=1):
            if not line.isspace():
                try:
                    parsed = parse(line)
                except NotALine as error:
                    raise ResultsInvalid(
                        f"line {number} of {path.name} is not a result ({error}); the file was not taken, "
                        "and is asked for again at the next run") from None
                if isinstance(parsed.body, dict):
                    meter.add(parsed.body.get("usage"))
                if parsed.id is not None:
                    yield Answer(parsed.id, judging.outcome(parsed), file, offset, len(line))
            offset += len(line)
