"""Compares what the lockfile says of batches with what the store has of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from batchctl.act.lines import NotALine, parse
from batchctl.recorded.answers import ERROR_FILE, OUTPUT_FILE, outcomes_digest
from batchctl.recorded.records import GONE, BatchRecord, Recorded
from batchctl.recorded.store import Store, StoredResults
from batchctl.words.outcomes import Outcome


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found about one batch. `state` is one of schemas/verify.v1.schema.json; `help` says what to do about it,
    and is empty where there is nothing to do."""

    job: str
    batch: str
    state: str
    detail: str
    help: str = ""


_REPAIR = "`batchctl lock verify --repair`"
_HELP = {
    "unfinished": f"the next `batchctl apply`, or {_REPAIR}, finds out what became of it",
    "gone": "`batchctl apply --resend-lost` sends again what is lost of it, and pays again",
    "missing": f"the next `batchctl apply` fetches it again if it is needed, and {_REPAIR} in any case",
    "corrupt": f"{_REPAIR} fetches it again",
    "corrupt-ids": f"{_REPAIR} sets it aside; it can be told from the inputs, or from the provider",
}


def verify(recorded: Recorded, store: Store) -> Iterator[Verified]:
    """One finding a batch, and one more where the ids of its requests are damaged."""
    for job, record in recorded.jobs.items():
        for batch in record.batches:
            state, detail = _state(store, batch)
            yield Verified(job, named(batch), state, detail, _HELP.get(state, ""))
            if store.damaged_ids(batch.shard) is not None:
                yield Verified(job, named(batch), "corrupt-ids", "the list of its requests in the store is damaged",
                               _HELP["corrupt-ids"])


def named(batch: BatchRecord) -> str:
    """How a batch, or a create that did not finish, is named."""
    return batch.batch_id or f"intent of {batch.shard[:12]}"


def verified(store: Store, batch: BatchRecord) -> bool:
    """Whether all that a batch answered is in the store, as it was when it was fetched. Reads it through."""
    stored = store.results(batch)
    return _state(store, batch)[0] == "ok" and (stored is None or _is_what_was_recorded(store, batch, stored))


def _state(store: Store, batch: BatchRecord) -> tuple[str, str]:
    if batch.is_intent:
        return "unfinished", "a create that did not finish"
    if not batch.is_settled:
        return "open", "has not ended, or is not fetched yet"
    if batch.results == GONE:
        return "gone", "its files were gone before they could be fetched"
    if not (batch.output_file_id or batch.error_file_id):
        return "ok", "it made no files"
    stored = store.results(batch)
    if stored is None:
        there = store.results_folder(batch).exists()
        return ("corrupt", "files are cut short or unreadable") if there else ("missing", "not in the store")
    problem = _unreadable(stored) or _other(store, batch, stored)
    answers = "answer" if len(stored.index) == 1 else "answers"
    return ("corrupt", problem) if problem else ("ok", f"{len(stored.index):,} {answers}")


def _unreadable(stored: StoredResults) -> str:
    """The first answer whose line is not where the index says, or nothing."""
    for file in (OUTPUT_FILE, ERROR_FILE):
        answers = sorted((answer for answer in stored.index if answer.file == file), key=lambda answer: answer.offset)
        if not answers:
            continue
        with open(stored.path(file), "rb") as lines:
            for answer in answers:
                lines.seek(answer.offset)
                try:
                    parsed = parse(lines.read(answer.length))
                except NotALine:
                    return f"{stored.path(file).name} has no result at byte {answer.offset:,}"
                # Whether an answer is what a schema asks for is no matter of its line alone.
                outcome = Outcome.OK if answer.outcome is Outcome.INVALID_OUTPUT else answer.outcome
                if parsed.id != answer.id or parsed.outcome != outcome:
                    return f"{stored.path(file).name} has another result at byte {answer.offset:,}"
    return ""


def _other(store: Store, batch: BatchRecord, stored: StoredResults) -> str:
    if _is_what_was_recorded(store, batch, stored):
        return ""
    if store.ids(batch.shard) is None and _answered(stored) == batch.ok:
        # The digest is over the shard's requests in their order, and nobody here knows that any more.
        return ""
    return "the results are not those that the lockfile recorded"


def _answered(stored: StoredResults) -> int:
    return sum(answer.outcome is Outcome.OK for answer in stored.index)


def _is_what_was_recorded(store: Store, batch: BatchRecord, stored: StoredResults) -> bool:
    ids, answered = store.ids(batch.shard), stored.index.ids()
    # A batch that was fetched while nobody could tell what it holds was judged by its answers alone.
    return any(outcomes_digest(known, stored.index.outcomes(known, Outcome.MISSING)) == batch.results
               for known in (ids, answered) if known is not None)
