"""Takes a batch into the lockfile after making sure that it is what the user says."""

from __future__ import annotations

from dataclasses import replace

from batchctl.act.desk import Options
from batchctl.act.holdings import ids_of_file
from batchctl.act.intents import became
from batchctl.act.project import Project
from batchctl.recorded.records import BatchRecord
from batchctl.recorded.runlock import RunLock
from batchctl.remote.connect import Providers
from batchctl.remote.provider import Provider
from batchctl.words.digest import shard_digest
from batchctl.words.errors import Refusal, Refused
from batchctl.words.events import Emit
from batchctl.words.ids import IdIndex, IdList
from batchctl.words.remote import RemoteBatch


def import_batch(project: Project, name: str, batch_id: str, providers: Providers, emit: Emit, *, force: bool,
                 run_lock_timeout_s: float) -> tuple[BatchRecord, int]:
    """The record, and how many of its requests are wanted. A batch that was adopted becomes one that the user imported,
    and may be cancelled. Raises Refused or RemoteError, with nothing recorded."""
    job = project.jobs[name]
    project.store.prepare()
    with RunLock(project.store.folder, "import", timeout_s=run_lock_timeout_s) as lock:
        lockfile = project.locked(lock)
        desk = project.working(lockfile, providers, Options(), emit)
        adopted = next((batch for batch in lockfile.job(name).batches if batch.batch_id == batch_id
                        and batch.provider.is_same_server(job.provider.where)), None)
        if batch_id in desk.known_ids(job.provider.where) and (adopted is None or adopted.is_ours):
            raise Refused(f"{batch_id} is in {project.shown} already")
        provider = desk.provider(job.provider.where, name)
        remote = provider.batch(batch_id)
        if remote.endpoint is not None and remote.endpoint != job.endpoint and not force:
            raise Refused(f"{batch_id} asks {remote.endpoint}, and the job {job.endpoint}",
                          notes=("--force imports it all the same",))
        ids = _ids(provider, remote)
        index = IdIndex(project.surveys[name].ids)
        wanted = sum(identity in index for identity in ids)
        if not wanted and not force:
            raise Refused(f"none of the requests of {batch_id} is one that the job asks",
                          notes=("--force imports it all the same",))
        record = BatchRecord(
            shard=shard_digest([ids.blob]), attempt=remote.tag.attempt if remote.tag else 1, requests=len(ids),
            provider=job.provider.where, origin="imported", input_file_id=remote.input_file_id, batch_id=remote.id,
            created_at=remote.created_at, revision=job.revision,
            model=(job.model or None) if wanted else None)
        project.store.keep_ids(record.shard, ids)
        begun = next((batch for batch in lockfile.job(name).batches if batch.is_intent and (
            batch.shard, batch.input_file_id) == (record.shard, remote.input_file_id)), None)
        if adopted is not None:
            record = replace(adopted, origin="imported")
            lockfile.change(name, adopted, record)
        elif begun is not None:
            # The create that was never recorded: it was ours all along.
            record = became(begun, remote)
            lockfile.change(name, begun, record)
        else:
            lockfile.add(name, record)
    return record, wanted


def _ids(provider: Provider, remote: RemoteBatch) -> IdList:
    """What the batch holds. Raises Refused where that cannot be told: its answers could not be matched."""
    ids = None
    if remote.input_file_id is not None:
        try:
            ids = ids_of_file(provider, remote.input_file_id)
        except Refusal as refusal:
            if refusal.status != 404:
                raise
            raise Refused(f"the input file of {remote.id} is gone: nobody can tell which requests it holds") from None
    if ids is None:
        raise Refused(f"{remote.id} was not made from a file of batchctl's: its custom_ids carry no digests")
    return ids
