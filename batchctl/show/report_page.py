"""Facts about jobs as one HTML page that needs nothing else: no network, no script, no trust in what models said."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from batchctl import __version__
from batchctl.act.report.facts import Failure, JobFacts, Sample
from batchctl.show import charts, exchange, figures, money
from batchctl.show.charts import Bars, Share, TimeLine
from batchctl.show.safe import safe, safe_lines

_FOLDER = Path(__file__).parent
_TEMPLATE = "report_page.html.j2"
_STYLE = "report_page.css"

#: Characters of a text that are shown; the rest is counted.
_LONGEST = 2000
#: Batches that are shown on a time line, and codes of a failure.
_BATCHES = 60
_CODES = 8

_STATES = ("ok", "failed", "expired", "cancelled", "waiting", "held", "lost")
#: What the states mean, for who reads the page without knowing the tool.
_MEANINGS = {
    "ok": "answered", "failed": "refused or failed, and not asked again", "expired": "the window passed first",
    "cancelled": "cancelled before they were answered", "waiting": "sent, or to be sent",
    "held": "cannot be sent now", "lost": "their answers cannot be found any more",
}


@dataclass(frozen=True, slots=True)
class Section:
    """One job as the template takes it."""

    facts: JobFacts
    shares: tuple[Share, ...]
    charts: tuple[Bars, ...]
    time: TimeLine | None


def report_page(jobs: Sequence[JobFacts]) -> str:
    """The page; the same facts give the same text."""
    style = (_FOLDER / _STYLE).read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return _environment().get_template(_TEMPLATE).render(
        sections=[_section(job) for job in jobs], style=Markup(style), style_digest=digest, version=__version__,
        meanings=_MEANINGS)


def _section(job: JobFacts) -> Section:
    answers = job.answers
    made = (
        charts.bars("Length of answers, in characters", answers.letters, _number),
        charts.bars("Length of answers, in tokens", answers.tokens, _number),
        charts.bars("Time from a batch's creation to the answer", answers.waited, charts.elapsed, seconds=True),
        charts.bars("Time that the model took", answers.worked, _milliseconds),
    )
    return Section(job, charts.shares([(name, getattr(job.tally, name)) for name in _STATES]),
                   tuple(chart for chart in made if chart is not None), charts.time_line(job.batches, _BATCHES))


@cache
def _environment() -> Environment:
    made = Environment(loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined,
                       trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
    made.filters.update(
        number=_number, moment=figures.moment, line=safe, text=_text, percent=charts.percent, reason=_reason,
        asked=_asked, answered=_answered, codes=_codes, cost=money.cost)
    return made


def _number(number: float) -> str:
    return f"{number:,}"


def _milliseconds(number: int) -> str:
    return f"{number:,} ms" if number < 1000 else f"{number / 1000:,.1f} s"


def _text(text: object) -> str:
    """Lines that hide nothing, and no more of them than anybody reads."""
    whole = str(text)
    made = "\n".join(safe_lines(whole[:_LONGEST].rstrip("\n")))
    return made if len(whole) <= _LONGEST else f"{made}… ({len(whole):,} characters in all)"


def _reason(failure: Failure) -> str:
    return failure.reason.replace("_", " ")


def _codes(failure: Failure) -> list[tuple[str, int]]:
    """The most frequent ones, and all others together."""
    shown = [(safe(code), rows) for code, rows in failure.codes[:_CODES]]
    rest = sum(rows for _, rows in failure.codes[_CODES:])
    return [*shown, ("others", rest)] if rest else shown


def _asked(sample: Sample) -> list[exchange.Piece]:
    return exchange.asked(sample.body)


def _answered(sample: Sample) -> list[exchange.Piece]:
    return exchange.answered(sample.end)
