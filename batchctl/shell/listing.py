"""The batches at the providers that some jobs use, and whose each one is."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from batchctl.act.desk import Account, Options
from batchctl.remote.connect import Providers
from batchctl.shell.session import Session
from batchctl.show.batches import Listed
from batchctl.words.remote import Coordinates, RemoteBatch


def listed(session: Session, providers: Providers, *, statuses: frozenset[str], most: int | None) -> Iterator[Listed]:
    """Account by account, newest first. Raises RemoteError when a list cannot be read."""
    asked: set[tuple[Account, Path | None]] = set()
    told: set[tuple[Coordinates, Path | None, str]] = set()
    desks = [(project, project.looking(providers, Options())) for project in session.projects]
    owners = {batch.batch_id: name for _, desk in desks
              for name, record in desk.recorded.jobs.items() for batch in record.batches}
    for project, desk in desks:
        for job in project.jobs.values():
            where = job.provider.where
            folder = project.store.folder if where.dialect == "local" else None
            account = desk.account(where, job.name)
            if (account, folder) in asked:
                continue
            asked.add((account, folder))
            observed = desk.provider(where, job.name).batches()
            chosen = (batch for batch in observed if not statuses or batch.status in statuses)
            for batch in islice(chosen, most):
                # Accounts that differ in a header of no weight, such as a trace id, have the same batches.
                if (where, folder, batch.id) not in told:
                    told.add((where, folder, batch.id))
                    yield _listed(where, batch, owners)


def _listed(where: Coordinates, batch: RemoteBatch, owners: dict[str | None, str]) -> Listed:
    if batch.id in owners:
        return Listed(where.name, batch, owners[batch.id], recorded=True)
    return Listed(where.name, batch, batch.tag.job if batch.tag else None, recorded=False)
