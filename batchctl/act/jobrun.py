"""One job in one pass: refresh what is known, send what is wanted, and write what is settled."""

from __future__ import annotations

from dataclasses import replace

from batchctl.act import fetch as fetching
from batchctl.act import intents, shards
from batchctl.act.cancelling import not_ours
from batchctl.act.create import Creator
from batchctl.act.desk import Desk
from batchctl.act.intents import Reusable
from batchctl.act.sinks.specs import wishes
from batchctl.act.sinks.write import write_sink
from batchctl.act.situation import Surroundings
from batchctl.act.verdict import judging_of
from batchctl.decide.doubles import doubles
from batchctl.decide.finding import NOBODY
from batchctl.decide.known import Phase, unreachable
from batchctl.decide.plan import Action, JobPlan, Kind, about
from batchctl.decide.planner import Situation, plan_job
from batchctl.decide.standing import hides_requests
from batchctl.decide.wanted import Wanted, wanted
from batchctl.desired.effective_sinks import effective_sinks
from batchctl.desired.job import Job
from batchctl.words.amounts import count
from batchctl.words.errors import AmbiguousRemote, AtCapacity, BatchctlError, ListAway, OutcomeUnknown, OverBudget
from batchctl.words.events import Downloading, Notice, Step
from batchctl.words.remote import Coordinates

#: Adopting and fetching may each show more to do; it ends by itself, and this only bounds a provider gone mad.
_ROUNDS = 10


