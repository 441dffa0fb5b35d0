"""Mends what a comparison of lockfile, store and provider has found, where that cannot lose anything.

What is damaged is replaced only once its replacement is here and verified, and is set aside, not deleted. Nothing is
sent, and nothing cancelled.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from batchctl.act import fetch, intents
from batchctl.act.comparing import compare
from batchctl.act.desk import Desk
from batchctl.act.jobrun import JobRun
from batchctl.act.verdict import judging_of
from batchctl.act.verifying import Verified, named
from batchctl.decide.plan import JobPlan, Kind
from batchctl.recorded.records import GONE, BatchRecord
from batchctl.words.errors import BatchctlError, Refusal, StateError
from batchctl.words.events import Step
from batchctl.words.ids import IdList

#: What is done about each state that can be mended, in the order in which it is done.
MENDS = {
    "unfinished": "ask the provider what became of it: record its batch, or drop it once the list was silent",
    "unrecorded": "record it as adopted",
    "corrupt-ids": "set the damaged list aside",
    "missing": "fetch its results again",
    "corrupt": "fetch its results again, and set the damaged ones aside",
}


@dataclass(frozen=True, slots=True)
class Repair:
    """What came of one finding; `done` says what was done, or why nothing could be."""

    finding: Verified
    mended: bool
    done: str


def repair(desk: Desk, approve: Callable[[Sequence[Verified]], bool],
           ) -> tuple[list[Verified], list[Repair] | None, list[BatchctlError]]:
    """What was found, what came of it (None where the user said no), and what kept a provider from being asked. Under
    the run lock that the caller holds."""
    found, failures = compare(desk)
    order = list(MENDS)
    todo = sorted((one for one in found if one.state in MENDS), key=lambda one: order.index(one.state))
    if todo and not approve(todo):
        return found, None, failures
    return found, [_repaired(desk, finding) for finding in todo], failures


def _repaired(desk: Desk, finding: Verified) -> Repair:
    try:
        done = _STEPS[finding.state](desk, finding)
    except BatchctlError as failure:
        return Repair(finding, False, "; ".join((failure.message, *failure.notes)))
    desk.emit(Step(finding.job, "repair", f"{finding.batch}: {done}"))
    return Repair(finding, True, done)


def _ask(desk: Desk, finding: Verified) -> str:
    """An unfinished create. Raises AmbiguousRemote while nobody can tell."""
    before = next((one for one in desk.record(finding.job).batches if named(one) == finding.batch), None)
    if before is None:
        return "it was found out about with another one"
    intents.resolve(desk, finding.job)
    known = next((one for one in desk.record(finding.job).batches if one.batch_id is not None
                  and (one.shard, one.attempt) == (before.shard, before.attempt)), None)
    if known is not None:
        return f"it is {known.batch_id}"
    return "no batch came of it, and it is dropped; the next `batchctl apply` sends what is wanted of it"


def _adopt(desk: Desk, finding: Verified) -> str:
    if finding.batch in {batch.batch_id for batch in desk.record(finding.job).batches}:
        return "it answers an unfinished create, and is recorded"
    action = next((one for one in _plan(desk, finding.job).of(Kind.ADOPT) if one.batch_id == finding.batch), None)
    if action is None or action.record is None:
        raise StateError("the provider does not show it any more")
    desk.book().add(finding.job, action.record)
    return "adopted"


def _set_aside(desk: Desk, finding: Verified) -> str:
    path = desk.store.damaged_ids(_record(desk, finding).shard)
    return "another batch has the same list" if path is None else f"set aside as {desk.store.set_aside(path).name}"


def _fetch(desk: Desk, finding: Verified) -> str:
    record = _record(desk, finding)
    provider = desk.provider(record.provider, finding.job)
    try:
        remote = provider.batch(record.batch_id or "")
        if record.is_another(remote):
            raise StateError("another batch has this id by now")
        # One that is gone would be recorded as lost, and what the damaged files still have would not count any more.
        for file_id in (record.output_file_id, record.error_file_id):
            if file_id is not None:
                provider.file(file_id)
    except Refusal as refusal:
        if refusal.status != 404:
            raise
        raise StateError("its provider no longer has it; nothing was changed", notes=(
            f"what can be read of it is in {desk.store.results_folder(record)}",
            "a new `revision` in the manifest, or `batchctl apply --resend-lost` for what is lost, pays again",
        )) from None
    ids = next((one.ids for one in _plan(desk, finding.job).standing.batches if one.record == record), None)
    job = desk.jobs.get(finding.job)
    judging = judging_of(job, desk.surveys[job.name].ids if job is not None else IdList(b""), record, ids)
    ended = fetch.fetch(provider, desk.store, record, remote, ids, now=provider.http.now_there(desk.now()),
                        judging=judging)
    if ended.results != GONE and (ended.results, ended.answer_schema) != (record.results, record.answer_schema):
        desk.book().change(finding.job, record, ended)
    return f"fetched again, {ended.ok or 0:,} of {ended.requests:,} ok"


def _record(desk: Desk, finding: Verified) -> BatchRecord:
    found = next((one for one in desk.record(finding.job).batches if named(one) == finding.batch), None)
    if found is None:
        raise StateError("it is not recorded any more")
    return found


def _plan(desk: Desk, job: str) -> JobPlan:
    return JobRun(desk, job, desk.jobs.get(job)).plan()


_STEPS: dict[str, Callable[[Desk, Verified], str]] = {
    "unfinished": _ask, "unrecorded": _adopt, "corrupt-ids": _set_aside, "missing": _fetch, "corrupt": _fetch}
