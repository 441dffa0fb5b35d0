"""What jobs ask for: large ones are rendered to know it when something has changed, and remembered while nothing has.

A survey is kept by `apply` alone, as `plan` writes nothing, under a name that says all that it comes from. Whatever is
sent is rendered anew from the inputs, and compared with it; so one that is wrong sends nothing.
"""

from __future__ import annotations

from contextlib import suppress

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


def _fingerprint(job: Job) -> str | None:
    try:
        return fingerprint(job)
    except OSError:
        return None  # reading it for real has the better message


def _name(job: Job) -> str:
    """Manifests of one folder share a store, and may have jobs of the same name."""
    return f"{job.manifest.stem}.{job.name}"
