"""A preview as text: each request with its answer, and what they say of the whole job."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from batchctl.act.preview import Preview
from batchctl.act.trying import Tried
from batchctl.show import figures
from batchctl.show.colour import PLAIN, Palette
from batchctl.show.columns import laid_out
from batchctl.show.exchange import answered, asked
from batchctl.show.safe import safe
from batchctl.words.prices import dollars
from batchctl.words.remote import Coordinates
from batchctl.words.usage import Usage

#: Lines of a text that are shown where nobody asked for all.
_LONGEST = 12


@dataclass(frozen=True, slots=True)
class Previewed:
    """A preview with what its manifest says of the job."""

    preview: Preview
    manifest: str
    where: Coordinates
    model: str
    endpoint: str


def preview_text(jobs: Sequence[Previewed], columns: int, paint: Palette = PLAIN, *, whole: bool = False) -> str:
    """A block a job; `whole` cuts no text."""
    return "\n".join("\n".join(_job(job, columns, paint, whole)) + "\n" for job in jobs)


def heading(job: Previewed, paint: Palette) -> str:
    """A job's name, and whom it asks."""
    about = " · ".join((safe(job.where.name), safe(job.model), safe(job.endpoint)))
    return paint("bold", safe(job.preview.job)) + paint("dim", f"  {about}")


def _job(job: Previewed, columns: int, paint: Palette, whole: bool) -> list[str]:
    preview = job.preview
    made = [heading(job, paint)]
    if preview.failure is not None:
        return [*made, paint("red", "not asked: see the error")]
    if not preview.tried:
        return [*made, "no request to ask"]
    for number, one in enumerate(preview.tried, 1):
        made += ["", *_exchange(number, one, columns, paint, None if whole else _LONGEST)]
    return [*made, "", *_sums(preview, paint)]


def _exchange(number: int, one: Tried, columns: int, paint: Palette, longest: int | None) -> list[str]:
    def style(label: str, text: str) -> str:
        return paint("red" if label == "error" else "green" if label == "answer" else "dim", text)

    about = [f"{one.seconds:.1f} s", *([_tokens(one.usage)] if one.usage is not None else [])]
    head = f"{paint('bold', f'{number}')}  {safe(one.custom_id)}  {paint('dim', ' · '.join(about))}"
    lines = laid_out(asked(one.body), answered(one.end), columns - 3, style=style, longest=longest)
    if one.unclear:
        lines.append(paint("yellow", "It may have been answered, and charged, all the same; it is not sent again."))
    return [head, *(f"   {line}".rstrip() for line in lines)]


def _sums(preview: Preview, paint: Palette) -> list[str]:
    """What was taken, and what the whole job would take."""
    answered_ = [one for one in preview.tried if one.ok]
    failed = len(preview.tried) - len(answered_)
    line = f"{len(answered_):,} answered" + (f", {failed:,} failed" if failed else "")
    measured = preview.measured
    if measured:
        line += f": {_tokens(sum((one.usage for one in measured), Usage()))}"
    if preview.cost is not None:
        line += f", {dollars(preview.cost)}"
    made = [line + "."]
    if unmeasured := sum(one.usage is None for one in answered_):
        made.append(f"{figures.count(unmeasured, 'answer')} without a number of tokens.")
    if (estimate := preview.estimate) is not None:
        tokens = f"{figures.tokens(estimate.input_tokens)} in, {figures.tokens(estimate.output_tokens)} out"
        whole = f"The whole job, {figures.count(preview.requests, 'request')}: {tokens}, {_batch_cost(preview)}."
        made.append(paint("bold", whole))
    return made


def _batch_cost(preview: Preview) -> str:
    """What the whole job would cost, as far as anybody knows."""
    cost = preview.batch_cost
    if cost is None:
        return "cost unknown"
    return f"{'~' if cost else ''}{dollars(cost)} in batches"


def _tokens(usage: Usage) -> str:
    return f"{figures.count(usage.input_tokens, 'token')} in, {usage.output_tokens:,} out"
