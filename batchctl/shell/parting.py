"""What a run that is broken off leaves behind: what goes on without it, and the command that takes it up again."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence

from batchctl.shell.session import Session
from batchctl.shell.views import near
from batchctl.show import figures
from batchctl.show.awaited import Awaited, Totals


def parting(session: Session, awaited: Awaited, arguments: Sequence[str]) -> str:
    """For an interrupt, or when time runs out: batchctl goes on with these arguments."""
    return "\n".join([*_goes_on(session, awaited), "What was done is recorded, and nothing is sent twice.",
                      f"To go on: {shlex.join(['batchctl', *_veiled(arguments)])}"])


def apply_again(session: Session, jobs: Iterable[str], trusted: Iterable[str], *, wait: bool) -> list[str]:
    """The arguments with which batchctl goes on with these jobs of a saved plan: once a part of it is done, that plan
    is stale. `trusted` are base URLs that were vouched for."""
    words = ["apply"]
    for file in session.files:
        words += ["-f", near(file)]
    words += session.projects[0].chosen if session.projects else ()
    chosen = set(jobs)
    if chosen != {job.name for job in session.declared}:
        for name in sorted(chosen):
            words += ["--target", name]
    for url in trusted:
        words += ["--trust-url", url]
    return [*words, "--wait"] if wait else words


def _veiled(arguments: Sequence[str]) -> Iterator[str]:
    """Without the values of variables, which may be what no log of a pipeline should have."""
    before = ""
    for argument in arguments:
        option, _, pair = argument.partition("=") if argument.startswith("--var=") else ("", "", argument)
        if option or before == "--var":
            argument = f"{option}{'=' if option else ''}{pair.partition('=')[0]}=…"
        yield argument
        before = argument


def _goes_on(session: Session, awaited: Awaited) -> Iterator[str]:
    """How many batches run, where, and how far they are; nothing where none does."""
    if not awaited.running:
        return
    totals = Totals.of(awaited.batches)
    far = f"; {totals.done:,} of {figures.count(totals.total, 'request')} done" if totals.total else ""
    if all_local(session):
        yield "The local server stops; the next command goes on where it was."
        if totals.total:
            yield f"{totals.done:,} of {figures.count(totals.total, 'request')} done."
        return
    jobs = session.jobs
    places = sorted({jobs[name].provider.where.name for name in awaited.jobs if name in jobs})
    verb = "goes on" if awaited.running == 1 else "go on"
    yield f"{figures.batches(awaited.running)} {verb} at {', '.join(places) or 'the provider'}{far}."


def all_local(session: Session) -> bool:
    """Whether only the local server is asked: it is on this machine, and ends with its last command."""
    return all(job.provider.where.dialect == "local" for job in session.jobs.values())
