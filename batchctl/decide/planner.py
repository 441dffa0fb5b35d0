"""The planner: desired requests x lockfile x store x what the provider shows -> a plan. Pure and total."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from batchctl.decide import costs, cuts, sinks
from batchctl.decide.finding import NOBODY
from batchctl.decide.known import Candidate, KnownBatch, Phase, SinkFile, unreachable
from batchctl.decide.plan import Action, Held, JobPlan, Kind, about
from batchctl.decide.standing import Standing, answers_count, is_unchecked, standing
from batchctl.decide.wanted import Wanted
from batchctl.words.ids import IdIndex
from batchctl.words.outcomes import STATE_OF, Outcome, State, Tally
from batchctl.words.remote import Coordinates

#: The outcome of a request that none has answered.
_NONE = 0

#: States of rows that failed for good.
_AT_AN_END = frozenset({State.FAILED, State.EXPIRED, State.CANCELLED})


@dataclass(frozen=True, slots=True)
class Situation:
    """All that is known around one job when it is planned. `blocked` says why nothing may be created;
    `enqueued_elsewhere` are the prompt tokens of other jobs in the same queue."""

    known: tuple[KnownBatch, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    sinks: Mapping[str, SinkFile] = field(default_factory=dict)
    blocked: str = ""
    enqueued_elsewhere: int = 0
    resend_lost: bool = False
    declared: bool = True
    prune: bool = False


def plan_job(wanted: Wanted, situation: Situation) -> JobPlan:
    """The plan for one job. `declared` False stands for a job that only the lockfile knows."""
    adopted, foreign = _adoptable(wanted, situation)
    now = standing(wanted, [
        *situation.known, *(candidate.adopted(*_made_for(candidate, situation, wanted)) for candidate in adopted)])
    sends = _to_send(wanted, now, situation)
    sending, held, held_positions = _creates(wanted, now, sends, situation)
    state = _states(wanted, now, sends, held_positions)
    expected = costs.estimate(wanted, now)
    tally = _tally(wanted, state)
    adoptions = [_adoption(candidate, situation, wanted) for candidate in adopted]
    actions = [*adoptions, *_watches(wanted, now, adopted), *_cancels(now, wanted, situation), *sending]
    complete = tally.waiting == 0 and not actions_pending(actions)
    actions += sinks.writes(wanted, now, state, tally, situation.sinks, complete=complete)
    actions += sinks.refills(now, actions)
    if not situation.declared:
        actions += _forgets(now)
    return JobPlan(
        job=wanted.job, requests=len(wanted.ids), tally=tally, actions=tuple(actions), held=held, foreign=foreign,
        blocked=situation.blocked if sending else "", max_requests=wanted.max_requests,
        max_cost=wanted.max_cost, notes=_notes(now, tally), digest=wanted.digest, standing=now, state=state,
        estimate=expected, spent=costs.spent(wanted, now, expected), unanswered=_unanswered(wanted, now, state),
        window=wanted.window, took_s=costs.took_s(now.batches),
    )


def actions_pending(actions: Sequence[Action]) -> bool:
    """Whether some action may still change what the sinks will say."""
    return any(action.kind in (Kind.ADOPT, Kind.CREATE, Kind.RETRY, Kind.FETCH) for action in actions)


def _to_send(wanted: Wanted, now: Standing, situation: Situation) -> dict[int, Sequence[int]]:
    """Positions to be sent, by the attempt that they are at."""
    if now.fog_live or (now.fog_lost and not situation.resend_lost) or not len(wanted.ids):
        return {}
    if not now.batches:
        return {1: range(len(wanted.ids))}
    again = _again(wanted)
    sends: dict[int, array[int]] = {}
    for at in now.positions(_NONE, *again, *([Outcome.LOST] if situation.resend_lost else [])):
        attempts = now.attempts[at]
        if now.holder[at] != NOBODY or now.pending[at]:
            continue
        if now.outcome[at] not in again or attempts < wanted.retry.max_attempts:
            sends.setdefault(attempts + 1, array("I")).append(at)
    return dict(sends)


def _again(wanted: Wanted) -> frozenset[Outcome]:
    """The outcomes after which a request is sent again while it has attempts left."""
    reasons = frozenset(wanted.retry.reasons)
    return frozenset(outcome for outcome in Outcome if outcome.reason in reasons or outcome is Outcome.UNSENT)


def _creates(wanted: Wanted, now: Standing, sends: Mapping[int, Sequence[int]], situation: Situation,
             ) -> tuple[list[Action], tuple[Held, ...], set[int]]:
    """The batches to make, and what is held back from them."""
    actions: list[Action] = []
    held: Counter[str] = Counter()
    held_positions: set[int] = set()
    room, full = _token_room(wanted, now, situation), _full(now, situation)
    for attempt, positions in _groups(wanted, sends):
        if full:
            turned_away = {at for at in positions if now.outcome[at] == Outcome.UNSENT and now.answer[at] in full}
            held["capacity"] += len(turned_away)
            held_positions |= turned_away
            positions = [at for at in positions if at not in turned_away]
        for run in cuts.cut(wanted, positions):
            tokens = wanted.tokens(run)
            reason = ""
            if len(run) < wanted.bounds.min_requests:
                reason = "below-minimum"
            elif room is not None and tokens > room:
                reason = "enqueued-tokens"
            if reason:
                held[reason] += len(run)
                held_positions.update(run)
                continue
            if room is not None:
                room -= tokens
            actions.append(_create(wanted, now, run, attempt, tokens, situation))
    return actions, tuple(Held(reason, count) for reason, count in sorted(held.items()) if count), held_positions


def _full(now: Standing, situation: Situation) -> frozenset[int]:
    """The batches (by their place) that were turned away for want of room, and since when none has come: of those that
    filled the provider's queue then some still run, and none has ended. Asked again, it would refuse again. While the
    provider cannot be asked, what ran there runs as far as anybody can tell."""
    runs = (Phase.LIVE, Phase.UNREACHABLE) if situation.blocked else (Phase.LIVE,)
    running: dict[Coordinates, tuple[int, int, str]] = {}
    freed: dict[Coordinates, float] = {}
    for batch in now.batches:
        where = batch.record.provider
        if batch.phase in runs:
            running.setdefault(where, batch.age)
        elif batch.phase in (Phase.ENDED, Phase.SETTLED) and not batch.turned_away:
            freed[where] = max(freed.get(where, 0.0), batch.ended_at)
    return frozenset(
        place for place, away in enumerate(now.batches)
        if away.phase is Phase.SETTLED and away.turned_away and away.record.provider in running
        and running[away.record.provider] < away.age and away.record.created_at is not None
        and freed.get(away.record.provider, -1.0) < away.record.created_at)


def _groups(wanted: Wanted, sends: Mapping[int, Sequence[int]]) -> list[tuple[int, Sequence[int]]]:
    """What is sent together: requests at the same attempt, or all of them where some group alone would be too small."""
    fewest = wanted.bounds.min_requests
    if any(len(positions) < fewest for positions in sends.values()) and len(sends) > 1:
        return [(max(sends), sorted(at for positions in sends.values() for at in positions))]
    return sorted(sends.items())


def _create(wanted: Wanted, now: Standing, run: array[int], attempt: int, tokens: int, situation: Situation) -> Action:
    outcomes = sorted(Outcome(outcome).reason for outcome in set(map(now.outcome.__getitem__, run)) - {_NONE})
    shard = cuts.digest_of(wanted, run)
    if outcomes == [Outcome.UNSENT.reason]:
        reason = "capacity"
    elif outcomes:
        reason = "+".join(outcomes)
    elif any(batch.phase is Phase.INTENT and batch.record.shard == shard for batch in now.batches):
        reason = "unfinished"
    else:
        reason = "changed" if now.batches else "new"
    return Action(
        kind=Kind.CREATE if attempt == 1 else Kind.RETRY, reason=reason, requests=len(run), shard=shard,
        attempt=attempt, bytes=wanted.size(run), tokens=tokens, positions=run,
    )


def _token_room(wanted: Wanted, now: Standing, situation: Situation) -> int | None:
    ceiling = wanted.bounds.max_enqueued_tokens
    if ceiling is None:
        return None
    own = wanted.tokens([at for at, holder in enumerate(now.holder) if holder != NOBODY])
    return ceiling - situation.enqueued_elsewhere - own


def _states(wanted: Wanted, now: Standing, sends: Mapping[int, Sequence[int]], held: set[int]) -> bytearray:
    """The state of each request, as the plan leaves it: what will be sent is waiting."""
    fog = State.WAITING if now.fog_live else State.LOST if now.fog_lost else None
    by_outcome = bytearray(256)
    by_outcome[_NONE] = fog or State.WAITING
    for outcome, made in STATE_OF.items():
        by_outcome[outcome] = made
    state = now.outcome.translate(by_outcome)
    if fog is not None:
        # A batch of which nobody can tell what it holds may hold a request that would be sent again, or have answered.
        for at in now.positions(*_again(wanted)):
            if now.attempts[at] < wanted.retry.max_attempts:
                state[at] = fog
    for at in now.awaited():
        if now.outcome[at] != Outcome.OK:
            state[at] = State.WAITING
    if now.batches:
        for positions in sends.values():
            for at in positions:
                state[at] = State.WAITING
    for at in held:
        state[at] = State.HELD
    return state


def _tally(wanted: Wanted, state: bytearray) -> Tally:
    counts: Counter[int] = Counter(state) if wanted.weights is None else Counter()
    if wanted.weights is not None:
        for at, value in enumerate(state):
            counts[value] += wanted.weights[at]
    return Tally(rows=wanted.rows, **{kind.name.lower(): counts[kind] for kind in State})


def _unanswered(wanted: Wanted, now: Standing, state: bytearray) -> dict[str, int]:
    """Rows that have no answer and get none, by the reason of their last failure."""
    if not any(state.count(ended) for ended in _AT_AN_END):
        return {}
    ends: Counter[tuple[int, int]] = Counter()
    if wanted.weights is None:
        ends.update(zip(state, now.outcome, strict=True))
    else:
        for at, end in enumerate(zip(state, now.outcome, strict=True)):
            ends[end] += wanted.weights[at]
    counts: Counter[str] = Counter()
    for (value, outcome), rows in ends.items():
        if value in _AT_AN_END and outcome:
            counts[Outcome(outcome).reason] += rows
    return dict(sorted(counts.items()))


def _adoptable(wanted: Wanted, situation: Situation) -> tuple[list[Candidate], tuple[str, ...]]:
    """Tagged batches that the lockfile lacks: adopted if they answer an intent, or hold a request that is wanted, or if
    nobody can tell what they hold. The others are foreign."""
    adopted, foreign = [], []
    index: IdIndex | None = None
    for candidate in situation.candidates:
        ids = candidate.ids
        if ids is None or _intended(candidate, situation):
            adopted.append(candidate)
            continue
        index = index or IdIndex(wanted.ids)
        if any(identity in index for identity in ids):
            adopted.append(candidate)
        else:
            foreign.append(candidate.remote.id)
    return adopted, tuple(foreign)


def _intended(candidate: Candidate, situation: Situation) -> KnownBatch | None:
    """The intent that a batch answers."""
    tag = candidate.remote.tag
    return next((
        batch for batch in situation.known if tag is not None and batch.phase is Phase.INTENT
        and (batch.record.shard, batch.record.attempt) == (tag.shard, tag.attempt)), None)


def _made_for(candidate: Candidate, situation: Situation, wanted: Wanted) -> tuple[int | None, str | None]:
    """The revision and the model at which it was made: its intent says them; else what is wanted of it is asked at
    today's."""
    intent = _intended(candidate, situation)
    if intent is not None:
        return intent.record.revision, intent.record.model
    return wanted.revision, (wanted.model or None) if candidate.ids is not None else None