class JobRun:
    """`job` is None for a job that only the lockfile knows. `failures` are collected: one bad batch does not stop the
    others."""

    def __init__(self, desk: Desk, name: str, job: Job | None) -> None:
        self._desk = desk
        self.name = name
        self.job = job
        self.failures: list[BatchctlError] = []
        #: Prompt tokens that other jobs have in this job's queue at the provider.
        self.enqueued_elsewhere = 0
        #: Whether a create found no room.
        self.full = False
        #: Sinks that were written, each with its number of records.
        self.written: dict[str, int] = {}
        self._created: set[str] = set()
        self._creator: Creator | None = None
        self._sinks = effective_sinks(job) if job is not None else ()
        self._wanted = self._wish()
        where = job.provider.where if job is not None else None
        self._around = Surroundings(desk, self._wanted, where, {sink.path: sink.target for sink in self._sinks})
        self._planned: tuple[Situation, JobPlan] | None = None
        self._reusable: Reusable = {}

    def plan(self) -> JobPlan:
        """What is to be done, as things stand; the plan from before where nothing has changed. Raises BatchctlError."""
        situation = self._situation()
        if self._planned is None or self._planned[0] != situation:
            # What the one from before takes, which grows with the job, is let go of first.
            self._planned = None
            self._planned = situation, plan_job(self._wanted, situation)
        return self._planned[1]

    @property
    def has_ceiling(self) -> bool:
        """Whether the job holds back requests over a number of enqueued tokens."""
        return self._wanted.bounds.max_enqueued_tokens is not None

    def enqueued(self, plan: JobPlan) -> tuple[int, int]:
        """Prompt tokens, estimated, of the requests that are live, and of those that a plan sends."""
        live = [at for at, holder in enumerate(plan.standing.holder) if holder != NOBODY]
        return self._wanted.tokens(live), sum(action.tokens for action in plan.sending)

    def refresh(self) -> None:
        """Finds out what became of unfinished creates, adopts what is ours, and fetches what has ended. Raises
        AmbiguousRemote where a create stays unclear: nothing may be sent then, but what has ended is fetched."""
        try:
            self._reusable = intents.resolve(self._desk, self.name)
        except AmbiguousRemote:
            self._take_in()
            raise
        self._take_in()

    def _take_in(self) -> None:
        tried: set[tuple[Kind, str | None, Coordinates | None]] = set()
        for _ in range(_ROUNDS):
            plan = self.plan()
            todo = [action for action in plan.of(Kind.ADOPT, Kind.FETCH) if _step_of(action) not in tried]
            if not todo:
                return
            for action in todo:
                tried.add(_step_of(action))
                self._guarded(action, plan)

    def act(self, plan: JobPlan) -> None:
        """Cancels, creates and retries what the plan says. Raises OverBudget or AmbiguousRemote before it creates."""
        self.failures += self._not_cancelled(plan)
        for action in plan.of(Kind.CANCEL):
            self._guarded(action)
        sending = plan.sending
        if not sending:
            return
        if plan.blocked:
            raise self._unlisted(plan)
        if plan.over_budget:
            raise OverBudget(plan.over_budget)
        self._reusable = self._turned_away() | self._reusable
        assert self.job is not None
        shards.render(self._desk.store, self.job, self._desk.surveys[self.name], sending, self._desk.emit)
        try:
            with Creator(self._desk, self.job, self._reusable, sending) as self._creator:
                for action in sending:
                    self._guarded(action)
        except AtCapacity as full:
            self.full = True
            self._warn(f"{full.message}; what is left is sent when there is room")
        except (OutcomeUnknown, AmbiguousRemote) as unclear:
            self.failures.append(unclear)
        if self._created:
            self._recheck()
        if self._desk.options.resend_lost and not self.failures:
            self._give_up(plan)

    def finish(self) -> JobPlan:
        """Writes the sinks that are due, forgets a job that is gone, and returns what is left to do."""
        plan = self.plan()
        for action in plan.of(Kind.WRITE, Kind.FORGET):
            self._guarded(action, plan)
        return self.plan() if plan.of(Kind.WRITE, Kind.FORGET) else plan

    def _wish(self) -> Wanted:
        if self.job is None or self._desk.options.destroy:
            return Wanted(job=self.name)
        return wanted(self.job, self._desk.surveys[self.name], wishes(self.job, self._sinks))

    def _situation(self) -> Situation:
        around = self._around.situation()
        return replace(around, enqueued_elsewhere=self.enqueued_elsewhere) if self.enqueued_elsewhere else around

    def _guarded(self, action: Action, plan: JobPlan | None = None) -> None:
        """Carries out one action; its failure is kept and the next one goes on. Raises AtCapacity, OutcomeUnknown and
        AmbiguousRemote: the next create would fare no better, and only make more of what nobody can tell."""
        try:
            self._do(action, plan)
        except (AtCapacity, OutcomeUnknown, AmbiguousRemote):
            raise
        except BatchctlError as failure:
            self.failures.append(failure)

    def _do(self, action: Action, plan: JobPlan | None) -> None:
        match action.kind:
            case Kind.ADOPT:
                self._adopt(action)
            case Kind.FETCH:
                assert plan is not None
                self._fetch(action, plan)
            case Kind.CANCEL:
                self._cancel(action)
            case Kind.CREATE | Kind.RETRY:
                assert self._creator is not None
                self._created.add(self._creator.create(action).batch_id or "")
            case Kind.WRITE:
                assert plan is not None
                assert self.job is not None
                self.written[action.sink or ""] = write_sink(self._desk, self.job, action, plan)
            case Kind.FORGET:
                self._desk.book().set_job(self.name, None)
                self._step("forget", "it left the manifest")
            case Kind.WAIT:
                pass

    def _turned_away(self) -> Reusable:
        """The files of batches that failed as a whole, or were refused: what was for want of capacity is sent again as
        it is."""
        where = self.job.provider.where if self.job is not None else None
        spare = {(shard, attempt): file_id for (there, job, shard, attempt), file_id in self._desk.spare.items()
                 if (there, job) == (where, self.name)}
        records = self._desk.record(self.name).batches
        return spare | {(record.shard, record.attempt): record.input_file_id for record in records
                if record.status == "failed" and record.input_file_id and record.provider == where}

    def _adopt(self, action: Action) -> None:
        assert action.record is not None
        self._desk.book().add(self.name, action.record)
        self._step("adopt", f"{count(action.requests, 'request')}: {action.reason}", action.batch_id)

    def _fetch(self, action: Action, plan: JobPlan) -> None:
        record = action.record
        assert record is not None
        ids = next((batch.ids for batch in plan.standing.batches if batch.record == record), None)
        judging = judging_of(self.job, self._wanted.ids, record, ids)
        remote, ended = action.remote, None
        if action.reason == "unchecked":
            ended = fetching.judge_again(self._desk.store, record, ids, judging)
        if ended is None:
            provider = self._desk.provider(record.provider, self.name)
            if remote is None and record.is_settled:
                remote = provider.batch(record.batch_id or "")
            ended = fetching.fetch(provider, self._desk.store, record, remote, ids,
                                   now=provider.http.now_there(self._desk.now()), judging=judging,
                                   received=lambda *got: self._desk.emit(
                                       Downloading(self.name, record.batch_id or "", *got)))
        self._around.refetched(record)
        if not record.is_settled or (ended.results, ended.usage, ended.answer_schema) != (
                record.results, record.usage, record.answer_schema):
            self._desk.book().change(self.name, record, ended)
        self._step("fetch", f"{ended.ok or 0:,} of {ended.requests:,} ok, {ended.status}", record.batch_id)
        for text in remote.complaints() if remote is not None else ():
            self._warn(text)

    def _cancel(self, action: Action) -> None:
        assert action.record is not None
        there = self._desk.provider(action.record.provider, self.name).cancel(action.batch_id or "")
        self._step("cancel", f"{count(action.requests, 'request')}: {there.status}", action.batch_id)

    def _unlisted(self, plan: JobPlan) -> AmbiguousRemote:
        assert self.job is not None
        away = self._desk.look(self.job.provider.where, self.name).away
        return (ListAway if away else AmbiguousRemote)(
            f"nothing is created while the batches cannot be listed: {plan.blocked}")

    def _not_cancelled(self, plan: JobPlan) -> list[AmbiguousRemote]:
        """Batches of ours that were to be cancelled, and that may be running where nobody can tell."""
        options = self._desk.options
        if not options.destroy and not (options.prune and self.name not in self._desk.declared):
            return []
        for batch in plan.standing.batches:
            if batch.phase is Phase.LIVE and not batch.record.is_ours:
                self._warn(not_ours(self.name, batch.record))
        return [AmbiguousRemote(f"{batch.record.batch_id} is not cancelled: {unreachable(batch)}")
                for batch in plan.standing.batches if batch.phase is Phase.UNREACHABLE and batch.record.is_ours]

    def _recheck(self) -> None:
        """Reads the list once more: of two batches made at once for the same requests, the older one stays."""
        assert self.job is not None
        look = self._desk.look(self.job.provider.where, self.name, anew=True)
        if not look.listed:
            self._warn(f"the batches could not be listed after a create ({look.why}); whether another apply made the "
                       "same at the same time is found out at the next run")
            return
        for action in self.plan().of(Kind.ADOPT):
            self._guarded(action)
        for double in doubles(self.plan().standing.batches, frozenset(self._created)):
            self._desk.book().change(self.name, double.record, replace(double.record, superseded=True))
            self._warn(f"an older batch asks the same as {double.record.batch_id}, made by another apply at the same "
                       "time: this one is cancelled")
            self._guarded(about(double, Kind.CANCEL, "made-twice"))

    def _give_up(self, plan: JobPlan) -> None:
        """What may have been in batches that nobody can look into was sent again: they hide nothing any more."""
        for batch in plan.standing.batches:
            if batch.phase is Phase.SETTLED and hides_requests(batch):
                self._desk.book().change(self.name, batch.record, replace(batch.record, superseded=True))

    def _warn(self, text: str) -> None:
        self._desk.emit(Notice(self.name, "warning", text))

    def _step(self, verb: str, detail: str, batch_id: str | None = None) -> None:
        self._desk.emit(Step(self.name, verb, detail, batch_id))


def _step_of(action: Action) -> tuple[Kind, str | None, Coordinates | None]:
    """What tells one step of a refresh from another: servers may use the same ids."""
    return action.kind, action.batch_id, action.record.provider if action.record is not None else None
