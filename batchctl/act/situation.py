"""Gathers what the planner needs to know around one job: its batches, those that may be its own, and its sinks."""

from __future__ import annotations

import hashlib
from pathlib import Path

from batchctl.act import fetch
from batchctl.act.desk import Desk
from batchctl.act.holdings import Holdings
from batchctl.act.observe import told
from batchctl.decide.known import Candidate, KnownBatch, Phase, SinkFile
from batchctl.decide.planner import Situation
from batchctl.decide.wanted import Wanted
from batchctl.recorded.records import BatchRecord
from batchctl.words.dialects import DIALECTS
from batchctl.words.errors import Refusal, RemoteError, StateError
from batchctl.words.ids import IdIndex, IdList
from batchctl.words.outcomes import Outcome
from batchctl.words.remote import Coordinates, RemoteBatch

_BLOCK = 1 << 20
_ANOTHER = "another batch has this id by now; `batchctl lock rm` gives ours up"


class Surroundings:
    """What is around one job, looked at as often as it is planned in a pass. `where` is its provider today, None for a
    job that only the lockfile has; `sinks` are its sinks' files by path.

    What an ended batch answered is read from the store once, until `refetched` says that it is there anew; a sink is
    read again when its file is another or has been written.
    """

    def __init__(self, desk: Desk, wanted: Wanted, where: Coordinates | None, sinks: dict[str, Path]) -> None:
        self._desk = desk
        self._wanted = wanted
        self._where = where
        self._sinks = sinks
        self._holdings = Holdings(wanted, desk.store, keeps=desk.lockfile is not None)
        self._index: IdIndex | None = None
        self._settled: dict[tuple[Coordinates, str | None], KnownBatch] = {}
        self._digests: dict[Path, tuple[tuple[int, ...], str | None]] = {}

    def situation(self) -> Situation:
        """As things stand now. Raises RemoteError or StateError."""
        desk, wanted, where = self._desk, self._wanted, self._where
        known = tuple(self._known(record) for record in desk.record(wanted.job).batches)
        places = [where] if where is not None else []
        places += [batch.record.provider for batch in known if batch.phase is not Phase.SETTLED]
        candidates = [found for place in dict.fromkeys(places) for found in self._candidates(place)]
        look = desk.look(where, wanted.job) if where is not None else None
        return Situation(
            known=known, candidates=tuple(candidates), sinks=self._sink_files(),
            blocked="" if look is None or look.listed else look.why, resend_lost=desk.options.resend_lost,
            declared=wanted.job in desk.declared, prune=desk.options.prune and not self._is_shared(),
        )

    def refetched(self, record: BatchRecord) -> None:
        """The results of this batch have come into the store."""
        self._settled.pop((record.provider, record.batch_id), None)

    def _is_shared(self) -> bool:
        """Whether a batch of a job that left the manifest is one of a job that is in it, too."""
        desk, job = self._desk, self._wanted.job
        mine = {batch.batch_id for batch in desk.record(job).batches if not batch.is_settled and not batch.is_intent}
        return any(batch.batch_id in mine for name, record in desk.all_records().items()
                   if name != job and name in desk.declared for batch in record.batches)

    def _known(self, record: BatchRecord) -> KnownBatch:
        if record.is_settled:
            place = record.provider, record.batch_id
            if place not in self._settled or self._settled[place].record != record:
                self._settled[place] = self._ended(record)
            return self._settled[place]
        if record.is_intent:
            return KnownBatch(record, Phase.INTENT, ids=self._holdings.at_hand(record.shard))
        ids = self._ids(record.shard, record.input_file_id, record.provider)
        if self._desk.providers is None:
            return KnownBatch(record, Phase.LIVE, ids=ids)
        remote, why = self._remote(record)
        if remote is None:
            gone = not why and record.provider.dialect == "local"
            return KnownBatch(record, Phase.ENDED if gone else Phase.UNREACHABLE, ids=ids, why=why)
        return KnownBatch(record, Phase.ENDED if remote.ended else Phase.LIVE, remote, ids)

    def _candidates(self, where: Coordinates) -> list[Candidate]:
        """Batches with this job's tag that the lockfile does not have as this job's."""
        found = []
        own = {record.batch_id for record in self._desk.record(self._wanted.job).batches
               if record.provider.is_same_server(where)}
        elsewhere = self._desk.known_ids(where) - own
        for remote in self._desk.look(where, self._wanted.job).batches:
            tag = remote.tag
            if tag is None or tag.job != self._wanted.job or remote.id in own:
                continue
            ids = self._ids(tag.shard, remote.input_file_id, where)
            turned_away = remote.status == "failed" and not remote.output_file_id
            if remote.id in elsewhere and not self._asks_any(ids):
                continue
            if ids is not None or not turned_away:
                found.append(Candidate(remote, where, ids))
        return found

    def _asks_any(self, ids: IdList | None) -> bool:
        """Whether the job asks some of these. A batch that the lockfile has under the name of another job, by `lock mv`
        or by a bad merge, counts for this one too where it does: else it would be paid for again."""
        if ids is None:
            return False
        if self._index is None:
            self._index = IdIndex(self._wanted.ids)
        return any(identity in self._index for identity in ids)

    def _ended(self, record: BatchRecord) -> KnownBatch:
        if not len(self._wanted.ids):
            # Nothing is asked of what it holds: neither the provider nor its key is needed.
            return KnownBatch(record, Phase.SETTLED)
        stored = self._desk.store.results(record)
        dialect = DIALECTS.get(record.provider.dialect)
        rest = fetch.otherwise(record, dialect.capacity_codes if dialect else frozenset())
        ids = self._ids(record.shard, record.input_file_id, record.provider)
        if ids is None and stored is not None:
            answered = stored.index.ids()
            return KnownBatch(record, Phase.SETTLED, None, answered, stored.index.outcomes(answered, rest), True,
                              whole=len(answered) >= record.requests)
        outcomes = None
        if ids is not None and stored is not None:
            outcomes = stored.index.outcomes(ids, rest)
        elif ids is not None and record.ok == record.requests:
            outcomes = bytes([Outcome.OK]) * len(ids)
        elif ids is not None and (record.is_lost or not (record.output_file_id or record.error_file_id)):
            outcomes = bytes([rest]) * len(ids)
        return KnownBatch(record, Phase.SETTLED, None, ids, outcomes, stored is not None)

    def _ids(self, shard: str, input_file_id: str | None, where: Coordinates) -> IdList | None:
        found = self._holdings.at_hand(shard)
        if found is not None or self._desk.providers is None or self._desk.never_ran(where):
            return found
        return self._holdings.at_provider(shard, input_file_id, self._desk.provider(where, self._wanted.job))

    def _remote(self, record: BatchRecord) -> tuple[RemoteBatch | None, str]:
        """The batch as its provider shows it now, or what kept that from being asked. Where it answers that there is
        none, the batch is gone for good at the local server, whose data is ours; elsewhere another key may see it."""
        assert record.batch_id is not None
        if self._desk.never_ran(record.provider):
            # Its data is gone, and starting it to be told so would write its folder.
            return None, ""
        listed = self._desk.seen(record.provider, self._wanted.job, record.batch_id)
        # Where the list could not be read, each batch is worth one call, and not the patience of another minute.
        once = not self._desk.look(record.provider, self._wanted.job).listed
        try:
            shown = listed or self._desk.provider(record.provider, self._wanted.job).batch(record.batch_id, once=once)
            return (None, _ANOTHER) if record.is_another(shown) else (shown, "")
        except RemoteError as error:
            if isinstance(error, Refusal) and error.status == 404:
                return None, ""
            if self._desk.look(record.provider, self._wanted.job).listed:
                raise
            return None, told(error)

    def _sink_files(self) -> dict[str, SinkFile]:
        recorded = self._desk.record(self._wanted.job).sinks
        return {
            path: SinkFile(
                digest=recorded[path].digest if path in recorded else None,
                made_from=recorded[path].made_from if path in recorded else None, on_disk=self._on_disk(target))
            for path, target in self._sinks.items()
        }

    def _on_disk(self, path: Path) -> str | None:
        state = _state_of(path)
        if path not in self._digests or self._digests[path][0] != state:
            self._digests[path] = state, file_digest(path)
        return self._digests[path][1]


def _state_of(path: Path) -> tuple[int, ...]:
    """What changes when a file is replaced or written to."""
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def file_digest(path: Path) -> str | None:
    """sha256 of a file's content, None when there is no file. Raises StateError."""
    state = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            while block := file.read(_BLOCK):
                state.update(block)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    except OSError as error:
        raise StateError(f"{path} cannot be read: {error.strerror or error}") from error
    return "sha256:" + state.hexdigest()