def _adoption(candidate: Candidate, situation: Situation, wanted: Wanted) -> Action:
    reason = "intent" if _intended(candidate, situation) else "lockfile-missing"
    return about(candidate.adopted(*_made_for(candidate, situation, wanted)), Kind.ADOPT, reason)


def _watches(wanted: Wanted, now: Standing, adopted: Sequence[Candidate]) -> list[Action]:
    """Live batches are waited for, ended ones fetched. What was fetched before and lost from the store is fetched
    again where its outcomes cannot be told without; what is there is taken in anew where it was not checked."""
    new = {(candidate.remote.id, candidate.where) for candidate in adopted}
    actions = []
    for batch in now.batches:
        if (batch.record.batch_id, batch.record.provider) in new:
            continue
        if batch.phase in (Phase.LIVE, Phase.UNREACHABLE):
            actions.append(about(batch, Kind.WAIT, batch.phase.value, change=False))
        elif batch.phase is Phase.ENDED:
            actions.append(about(batch, Kind.FETCH, batch.remote.status if batch.remote else "ended"))
        elif batch.phase is Phase.SETTLED and batch.outcomes is None and batch.ids is not None:
            unchecked = is_unchecked(batch, wanted)
            actions.append(about(batch, Kind.FETCH, "unchecked" if unchecked else "refill", change=unchecked))
    return actions


