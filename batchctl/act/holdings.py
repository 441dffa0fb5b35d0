"""Which requests a batch holds: from the store, else from a shard that renders the same, else from the provider."""

from __future__ import annotations

import tempfile
from pathlib import Path

import orjson

from batchctl.decide import cuts
from batchctl.decide.wanted import Wanted
from batchctl.recorded.store import Store
from batchctl.remote.download import download
from batchctl.remote.provider import Provider
from batchctl.words.digest import id_of, shard_digest
from batchctl.words.errors import Refusal, StateError
from batchctl.words.ids import IdList


class Holdings:
    """Finds ids by shard digest for one job. `keeps` says whether what is found may be put into the store."""

    def __init__(self, wanted: Wanted, store: Store, *, keeps: bool) -> None:
        self._wanted = wanted
        self._store = store
        self._keeps = keeps
        self._rendered: dict[str, IdList] | None = None

    def at_hand(self, shard: str) -> IdList | None:
        """Without asking the provider."""
        found = self._store.ids(shard)
        if found is None:
            found = self._render().get(shard)
            if found is not None and self._keeps:
                self._store.keep_ids(shard, found)
        return found

    def at_provider(self, shard: str, input_file_id: str | None, provider: Provider) -> IdList | None:
        """From the input file. Raises RemoteError other than that the file is gone, and StateError."""
        if input_file_id is None:
            return None
        try:
            found = ids_of_file(provider, input_file_id)
        except Refusal as refusal:
            if refusal.status != 404:
                raise
            return None
        except OSError as error:
            raise StateError(f"an input file cannot be read into {tempfile.gettempdir()}: "
                             f"{error.strerror or error}") from error
        if found is None or shard_digest([found.blob]) != shard:
            return None
        if self._keeps:
            self._store.keep_ids(shard, found)
        return found

    def _render(self) -> dict[str, IdList]:
        """The shards that the job's requests make when all are sent at once."""
        if self._rendered is None:
            runs = cuts.cut(self._wanted, range(len(self._wanted.ids)))
            picked = (self._wanted.ids.pick(run) for run in runs)
            self._rendered = {shard_digest([ids.blob]): ids for ids in picked}
        return self._rendered


def ids_of_file(provider: Provider, file_id: str) -> IdList | None:
    """The ids in an input file, or None when some line is not a request of batchctl's."""
    with tempfile.TemporaryDirectory(prefix="batchctl-") as folder:
        path = Path(folder) / "input.jsonl"
        download(provider.http, file_id, path)
        blob = bytearray()
        with open(path, "rb") as lines:
            for line in lines:
                try:
                    raw = orjson.loads(line)
                except orjson.JSONDecodeError:
                    return None
                identity = id_of(raw.get("custom_id")) if isinstance(raw, dict) else None
                if identity is None:
                    return None
                blob += identity
    return IdList(bytes(blob))
