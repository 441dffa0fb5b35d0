"""The store beside a manifest: rendered shards, and results that have been paid for.

    .batchctl/
      .gitignore                 "*"
      run.lock, run.lock.json    the run lock
      shards/<digest>.jsonl      a rendered shard, as uploaded
      shards/<digest>.ids        the ten-byte ids of its requests, in order
      surveys/<name>.bin         what a large job asks for, so that an unchanged one is not rendered to know it
      results/<batch>/           output.jsonl, error.jsonl: written once, verified, then never changed; and
                                 answers.bin, which is made of them
      results/.<batch>.part/     the same on their way here: a later run goes on with them
      quarantine/                what was found damaged, and has been replaced since: nothing reads it
      server/                    the local provider's own data
"""

from __future__ import annotations

import contextlib
import filecmp
import hashlib
import re
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from batchctl.recorded import durable
from batchctl.recorded.answers import ERROR_FILE, OUTPUT_FILE, Answer, AnswerIndex
from batchctl.recorded.records import BatchRecord
from batchctl.words.digest import shard_digest
from batchctl.words.errors import StateError
from batchctl.words.ids import IdList

_SAFE_NAME = re.compile(r"[A-Za-z0-9_-]{1,100}")
_FILES = {OUTPUT_FILE: "output.jsonl", ERROR_FILE: "error.jsonl"}
_INDEX = "answers.bin"


@dataclass(frozen=True, slots=True)
class StoredResults:
    """The fetched results of one batch."""

    folder: Path
    index: AnswerIndex

    def path(self, file: int) -> Path:
        return self.folder / _FILES[file]

    def line(self, answer: Answer) -> bytes:
        """The bytes of an answer's line. Raises StateError when the file cannot be read or is too short."""
        try:
            with open(self.path(answer.file), "rb") as file:
                file.seek(answer.offset)
                line = file.read(answer.length)
        except OSError as error:
            raise StateError(f"stored results cannot be read: {error}") from error
        if len(line) != answer.length:
            raise StateError(f"stored results are cut short: {self.path(answer.file)}")
        return line


