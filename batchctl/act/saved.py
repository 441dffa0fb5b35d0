"""Saved plans: what `plan --out` wrote is done exactly, or refused because something moved.

What is compared is what decides on creates, retries and cancels: the digest of what is asked, which batches the
lockfile has, and which tagged batches it lacks. That a batch went on, ended or was fetched moves nothing.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from batchctl.decide.finding import NOBODY
from batchctl.decide.plan import APPROVED, Action, JobPlan, Kind
from batchctl.desired.manifest.published import schema_path
from batchctl.desired.render.survey import Desired
from batchctl.recorded.records import JobRecord
from batchctl.words.diagnostics import Diagnostic
from batchctl.words.digest import shard_digest, text_digest
from batchctl.words.errors import AmbiguousRemote, InvalidInput, StalePlan
from batchctl.words.outcomes import Outcome

VERSION = 1
_MAX_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class SavedJob:
    """One job of a saved plan; `actions` are its creates, retries and cancels."""

    job: str
    digest: str
    lockfile_digest: str
    tagged: tuple[str, ...]
    actions: tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """A saved plan; its paths are absolute again. `whole_file` is False where only some jobs had been chosen."""

    manifests: tuple[Path, ...]
    lockfile: Path | None
    variables: Mapping[str, Any]
    whole_file: bool
    resend_lost: bool
    prune: bool
    jobs: Mapping[str, SavedJob]

    def check(self, job: str, plan: JobPlan, record: JobRecord, desired: Desired | None) -> None:
        """Raises StalePlan, saying what moved, or AmbiguousRemote where nobody can tell."""
        saved = self.jobs.get(job)
        if saved is None or not saved.actions:
            return
        if plan.blocked:
            raise AmbiguousRemote(f"nothing is created while the batches cannot be listed: {plan.blocked}")
        moved = list(_moved(saved, plan, record, desired))
        if moved:
            raise StalePlan(f'the saved plan for the job "{job}" is stale: {"; ".join(moved)}',
                            notes=("Nothing was changed. Make a new plan.",))

    def choose(self, plan: JobPlan) -> JobPlan:
        """The plan with exactly the saved creates, retries and cancels. Raises StalePlan when a request of theirs was
        taken care of in the meantime."""
        saved = self.jobs.get(plan.job)
        live = {action.batch_id: action for action in plan.of(Kind.CANCEL)}
        chosen: list[Action] = []
        for action in saved.actions if saved else ():
            if action.kind is Kind.CANCEL:
                # One that has ended by now needs no cancelling.
                chosen += [live[action.batch_id]] if action.batch_id in live else []
            elif all(_open(plan, at) for at in action.positions or ()):
                chosen.append(action)
            else:
                raise StalePlan(f'the saved plan for the job "{plan.job}" is stale: a batch that asks the same has '
                                "turned up", notes=("Make a new plan.",))
        return replace(plan, actions=(*without_approval(plan).actions, *chosen))


def without_approval(plan: JobPlan) -> JobPlan:
    """The plan without what needs approval."""
    return replace(plan, actions=tuple(action for action in plan.actions if action.kind not in APPROVED))


def lockfile_digest(record: JobRecord) -> str:
    """The digest of which batches a job has, and not of how they go."""
    # ASCII: an id that some server made up may hold anything, lone surrogates too.
    return text_digest(json.dumps([
        [batch.shard, batch.attempt, batch.requests, batch.origin, batch.batch_id, batch.superseded,
         batch.provider.name, batch.provider.base_url] for batch in record.batches]).encode())


def tagged(plan: JobPlan) -> tuple[str, ...]:
    """The batches with the job's tag that the lockfile lacks."""
    return tuple(sorted({*plan.foreign, *(action.batch_id or "" for action in plan.of(Kind.ADOPT))}))


def ranges(positions: Iterable[int]) -> list[list[int]]:
    """Ascending positions as [first, how many] pairs."""
    made: list[list[int]] = []
    for at in positions:
        if made and made[-1][0] + made[-1][1] == at:
            made[-1][1] += 1
        else:
            made.append([at, 1])
    return made


