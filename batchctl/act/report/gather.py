"""Gathers the facts about one job from its manifest, its lockfile and its store."""

from __future__ import annotations

import json
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from batchctl.act import passes
from batchctl.act.desk import Options
from batchctl.act.lines import NotALine
from batchctl.act.project import Project
from batchctl.act.report.facts import Asked, Failure, JobFacts, Ran, Sample
from batchctl.act.report.walk import Walk
from batchctl.act.sinks.answers import ending
from batchctl.act.verdict import Judging
from batchctl.decide.known import KnownBatch, Phase
from batchctl.decide.plan import JobPlan
from batchctl.desired.job import BodyNode, Job, Template
from batchctl.desired.render.bodies import path_text
from batchctl.desired.render.lines import lines
from batchctl.desired.render.survey import Desired
from batchctl.words.events import silent
from batchctl.words.outcomes import Outcome, State

#: Rows that are shown word by word: answered ones, spread over the job, and the first of each kind of failure.
_SAMPLES = 6
_EXAMPLES = 3

#: What holds a prompt in a request's body.
_PROMPTS = ("messages", "instructions", "input", "prompt")
_ENDED_BADLY = (State.FAILED, State.EXPIRED, State.CANCELLED, State.LOST)


def facts(project: Project) -> Iterator[JobFacts]:
    """Those of each chosen job, in the order of the manifest. Raises what planning offline raises, and InputChanged."""
    for report in passes.look(project, None, Options(whole_file=False), silent).jobs:
        if report.plan is None:
            raise report.failures[0]
        yield _job(project, project.jobs[report.job], project.surveys[report.job], report.plan)


def _job(project: Project, job: Job, desired: Desired, plan: JobPlan) -> JobFacts:
    weights = _weights(desired)
    failed = _failed(plan)
    shown = _spread(plan)
    chosen = frozenset((*shown, *(at for positions in failed.values() for at in positions[:_EXAMPLES])))
    walk = Walk(weights, chosen)
    walk.over(desired.ids, plan.standing, project.store)
    samples = dict(_samples(job, desired, plan, chosen, walk.kept))
    failures = [
        Failure(reason, sum(weights.get(at, 1) for at in positions), _ranked(walk.codes.get(reason, Counter())),
                tuple(samples[at] for at in positions[:_EXAMPLES] if at in samples))
        for reason, positions in failed.items()]
    return JobFacts(
        name=job.name, asked=_asked(job, len(desired.ids)), tally=plan.tally,
        answers=walk.answers(plan.state.count(State.OK)), spent=plan.spent,
        failures=tuple(sorted(failures, key=lambda failure: (-failure.rows, failure.reason))),
        batches=tuple(_ran(batch) for batch in plan.standing.batches),
        samples=tuple(samples[at] for at in shown if at in samples), notes=plan.notes)


def _weights(desired: Desired) -> Mapping[int, int]:
    """Rows by request, where several rows ask one."""
    if desired.row_request is None:
        return {}
    return {at: rows for at, rows in Counter(desired.row_request).items() if rows > 1}


def _failed(plan: JobPlan) -> dict[str, array[int]]:
    """The positions of requests without an answer, by reason."""
    found: dict[str, array[int]] = {}
    for at, state in enumerate(plan.state):
        if state in _ENDED_BADLY:
            outcome = plan.standing.outcome[at]
            reason = Outcome(outcome).reason if outcome else State(state).name.lower()
            found.setdefault(reason, array("I")).append(at)
    return found


def _spread(plan: JobPlan) -> tuple[int, ...]:
    """Positions of answered requests, from the first one on at equal distances."""
    answered = plan.state.count(State.OK)
    ranks = sorted({number * answered // _SAMPLES for number in range(_SAMPLES)}) if answered else []
    found = []
    at = -1
    passed = -1
    for rank in ranks:
        while passed < rank:
            at = plan.state.index(State.OK, at + 1)
            passed += 1
        found.append(at)
    return tuple(found)


def _samples(job: Job, desired: Desired, plan: JobPlan, chosen: frozenset[int], kept: Mapping[int, bytes]
             ) -> Iterator[tuple[int, Sample]]:
    now = plan.standing
    judge = Judging.by(job.answer_schema).judge
    for at, line in lines(job, desired, array("I", sorted(chosen))):
        request = orjson.loads(line)
        place = now.answer[at]
        batch_id = now.batches[place].record.batch_id if place >= 0 else None
        state = State(plan.state[at])
        if state is State.OK and at not in kept:
            continue
        try:
            end = ending(state, now.outcome[at], kept.get(at), batch_id, now.attempts[at], judge=judge)
        except NotALine:
            continue
        yield at, Sample(request["custom_id"], request["body"], end)


def _ranked(codes: Counter[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(codes.items(), key=lambda entry: (-entry[1], entry[0])))


def _ran(batch: KnownBatch) -> Ran:
    record = batch.record
    status = record.status or ("begun, and not known to be made" if batch.phase is Phase.INTENT else "not ended yet")
    return Ran(record.batch_id or "-", record.provider.name, record.attempt, record.requests, record.ok, status,
               record.created_at, record.ended_at, batch.stored)


def _asked(job: Job, requests: int) -> Asked:
    prompt = tuple(piece for name in _PROMPTS if name in job.body for piece in _templates(job.body[name], (name,)))
    parameters = tuple((name, _json(node)) for name, node in sorted(job.body.items())
                       if name not in _PROMPTS and name != "model")
    manifest = job.manifest
    shown = manifest.relative_to(job.root) if manifest.is_relative_to(job.root) else manifest
    return Asked(
        manifest=shown.as_posix(), where=job.provider.where, model=job.model, endpoint=job.endpoint,
        window=job.completion_window, revision=job.revision, description=job.description,
        labels=tuple(sorted(job.labels.items())),
        inputs=tuple(", ".join(entry.paths) or f"{len(entry.rows or ()):,} inline rows" for entry in job.inputs),
        prompt=prompt,
        parameters=parameters, requests=requests)


def _templates(node: BodyNode, path: tuple[str | int, ...]) -> Iterator[tuple[str, str]]:
    """Texts of a part of the body, each with its role in a conversation, else with its place."""
    if isinstance(node, Mapping) and isinstance(node.get("role"), str) and "content" in node:
        yield from ((str(node["role"]), text) for _, text in _templates(node["content"], path))
    elif isinstance(node, Mapping):
        for name, entry in node.items():
            yield from _templates(entry, (*path, name))
    elif isinstance(node, tuple):
        for number, entry in enumerate(node):
            yield from _templates(entry, (*path, number))
    elif node is not None:
        yield path_text(path), node.source if isinstance(node, Template) else str(node)


def _json(node: BodyNode) -> str:
    return json.dumps(_plain(node), ensure_ascii=False)


def _plain(node: BodyNode) -> Any:
    if isinstance(node, Template):
        return node.source
    if isinstance(node, Mapping):
        return {name: _plain(entry) for name, entry in node.items()}
    return [_plain(entry) for entry in node] if isinstance(node, tuple) else node