class Store:
    """One manifest folder's store. Reading never writes; writing happens under the run lock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._shards = folder / "shards"
        self._results = folder / "results"
        self._quarantine = folder / "quarantine"
        self._surveys = folder / "surveys"

    def prepare(self) -> None:
        """Makes the folders, and keeps them out of version control. Raises StateError."""
        try:
            for folder in (self._shards, self._results):
                durable.make_folder(folder)
            ignore = self.folder / ".gitignore"
            if not ignore.exists():
                self._write_ignore(ignore)
        except OSError as error:
            raise StateError(f"the store {self.folder} cannot be made: {error.strerror or error}") from error

    def _write_ignore(self, path: Path) -> None:
        try:
            durable.write(path, b"*\n")
        except FileNotFoundError:
            if not path.exists():  # else another command has written it, and swept this one's
                raise

    def shard_path(self, digest: str) -> Path:
        return self._shards / f"{digest}.jsonl"

    @contextlib.contextmanager
    def writing_shard(self, digest: str) -> Iterator[BinaryIO]:
        """A new rendered shard, there as a whole or not at all. Raises StateError."""
        try:
            with durable.replacing(self.shard_path(digest), private=True) as file:
                yield file
        except OSError as error:
            raise StateError(f"a shard cannot be written to {self._shards}: {error.strerror or error}") from error

    def ids(self, digest: str) -> IdList | None:
        """The requests of a shard, or None when they are not here or not what the name says."""
        try:
            ids = IdList((self._shards / f"{digest}.ids").read_bytes())
        except (OSError, ValueError):
            return None
        return ids if shard_digest([ids.blob]) == digest else None

    def damaged_ids(self, digest: str) -> Path | None:
        """The file of a shard's ids where it is there, and is not what its name says."""
        path = self._shards / f"{digest}.ids"
        return path if path.exists() and self.ids(digest) is None else None

    def set_aside(self, path: Path) -> Path:
        """Moves a damaged file out of the way, and returns where it is now. Raises StateError."""
        try:
            return _set_aside(path, self._quarantine)
        except OSError as error:
            raise StateError(f"{path} cannot be set aside: {error.strerror or error}") from error

    def keep_ids(self, digest: str, ids: IdList) -> None:
        """Raises StateError."""
        try:
            durable.write(self._shards / f"{digest}.ids", ids.blob, private=True)
        except OSError as error:
            raise StateError(f"a shard's ids cannot be written to {self._shards}: {error.strerror or error}") from error

    def survey(self, name: str) -> bytes | None:
        """What was kept under this name."""
        try:
            return (self._surveys / f"{name}.bin").read_bytes()
        except OSError:
            return None

    def keep_survey(self, name: str, content: bytes) -> None:
        """Raises OSError."""
        durable.make_folder(self._surveys)
        durable.write(self._surveys / f"{name}.bin", content, private=True)

    def drop_survey(self, name: str) -> None:
        """Raises OSError."""
        (self._surveys / f"{name}.bin").unlink(missing_ok=True)

    def results_folder(self, record: BatchRecord) -> Path:
        """Where a batch's results are kept. Ids that a server reuses after losing its data do not collide, as the
        name holds the time of creation too."""
        identity = f"{record.provider.base_url}\n{record.batch_id}\n{record.created_at}\n{record.input_file_id}"
        mark = hashlib.sha256(identity.encode()).hexdigest()
        name = record.batch_id or ""
        return self._results / (f"{name}-{mark[:8]}" if _SAFE_NAME.fullmatch(name) else mark)

    def results(self, record: BatchRecord) -> StoredResults | None:
        """The results of a batch, or None when they are not (or no longer) here as a whole."""
        folder = self.results_folder(record)
        try:
            stored = StoredResults(folder, AnswerIndex((folder / _INDEX).read_bytes()))
            for file in _FILES:
                reach = stored.index.reach(file)
                if reach and stored.path(file).stat().st_size < reach:
                    return None
        except (OSError, ValueError):
            return None
        return stored

    def reindex(self, stored: StoredResults, index: AnswerIndex) -> None:
        """Says anew how the answers of stored results count. Raises StateError."""
        temporary = self._results / f".{secrets.token_hex(8)}.tmp"  # where the next run sweeps
        try:
            durable.write(temporary, index.blob, private=True)
            temporary.replace(stored.folder / _INDEX)
            durable.sync_folder(stored.folder)
        except OSError as error:
            raise StateError(f"results cannot be kept in {stored.folder}: {error.strerror or error}") from error

    def result_files(self, record: BatchRecord) -> tuple[Path, Path]:
        """Where a batch's output and error files are, if they are here."""
        folder = self.results_folder(record)
        return folder / _FILES[OUTPUT_FILE], folder / _FILES[ERROR_FILE]

    def part_folder(self, record: BatchRecord) -> Path:
        """Where a batch's results are while they are downloaded."""
        return self._results / f".{self.results_folder(record).name}.part"

    @contextlib.contextmanager
    def receiving(self, record: BatchRecord) -> Iterator[Receiving]:
        """A folder to download a batch's files into. What is there when the block fails is gone on with by a later run;
        what the block neither keeps nor fails over is removed. Raises StateError, also for what cannot be written in
        the block."""
        receiving = Receiving(self.part_folder(record), self.results_folder(record), self._quarantine)
        try:
            receiving.folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise StateError(f"the store {self._results} cannot be written: {error.strerror or error}") from error
        try:
            yield receiving
        except OSError as error:
            # A disk that is full should not stay so.
            receiving.drop()
            raise StateError(f"results cannot be written to {self._results}: {error.strerror or error}") from error
        receiving.drop()

    def sweep(self) -> None:
        """Removes what killed runs left behind. Only under the run lock."""
        for parent in (self.folder, self._shards, self._results, self._surveys):
            with contextlib.suppress(OSError):
                for path in parent.iterdir():
                    if durable.is_temporary(path):
                        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Receiving:
    """Results on their way into the store."""

    folder: Path
    final: Path
    quarantine: Path

    def path(self, file: int) -> Path:
        return self.folder / _FILES[file]

    def part(self, file: int) -> Path:
        """A file that is not here as a whole."""
        return self.folder / f"{_FILES[file]}.part"

    def drop(self) -> None:
        """Removes what is here."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def keep(self, index: AnswerIndex) -> StoredResults:
        """Makes verified files the batch's results, in place of damaged ones, which are set aside: they have been paid
        for, and may hold what these lack. Raises StateError."""
        try:
            (self.folder / _INDEX).write_bytes(index.blob)
            same = self.folder.with_name(f".{secrets.token_hex(8)}.tmp")
            if _is_same(self.folder, self.final):
                self.final.rename(same)
            elif self.final.exists():
                _set_aside(self.final, self.quarantine)
            durable.move_folder(self.folder, self.final)
            shutil.rmtree(same, ignore_errors=True)
        except OSError as error:
            raise StateError(f"results cannot be kept in {self.final}: {error.strerror or error}") from error
        return StoredResults(self.final, index)


def _is_same(new: Path, old: Path) -> bool:
    """Whether a folder has the very files of another: a run was killed between keeping and recording them."""
    names = {path.name for path in new.iterdir()}
    if not old.is_dir() or {path.name for path in old.iterdir()} != names:
        return False
    return all(filecmp.cmp(new / name, old / name, shallow=False) for name in names)


def _set_aside(path: Path, quarantine: Path) -> Path:
    durable.make_folder(quarantine)
    aside = quarantine / f"{path.name}-{secrets.token_hex(4)}"
    path.rename(aside)
    durable.sync_folder(quarantine)
    durable.sync_folder(path.parent)
    return aside
