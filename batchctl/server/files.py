"""Uploaded and produced files: one row each in the database, the bytes beside it in the data folder."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from batchctl.server.batches import LIVE
from batchctl.server.database import Database
from batchctl.server.ids import HEX_IDS, Ids

COLUMNS = "key, id, purpose, filename, bytes, created_at, expires_at"
VISIBLE = "deleted = 0 AND (expires_at IS NULL OR expires_at > :now)"
# The input of a batch that has not ended is kept on disk, even when it was deleted or has expired.
IN_USE = f"SELECT input_file_id FROM batches WHERE status IN {LIVE}"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file as the database knows it; timestamps are Unix seconds."""

    key: int
    id: str
    purpose: str
    filename: str
    bytes: int
    created_at: int
    expires_at: int | None


class FileShelf:
    """The files of one data folder."""

    def __init__(self, database: Database, folder: Path, ids: Ids = HEX_IDS) -> None:
        self.database = database
        self.folder = folder
        self.ids = ids

    def path(self, file_id: str) -> Path:
        """Where the bytes of a file are."""
        return self.folder / file_id

    def part_path(self, file_id: str) -> Path:
        """Where the bytes are until they are complete."""
        return self.folder / f"{file_id}.part"

    def make_durable(self, file_id: str) -> None:
        """Moves a complete `.part` to its name, on the disk on return: too slow for the event loop."""
        part = self.part_path(file_id)
        _sync(part)
        os.replace(part, self.path(file_id))
        if os.name == "posix":
            _sync(self.folder)

    def add(
        self, file_id: str, *, purpose: str, filename: str, size: int, now: int, expires_at: int | None
    ) -> StoredFile:
        """Registers a file whose bytes are in place; part of the caller's transaction if one is open."""
        self.database.connection.execute(
            "INSERT INTO files (id, purpose, filename, bytes, created_at, expires_at) VALUES (?,?,?,?,?,?)",
            (file_id, purpose, filename, size, now, expires_at),
        )
        found = self.find(file_id, now)
        assert found is not None
        return found

    def find(self, file_id: str, now: int) -> StoredFile | None:
        """The file, unless it is unknown, deleted or expired."""
        row = self.database.connection.execute(
            f"SELECT {COLUMNS} FROM files WHERE id = :id AND {VISIBLE}", {"id": file_id, "now": now}
        ).fetchone()
        return StoredFile(*row) if row else None

    def page(
        self, *, now: int, purpose: str | None, after: StoredFile | None, newest_first: bool, limit: int
    ) -> list[StoredFile]:
        """Up to `limit` visible files after the given one, by age."""
        where = [VISIBLE]
        values: dict[str, int | str | None] = {"now": now, "limit": limit, "purpose": purpose}
        if purpose is not None:
            where.append("purpose = :purpose")
        if after is not None:
            where.append("key < :after" if newest_first else "key > :after")
            values["after"] = after.key
        rows = self.database.connection.execute(
            f"SELECT {COLUMNS} FROM files WHERE {' AND '.join(where)}"
            f" ORDER BY key {'DESC' if newest_first else 'ASC'} LIMIT :limit",
            values,
        )
        return [StoredFile(*row) for row in rows]

    def delete(self, file: StoredFile) -> None:
        """Makes a file unknown; its bytes go with the next `remove_gone` that finds them unused."""
        self.database.connection.execute("UPDATE files SET deleted = 1 WHERE key = ?", (file.key,))

    def remove_gone(self, now: int) -> None:
        """Removes the bytes of files that were deleted or have expired and that no live batch reads."""
        gone = self.database.connection.execute(
            f"SELECT id FROM files WHERE (deleted = 1 OR expires_at <= ?) AND id NOT IN ({IN_USE})", (now,)
        ).fetchall()
        for (file_id,) in gone:
            try:
                self.path(file_id).unlink(missing_ok=True)
            except OSError:
                # Somebody has it open, where the system minds that; it goes with a later sweep.
                continue
            self.database.connection.execute("DELETE FROM files WHERE id = ?", (file_id,))

    def remove_strays(self) -> None:
        """Removes what a crash left half written. Only at the start: it would take an upload for one."""
        known = {row[0] for row in self.database.connection.execute("SELECT id FROM files")}
        for entry in list(self.folder.iterdir()):
            if entry.name not in known:
                entry.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