def read(path: Path) -> SavedPlan:
    """Raises InvalidInput for what is no saved plan that can be applied."""
    document = _document(path)
    if document["offline"]:
        raise _invalid(path, "was made with --offline, and so without a look at the provider",
                       "make it again without --offline")
    folder = path.absolute().parent
    lockfile = document["lockfile"]
    return SavedPlan(
        manifests=tuple(folder / name for name in document["manifests"]),
        lockfile=None if lockfile is None else folder / lockfile, variables=document["variables"],
        whole_file=document["whole_file"], resend_lost=document["resend_lost"], prune=document["prune"],
        jobs={raw["job"]: _job(raw) for raw in document["jobs"]})


def _document(path: Path) -> dict[str, Any]:
    # jsonschema takes a tenth of a second to import, which other applies need not wait for.
    from jsonschema import Draft7Validator
    from jsonschema.exceptions import best_match

    try:
        if path.stat().st_size > _MAX_BYTES:
            raise _invalid(path, "is too large for a saved plan", "name a file that `batchctl plan --out` wrote")
        document = json.loads(path.read_bytes())
    except OSError as error:
        raise _invalid(path, f"cannot be read: {error.strerror or error}", "check the path") from None
    except (ValueError, RecursionError):
        raise _invalid(path, "is not JSON", "name a file that `batchctl plan --out` wrote; manifests need -f") from None
    if isinstance(document, dict) and isinstance(document.get("version"), int) and document["version"] > VERSION:
        raise _invalid(path, f"has version {document['version']}", "use the batchctl that wrote it")
    schema = json.loads(schema_path("plan.v1.schema.json").read_bytes())
    wrong = best_match(Draft7Validator(schema).iter_errors(document))
    if wrong is not None:
        place = "/".join(str(step) for step in wrong.absolute_path) or "the top"
        raise _invalid(path, f"is no saved plan: {wrong.message[:200]} (at {place})", "make a new plan")
    made: dict[str, Any] = document
    return made


def _invalid(path: Path, what: str, advice: str) -> InvalidInput:
    return InvalidInput([Diagnostic("saved-plan", f"{path} {what}", notes=(advice,))])


def _job(raw: Mapping[str, Any]) -> SavedJob:
    return SavedJob(raw["job"], raw.get("digest", ""), raw["lockfile_digest"], tuple(raw["tagged"]), tuple(
        _action(action) for action in raw.get("actions", ()) if action["kind"] in APPROVED))


def _action(raw: Mapping[str, Any]) -> Action:
    positions = array("I")
    for first, many in raw.get("ranges", ()):
        positions.extend(range(first, first + many))
    return Action(
        kind=Kind(raw["kind"]), reason=raw["reason"], requests=raw.get("requests", 0), shard=raw.get("shard"),
        attempt=raw.get("attempt"), batch_id=raw.get("batch_id"), bytes=raw.get("bytes", 0),
        tokens=raw.get("tokens", 0), positions=positions)


def _moved(saved: SavedJob, plan: JobPlan, record: JobRecord, desired: Desired | None) -> Iterator[str]:
    if plan.digest != saved.digest or any(not _same(action, desired) for action in saved.actions):
        yield "the requests are not those that were planned"
    if lockfile_digest(record) != saved.lockfile_digest:
        yield "the lockfile's entry has other batches"
    if tagged(plan) != saved.tagged:
        yield "the provider has other batches with this job's tag"


def _same(action: Action, desired: Desired | None) -> bool:
    """Whether the positions name the requests that they named then."""
    if action.kind is Kind.CANCEL:
        return True
    positions = action.positions or array("I")
    if desired is None or (positions and max(positions) >= len(desired.ids)):
        return False
    return shard_digest([desired.ids.pick(positions).blob]) == action.shard


def _open(plan: JobPlan, at: int) -> bool:
    now = plan.standing
    return now.outcome[at] != Outcome.OK and now.holder[at] == NOBODY and not now.pending[at]
