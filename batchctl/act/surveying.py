"""What jobs ask for: large ones are rendered to know it when something has changed, and remembered while nothing has.

A survey is kept by `apply` alone, as `plan` writes nothing, with a fingerprint of all that it comes from. What is
rendered to be sent is compared with it: one that is wrong sends nothing, and is dropped by the apply that finds it so.
"""

from __future__ import annotations

from contextlib import suppress
from importlib.metadata import PackageNotFoundError

from batchctl.desired.job import Job
from batchctl.desired.render import kept
from batchctl.desired.render.fingerprint import fingerprint
from batchctl.desired.render.survey import Desired, survey
from batchctl.recorded.store import Store
from batchctl.words.events import Emit, Rendering


def surveyed(job: Job, store: Store, workers: int | None, emit: Emit, *, anew: bool) -> tuple[Desired, str | None]:
    """What the job asks for, and the fingerprint under which that is worth keeping and not yet kept; `anew`: rendered
    and checked in any case. Raises InvalidInput."""
    mark = None if anew else _fingerprint(job)
    content = store.survey(_name(job)) if mark is not None else None
    if content is not None and mark is not None and (known := kept.from_bytes(content, mark)) is not None:
        emit(Rendering(job.name, known.rows, known.rows, done=True))
        return known, None
    return survey(job, workers=workers, emit=emit), mark


def keep(job: Job, store: Store, desired: Desired, mark: str) -> None:
    """Keeps a survey, unless an input has changed since its fingerprint was taken. What cannot be kept is made anew the
    next time."""
    if _fingerprint(job) == mark and (content := kept.to_bytes(desired, mark)) is not None:
        with suppress(OSError):
            store.keep_survey(_name(job), content)


def drop(job: Job, store: Store) -> None:
    """Forgets what is known of a job: its inputs gave something else."""
    with suppress(OSError):
        store.drop_survey(_name(job))


def _fingerprint(job: Job) -> str | None:
    try:
        return fingerprint(job)
    except (OSError, PackageNotFoundError):
        return None  # of a file that cannot be read, reading it for real says more


def _name(job: Job) -> str:
    """Manifests of one folder share a store, and may have jobs of the same name."""
    return f"{job.manifest.stem}.{job.name}"
