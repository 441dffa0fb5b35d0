"""Files and Batches of one account: each public method is one call of the protocol, or one walk over its pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar, cast
from urllib.parse import quote

from batchctl.remote import normalise, retry
from batchctl.remote.paging import walk
from batchctl.words.dialects import Dialect
from batchctl.words.errors import OutcomeUnknown, Refusal, Unavailable
from batchctl.words.remote import Coordinates, MetadataValue, RemoteBatch, RemoteFile

if TYPE_CHECKING:
    from batchctl.remote.http import Http

_METHOD_NOT_KNOWN = (404, 405)
#: So many batches are asked for one by one.
_FEW = 4
_ALREADY_ENDED = (400, 409)

T = TypeVar("T")


class Provider:
    """One account's endpoint. `where` names it for messages and for the lockfile."""

    def __init__(self, where: Coordinates, dialect: Dialect, http: Http) -> None:
        self.where = where
        self.dialect = dialect
        self.http = http

    def close(self) -> None:
        self.http.close()

    def twin(self) -> Provider:
        """The same account over connections of its own, for another thread."""
        return Provider(self.where, self.dialect, self.http.twin())

    @property
    def _unsaid(self) -> bool:
        """Groq names no other way on than its cursor: a page without one is the last."""
        return self.dialect.pages == "after"

    def batches(self) -> Iterator[RemoteBatch]:
        """Every batch of the account, newest first where the provider sorts so. Raises RemoteError."""
        size = self.dialect.list_page
        params = () if size is None else (("limit", str(size)),)
        for raw in walk(self.http, "/batches", params, unsaid=self._unsaid):
            if (found := normalise.batch(raw)) is not None:
                yield found

    def batch(self, batch_id: str, *, once: bool = False) -> RemoteBatch:
        """Raises Refusal with status 404 for a batch that this key and project cannot see. `once`: not repeated."""
        rule = retry.READ_ONCE if once else retry.READ
        return _made(normalise.batch(self.http.json("GET", f"/batches/{_safe(batch_id)}", rule)), "batch")

    def statuses(self, batch_ids: Sequence[str]) -> dict[str, RemoteBatch]:
        """These batches as they are now, those that this key cannot see left out: by one call for many ids where the
        dialect has it, one by one where they are few, else from the list. Raises RemoteError."""
        wanted, size = frozenset(batch_ids), self.dialect.status_ids
        if len(wanted) <= _FEW:
            found = [batch for batch_id in wanted if (batch := self._visible(batch_id)) is not None]
        elif size:
            ordered = sorted(wanted)
            found = [batch for start in range(0, len(ordered), size)
                     for batch in self._named(ordered[start : start + size])]
        else:
            found = list(self.batches())
        return {batch.id: batch for batch in found if batch.id in wanted}

    def _visible(self, batch_id: str) -> RemoteBatch | None:
        try:
            return self.batch(batch_id)
        except Refusal as refusal:
            if refusal.status != 404:
                raise
            return None

    def _named(self, batch_ids: Sequence[str]) -> Iterator[RemoteBatch]:
        for raw in walk(self.http, "/batches", [("id", batch_id) for batch_id in batch_ids], unsaid=False):
            if (found := normalise.batch(raw)) is not None:
                yield found

    def create(self, *, input_file_id: str, endpoint: str, window: str, metadata: Mapping[str, MetadataValue],
               output_expires_after_s: int | None = None) -> RemoteBatch:
        """Makes a batch: sent once. Raises Refusal (nothing was made) or OutcomeUnknown."""
        body: dict[str, Any] = {"input_file_id": input_file_id, "endpoint": endpoint, "completion_window": window}
        if metadata and self.dialect.metadata.supported:
            body["metadata"] = dict(metadata)
        if output_expires_after_s is not None:
            body["output_expires_after"] = {"anchor": "created_at", "seconds": output_expires_after_s}
        made = normalise.batch(self.http.json("POST", "/batches", retry.CREATE, body=body))
        if made is None:
            raise OutcomeUnknown("POST /batches: the provider's answer names no batch")
        return made

    def cancel(self, batch_id: str) -> RemoteBatch:
        """Asks for a batch to be cancelled; one that has ended already is left as it is."""
        refused: Refusal | None = None
        for method, path in self.dialect.cancel:
            try:
                return _made(normalise.batch(self.http.json(
                    method, path.format(id=_safe(batch_id)), retry.REPEATABLE)), "batch")
            except Refusal as refusal:
                refused = refusal
                if refusal.status not in _METHOD_NOT_KNOWN:
                    break
        assert refused is not None
        if refused.status not in (*_ALREADY_ENDED, *_METHOD_NOT_KNOWN):
            raise refused
        there = self.batch(batch_id)
        if there.ended or there.status == "cancelling":
            return there
        raise refused

    def upload(self, path: Path, filename: str, sent: Callable[[int], None] = lambda _: None) -> RemoteFile:
        """Uploads a file of requests; may be repeated, and so leave a twin of the same name behind.

        `sent` is told the number of bytes that were read for sending so far. Raises Refusal or Unavailable.
        """
        from batchctl.remote.http import FilePart

        part = FilePart(filename, lambda: cast(BinaryIO, _Counting(path, sent)))
        return _made(normalise.file(self.http.upload("/files", {"purpose": "batch"}, part, retry.UPLOAD)), "file")

    def files(self) -> Iterator[RemoteFile]:
        """Every file with the purpose `batch`. Raises RemoteError."""
        size = self.dialect.file_page
        params = (("purpose", "batch"), *(() if size is None else (("limit", str(size)),)))
        for raw in walk(self.http, "/files", params, unsaid=self._unsaid):
            if (found := normalise.file(raw)) is not None:
                yield found

    def file(self, file_id: str) -> RemoteFile:
        return _made(normalise.file(self.http.json("GET", f"/files/{_safe(file_id)}", retry.READ)), "file")

    def delete_file(self, file_id: str) -> None:
        """Deletes a file; one that is gone already is fine."""
        try:
            self.http.json("DELETE", f"/files/{_safe(file_id)}", retry.REPEATABLE)
        except Refusal as refusal:
            if refusal.status != 404:
                raise


class _Counting:
    """A file that tells how far it was read: what is read is about to be sent."""

    def __init__(self, path: Path, sent: Callable[[int], None]) -> None:
        self._file = open(path, "rb")  # noqa: SIM115  closed by the caller's `with`
        self._sent = sent
        self.seek = self._file.seek

    def read(self, size: int = -1) -> bytes:
        block = self._file.read(size)
        self._sent(self._file.tell())
        return block

    def __enter__(self) -> _Counting:
        return self

    def __exit__(self, *exc: object) -> None:
        self._file.close()


def _made(found: T | None, what: str) -> T:
    if found is None:
        raise Unavailable(f"the provider answered without a {what}")
    return found


def _safe(identity: str) -> str:
    """An id as one path segment: ids come from providers and lockfiles, and must not lead elsewhere."""
    return quote(identity, safe="")
