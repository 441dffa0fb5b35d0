"""The first requests of a job, asked at once through the provider's synchronous endpoint. Nothing of it is recorded."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from batchctl.act.desk import Options
from batchctl.act.project import Project
from batchctl.act.trying import Tried, tried
from batchctl.act.verdict import Judging
from batchctl.decide.extrapolation import Measured, of_all
from batchctl.desired.answer_limit import NOT_BY_TOKEN
from batchctl.desired.pricing import price_of
from batchctl.desired.render.lines import lines
from batchctl.remote.connect import Providers
from batchctl.words.errors import BatchctlError, ExitCode
from batchctl.words.events import Asking, Emit
from batchctl.words.prices import Price
from batchctl.words.usage import Usage

#: So many requests are with a provider at a time.
AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Preview:
    """What came of a job's first requests. `requests` and `size`, in bytes, are those of the whole job; `failure` is
    why none could be asked, and `price` None where nobody knows it."""

    job: str
    requests: int
    size: int
    tried: tuple[Tried, ...] = ()
    failure: BatchctlError | None = None
    price: Price | None = None

    @property
    def measured(self) -> tuple[Measured, ...]:
        """The answers that say how many tokens they took."""
        return tuple(Measured(one.size, one.usage) for one in self.tried if one.usage is not None)

    @property
    def estimate(self) -> Usage | None:
        """The tokens of the whole job, as far as a few requests can tell."""
        return of_all(self.measured, self.requests, self.size)

    @property
    def cost(self) -> Decimal | None:
        """What the answers cost in USD, at the price of single requests; None where not all of it is known."""
        if self.price is None or any(one.ok and one.usage is None for one in self.tried):
            return None
        return self.price.synchronous.cost(sum((one.usage for one in self.measured), Usage()))

    @property
    def batch_cost(self) -> Decimal | None:
        """What the whole job would cost in USD, sent in batches; None where nobody knows."""
        if self.price is None or self.price.batch is None or self.estimate is None:
            return None
        return self.price.batch.cost(self.estimate)

    @property
    def exit_code(self) -> int:
        """A preview that shows no answer has failed."""
        if self.failure is not None:
            return self.failure.exit_code
        answered = sum(one.ok for one in self.tried)
        if answered == len(self.tried):
            return ExitCode.DONE
        return ExitCode.INCOMPLETE if answered else ExitCode.FAILED


def preview(project: Project, name: str, count: int, providers: Providers, emit: Emit, *, timeout_s: float) -> Preview:
    """Asks the first `count` distinct requests of a surveyed job. What keeps all of them from being asked is part of
    the answer, so that other jobs go on. Raises InputChanged."""
    job, desired = project.jobs[name], project.surveys[name]
    asked = array("I", range(min(count, len(desired.ids))))
    requests = [line for _, line in lines(job, desired, asked)]
    size = sum(desired.lengths)
    price = price_of(job.model, job.provider.where, job.prices) if job.body_kind not in NOT_BY_TOKEN else None
    try:
        if job.provider.where.dialect == "local":
            # Its server keeps its data there, which git should not see.
            project.store.prepare()
        http = project.looking(providers, Options()).provider(job.provider.where, name).http
        at_once = min(AT_ONCE, job.provider.concurrency)
        return Preview(name, len(desired.ids), size, tried(
            http, requests, timeout_s=timeout_s, at_once=at_once, judging=Judging.by(job.answer_schema),
            told=_teller(name, len(requests), emit)), price=price)
    except BatchctlError as failure:
        return Preview(name, len(desired.ids), size, failure=failure)


def _teller(name: str, total: int, emit: Emit) -> Callable[[int], None]:
    emit(Asking(name, 0, total))
    return lambda answered: emit(Asking(name, answered, total))