def _cancels(now: Standing, wanted: Wanted, situation: Situation) -> list[Action]:
    """Live batches of our own none of whose requests is wanted any more, or that an older one holds already."""
    if not situation.declared and not situation.prune:
        return []
    useful = {now.holder[at] for at in now.awaited() if now.outcome[at] != Outcome.OK}
    actions = []
    for place, batch in enumerate(now.batches):
        stopping = batch.remote is not None and batch.remote.status == "cancelling"
        if batch.phase is not Phase.LIVE or stopping or not batch.record.is_ours or place in useful:
            continue
        if batch.ids is None and len(wanted.ids) and answers_count(batch, wanted.scope):
            # Nobody can tell what it holds; where nothing is wanted, it does not matter.
            continue
        actions.append(about(batch, Kind.CANCEL, "unwanted" if situation.declared else "pruned"))
    return actions


def _forgets(now: Standing) -> list[Action]:
    """A job that left the manifest is forgotten once nothing of it is live or unfetched: no batch is orphaned."""
    busy = [batch for batch in now.batches if batch.phase is not Phase.SETTLED]
    if busy:
        return []
    return [Action(kind=Kind.FORGET, reason="removed-from-manifest", requests=sum(
        batch.record.requests for batch in now.batches))]


def _notes(now: Standing, tally: Tally) -> tuple[str, ...]:
    notes = []
    for batch in now.batches:
        if batch.phase is Phase.UNREACHABLE:
            notes.append(unreachable(batch))
    if tally.lost:
        notes.append(f"{tally.lost} rows are lost: they were sent, and their answers cannot be found any more; "
                     "--resend-lost sends them again, and pays again")
    return tuple(notes)
