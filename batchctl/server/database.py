"""The server's SQLite file: its schema, its one connection, and transactions that survive a power cut."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SCHEMA_VERSION = 1

SCHEMA = """
CREATE TABLE numbers (name TEXT PRIMARY KEY, value REAL NOT NULL) WITHOUT ROWID;

CREATE TABLE files (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    purpose TEXT NOT NULL,
    filename TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    deleted INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE batches (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    endpoint TEXT NOT NULL,
    input_file_id TEXT NOT NULL,
    completion_window TEXT NOT NULL,
    window_s INTEGER NOT NULL,
    metadata TEXT,
    output_expires_s INTEGER,
    uptime_at_creation REAL NOT NULL,
    anchor_at_creation REAL NOT NULL,
    status TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    in_progress_at INTEGER,
    finalizing_at INTEGER,
    completed_at INTEGER,
    failed_at INTEGER,
    expired_at INTEGER,
    cancelling_at INTEGER,
    cancelled_at INTEGER,
    expires_at INTEGER,
    errors TEXT,
    output_file_id TEXT,
    error_file_id TEXT,
    model TEXT,
    total INTEGER NOT NULL DEFAULT 0,
    completed INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0,
    input_tokens INTEGER NOT NULL DEFAULT 0,
    cached_tokens INTEGER NOT NULL DEFAULT 0,
    output_tokens INTEGER NOT NULL DEFAULT 0,
    reasoning_tokens INTEGER NOT NULL DEFAULT 0
);

CREATE INDEX batches_by_status ON batches (status);

-- One row per line of a batch's input file; `sent` counts how often it was handed to the upstream.
CREATE TABLE lines (
    batch INTEGER NOT NULL,
    line INTEGER NOT NULL,
    start INTEGER NOT NULL,
    size INTEGER NOT NULL,
    custom_id TEXT NOT NULL,
    sent INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (batch, line)
) WITHOUT ROWID;

-- An answer is what was paid for: it is here before the line counts as answered, once, in order of arrival.
CREATE TABLE answers (
    arrival INTEGER PRIMARY KEY AUTOINCREMENT,
    batch INTEGER NOT NULL,
    line INTEGER NOT NULL,
    ok INTEGER NOT NULL,
    record BLOB NOT NULL,
    UNIQUE (batch, line)
);
"""


class DatabaseTooNewError(Exception):
    """The data folder was written by a later version of this program."""


class Database:
    """One connection, used from one thread, in explicit transactions.

    `synchronous=FULL` makes each commit wait for the disk. That is affordable because answers are
    committed in groups, and it means that not even a power cut makes a paid answer be asked for again.
    """

    def __init__(self, path: Path) -> None:
        """Opens or creates the file.

        Raises `DatabaseTooNewError`, or `sqlite3.Error` for a file that cannot be read.
        """
        self.path = path
        self.connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            self.connection.execute("PRAGMA journal_mode = WAL")
            self.connection.execute("PRAGMA synchronous = FULL")
            self._create_or_check()
        except BaseException:
            self.connection.close()
            raise

    def _create_or_check(self) -> None:
        (version,) = self.connection.execute("PRAGMA user_version").fetchone()
        if version > SCHEMA_VERSION:
            raise DatabaseTooNewError(
                f"{self.path} has schema {version}; this program knows {SCHEMA_VERSION}"
            )
        if version == 0:
            self.connection.executescript(
                f"BEGIN IMMEDIATE;{SCHEMA};PRAGMA user_version = {SCHEMA_VERSION};COMMIT;"
            )

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing, and on the disk when the block has ended. Not to be nested, nor to await in."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield self.connection
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    def number(self, name: str) -> float:
        """A stored number, 0.0 if never set."""
        row = self.connection.execute("SELECT value FROM numbers WHERE name = ?", (name,)).fetchone()
        return float(row[0]) if row else 0.0

    def set_number(self, name: str, value: float) -> None:
        """Stores a number; a transaction of its own unless one is open."""
        self.connection.execute("INSERT OR REPLACE INTO numbers VALUES (?, ?)", (name, value))

    def close(self) -> None:
        """Closes the connection, which also folds the write-ahead log into the file."""
        self.connection.close()
