"""One look at a provider: every batch it has, each with the tag that says whose it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from batchctl.remote import normalise
from batchctl.remote.provider import Provider
from batchctl.words.errors import Refusal, RemoteError, Unavailable
from batchctl.words.remote import Observation, RemoteBatch, Tag


def look(provider: Provider) -> Observation:
    """Reads the whole list. A list that cannot be read is a fact about the provider, not an exception: what is
    recorded can still be fetched, but nothing may be created."""
    try:
        seen = list(provider.batches())
        untagged = [batch for batch in seen if batch.tag is None and batch.input_file_id]
        tags = _tags_by_file(provider, untagged) if untagged else {}
    except RemoteError as error:
        return unread(error)
    return Observation(tuple(_tagged(batch, tags) for batch in seen))


def unread(error: RemoteError) -> Observation:
    """A list that could not be read."""
    return Observation(listed=False, why=told(error), away=isinstance(error, Unavailable))


def told(error: RemoteError) -> str:
    """The failure in one line: its notes say what to look at, such as the key that a 401 is about."""
    return "; ".join((error.message, *error.notes))


def _tagged(batch: RemoteBatch, tags: Mapping[str, Tag]) -> RemoteBatch:
    if batch.tag is not None or batch.input_file_id is None:
        return batch
    return replace(batch, tag=tags.get(batch.input_file_id))


def _tags_by_file(provider: Provider, untagged: Iterable[RemoteBatch]) -> dict[str, Tag]:
    """The tags of batches that show no metadata, by the names of their input files."""
    try:
        names = {file.id: file.filename for file in provider.files()}
    except Refusal as refusal:
        if refusal.status not in (404, 405):
            raise
        names = {batch.input_file_id: _name(provider, batch.input_file_id) for batch in untagged
                 if batch.input_file_id}
    found = {identity: normalise.tag_of_filename(name) for identity, name in names.items()}
    return {identity: tag for identity, tag in found.items() if tag is not None}


def _name(provider: Provider, file_id: str) -> str:
    try:
        return provider.file(file_id).filename
    except Refusal as refusal:
        if refusal.status != 404:
            raise
        return ""
