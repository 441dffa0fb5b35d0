"""The facts of a report, as plain data: what was asked, what came back, and some of it word by word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from batchctl.act.report.distribution import Distribution
from batchctl.decide.costs import Bill
from batchctl.words.outcomes import Tally
from batchctl.words.remote import Coordinates
from batchctl.words.usage import Usage


@dataclass(frozen=True, slots=True)
class Asked:
    """What the manifest says. `manifest` is its path in the project, `prompt` are templates by where they stand in the
    body, `parameters` the rest of the body as JSON, and `inputs` what rows are read from."""

    manifest: str
    where: Coordinates
    model: str
    endpoint: str
    window: str
    revision: int
    description: str
    labels: tuple[tuple[str, str], ...]
    inputs: tuple[str, ...]
    prompt: tuple[tuple[str, str], ...]
    parameters: tuple[tuple[str, str], ...]
    requests: int


@dataclass(frozen=True, slots=True)
class Ran:
    """One batch, as the lockfile has it; times are the provider's, in Unix seconds. `status` is a word for people."""

    batch_id: str
    provider: str
    attempt: int
    requests: int
    ok: int | None
    status: str
    created_at: int | None
    ended_at: int | None
    stored: bool


@dataclass(frozen=True, slots=True)
class Sample:
    """One request word by word; `end` has the names that templates of sinks see of an answer."""

    custom_id: str
    body: Mapping[str, Any]
    end: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Failure:
    """Why rows have no answer: a reason of ours, and the codes that servers gave, the most frequent first."""

    reason: str
    rows: int
    codes: tuple[tuple[str, int], ...] = ()
    examples: tuple[Sample, ...] = ()


@dataclass(frozen=True, slots=True)
class Answers:
    """What the answers that count come to. `unread` of them are not in the store here; `counted` say how many tokens
    they took. `letters` and `tokens` are the lengths of what models said; `waited` are seconds from the making of a
    batch to that of an answer, and `worked` milliseconds as providers measure them: both empty where nobody says so."""

    ok: int
    unread: int
    counted: int
    usage: Usage
    letters: Distribution
    tokens: Distribution
    waited: Distribution
    worked: Distribution


@dataclass(frozen=True, slots=True)
class JobFacts:
    """One job. `spent` is what all batches of its revision used and cost, those that run included."""

    name: str
    asked: Asked
    tally: Tally
    answers: Answers
    spent: Bill
    failures: tuple[Failure, ...] = ()
    batches: tuple[Ran, ...] = ()
    samples: tuple[Sample, ...] = ()
    notes: tuple[str, ...] = ()
