"""What a shell offers when Tab is pressed: names from the manifests and lockfiles that the line is about.

Nothing heavy is imported, no provider is asked, and where anything goes wrong there is nothing to offer."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from batchctl.shell.glance import Batch

Offer = Callable[[click.Context, click.Parameter, str], "list[CompletionItem[str]]"]
#: A word, and what it is in a few words; no comma, at which fish would cut it.
Words = Iterable[tuple[str, str]]

_DEFAULT = Path("job.yaml")


def _offering(words: Callable[[click.Context], Words]) -> Offer:
    """A `shell_complete` of click: the words that go on from what is typed, without those that are there already."""
    @functools.wraps(words)
    def offer(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
        from click.shell_completion import CompletionItem

        given = context.params.get(parameter.name or "")
        there = frozenset(given) if isinstance(given, tuple) else frozenset()
        return [CompletionItem(word, help=about or None) for word, about in words(context)
                if word.startswith(incomplete) and word not in there]

    return offer


@_offering
def jobs(context: click.Context) -> Words:
    """The jobs of the manifests."""
    from batchctl.shell.glance import jobs_in

    return [(name, "job") for name in jobs_in(_files(context))]


@_offering
def recorded_jobs(context: click.Context) -> Words:
    """The jobs of the lockfiles."""
    from batchctl.shell.glance import jobs_recorded_in

    return [(name, "job") for name in jobs_recorded_in(_lockfiles(context))]


@_offering
def recorded_batches(context: click.Context) -> Words:
    """The batches of the lockfiles; only those of a job that stands before."""
    from batchctl.shell.glance import batches_in

    job = context.params.get("job")
    return [(batch.batch_id, _about(batch)) for batch in batches_in(_lockfiles(context))
            if job is None or batch.job == job]


@_offering
def jobs_and_live_batches(context: click.Context) -> Words:
    """What can be cancelled: jobs, and batches whose end is not recorded."""
    from batchctl.shell.glance import batches_in, jobs_in

    live = [(batch.batch_id, _about(batch)) for batch in batches_in(_lockfiles(context)) if batch.status is None]
    return [*((name, "job") for name in jobs_in(_files(context))), *live]


@_offering
def providers(context: click.Context) -> Words:
    """The built-in providers."""
    from batchctl.words.dialects import DIALECTS

    return [(name, dialect.base_url or "this machine") for name, dialect in DIALECTS.items()]


@_offering
def statuses(context: click.Context) -> Words:
    """The statuses of a batch."""
    from batchctl.words.dialects import STATUSES

    return [(status, "") for status in STATUSES]


def _files(context: click.Context) -> list[Path]:
    """The manifests that are named before the word, else the usual one, else all in this folder."""
    given = [Path(path).expanduser() for path in context.params.get("file") or ()]
    return given or [_DEFAULT if _DEFAULT.exists() else Path()]


def _lockfiles(context: click.Context) -> list[Path]:
    from batchctl.shell.glance import lockfiles_of

    given = context.params.get("lockfile")
    return [Path(given).expanduser()] if given is not None else lockfiles_of(_files(context))


def _about(batch: Batch) -> str:
    return f"{batch.requests} of {batch.job}: {batch.status or 'not ended yet'}"


def register() -> None:
    """For a process that a shell asks what to offer."""
    from click import shell_completion as shells

    class Calm(shells.ShellComplete):
        """Has nothing to offer where anything goes wrong."""

        def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem[str]]:
            try:
                return super().get_completions(args, incomplete)
            except Exception:
                return []

    class Bash(Calm, shells.BashComplete):
        """The words of a line are cut at each `=`, which stands by itself."""

        def get_completion_args(self) -> tuple[list[str], str]:
            args, incomplete = super().get_completion_args()
            kept = [word for before, word in zip(["", *args], args, strict=False)
                    if not (word == "=" and before.startswith("--"))]
            return kept, incomplete

    class Joined(Calm):
        """What is completed of `--target=la` is the whole word."""

        def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem[Any]]:
            name, equals, value = incomplete.partition("=")
            if not equals or not name.startswith("--"):
                return super().get_completions(args, incomplete)
            return [shells.CompletionItem(f"{name}={item.value}", item.type, item.help)
                    for item in super().get_completions([*args, name], value) if item.type == "plain"]

    class Zsh(Joined, shells.ZshComplete):
        """zsh."""

    class Fish(Joined, shells.FishComplete):
        """The script for fish takes what stands before a second comma."""

        def format_completion(self, item: CompletionItem[str]) -> str:
            about = item.help.replace(",", ";") if item.help else None
            return super().format_completion(shells.CompletionItem(item.value, item.type, about))

    for name, kind in (("bash", Bash), ("zsh", Zsh), ("fish", Fish)):
        shells.add_completion_class(kind, name)
