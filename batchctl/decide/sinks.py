"""Which sinks are not what the results say, and which results a sink needs back in the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from batchctl.decide.finding import NOBODY
from batchctl.decide.known import Phase, SinkFile
from batchctl.decide.plan import Action, Kind, about
from batchctl.decide.standing import Standing
from batchctl.decide.wanted import SinkWish, Wanted
from batchctl.words.digest import text_digest
from batchctl.words.outcomes import Tally


def writes(wanted: Wanted, now: Standing, state: bytearray, tally: Tally, files: Mapping[str, SinkFile], *,
           complete: bool) -> list[Action]:
    """Sinks are written when nothing of their job is awaited, or at every pass where they are partial. One that was
    written before is never replaced by one that has lost answers."""
    actions = []
    for wish in wanted.sinks:
        if not complete and not wish.partial:
            continue
        file = files.get(wish.path, SinkFile())
        if wish.only_when_failed and not tally.unfinished and file.digest is None and file.on_disk is None:
            continue
        made_from = _made_from(wanted, now, state, wish)
        reason = _reason(file, made_from)
        if reason is None or (tally.lost and file.on_disk is not None):
            continue
        actions.append(Action(
            kind=Kind.WRITE, reason=reason, requests=tally.rows, sink=wish.path, made_from=made_from,
            change=reason != "refill",
        ))
    return actions


def refills(now: Standing, actions: Sequence[Action]) -> list[Action]:
    """Fetches what the sinks that are to be written need and the store has lost."""
    if not any(action.kind is Kind.WRITE for action in actions):
        return []
    fetched = {(action.record.provider, action.batch_id) for action in actions
               if action.kind is Kind.FETCH and action.record is not None}
    needed = set(now.answer) - {NOBODY}
    return [
        about(batch, Kind.FETCH, "refill", change=False)
        for place, batch in enumerate(now.batches)
        if place in needed and batch.phase is Phase.SETTLED and not batch.stored
        and (batch.record.provider, batch.record.batch_id) not in fetched
        and (batch.record.output_file_id or batch.record.error_file_id)
    ]


def _reason(file: SinkFile, made_from: str) -> str | None:
    if file.made_from == made_from:
        return None if file.on_disk == file.digest else "refill"
    if file.made_from is not None:
        return "results-changed"
    return "new" if file.on_disk is None else "not-recorded"


def _made_from(wanted: Wanted, now: Standing, state: bytearray, wish: SinkWish) -> str:
    """The digest of all that a sink's bytes follow from: rows, requests, answers, and the manifest's wishes."""
    batches = "\n".join(batch.record.batch_id or "" for batch in now.batches)
    return text_digest(
        wish.shape.encode(), wanted.inputs_digest.encode(), wanted.ids.blob, bytes(state), bytes(now.outcome),
        bytes(now.attempts), now.answer.tobytes(), batches.encode(),
    )
