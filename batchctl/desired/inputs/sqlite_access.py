"""A connection to one SQLite file that can read it, and do nothing else.

Nothing is written beside the file either: a database in WAL mode that nobody has open is opened as immutable, as SQLite
would else make its `-wal` and `-shm` files (https://www.sqlite.org/wal.html#read_only_databases).
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from urllib.parse import quote

from batchctl.desired.inputs.looks import START, look_of
from batchctl.desired.inputs.opening import Opening, mistaken, unusable
from batchctl.desired.inputs.streams import open_regular

#: Seconds to wait for another program that writes, and steps of SQLite's machine between two signs of life.
_BUSY_S = 5.0
_STEPS = 100_000

#: Bytes of a text or blob, and of a row.
MAX_VALUE = 64 * 2**20

#: The two bytes of the header that tell WAL mode, where both are 2.
_VERSIONS = slice(18, 20)

#: What a query may do, and the pragmas that full-text search asks for itself.
_READS = frozenset((sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE))
_PRAGMAS = frozenset(("data_version", "table_info", "table_xinfo"))

#: Functions that give something else at every run.
_CHANCE = frozenset(("random", "randomblob"))


def connect(opening: Opening) -> sqlite3.Connection:
    """The open file, as yet without a guard. Raises SourceFailed and sqlite3.Error."""
    database = sqlite3.connect(_address(opening), uri=True, timeout=_BUSY_S, isolation_level=None)

    def alive() -> int:
        opening.alive()
        return 0  # go on

    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_VALUE)
    database.execute("PRAGMA trusted_schema = OFF")
    database.set_progress_handler(alive, _STEPS)
    return database


class Guard:
    """Lets a query read, and nothing else. SQLite asks it about every table, column and function."""

    def __init__(self) -> None:
        #: What was not allowed, in words.
        self.refused = ""
        #: Whether that was a function that gives something else at every run.
        self.chance = False

    def allows(self, action: int, first: str | None, second: str | None, *_: str | None) -> int:
        """SQLite's authorizer (https://www.sqlite.org/c3ref/set_authorizer.html)."""
        if action in _READS or (action == sqlite3.SQLITE_PRAGMA and first in _PRAGMAS):
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_FUNCTION:
            name = (second or "").lower()
            if name not in {*_CHANCE, "load_extension"}:
                return sqlite3.SQLITE_OK
            self.refused, self.chance = f"{name}()", name in _CHANCE
        elif action == sqlite3.SQLITE_PRAGMA:
            self.refused = f"pragma {first}"
        else:
            self.refused = "another file" if action == sqlite3.SQLITE_ATTACH else "a write"
        return sqlite3.SQLITE_DENY


def _address(opening: Opening) -> str:
    """The file's URI, with how it may be opened. Raises SourceFailed for what is no database."""
    path = opening.file.path
    assert path is not None
    with open_regular(opening.file) as file:
        start = file.read(max(START, _VERSIONS.stop))
    look = look_of(start)
    if look is None or look.format != "sqlite":
        raise mistaken(opening, start, "an SQLite database")
    mode = "mode=ro"
    if start[_VERSIONS] == b"\2\2":
        log, shared = (Path(f"{path}{suffix}") for suffix in ("-wal", "-shm"))
        if not log.exists() or not log.stat().st_size:
            mode = "mode=ro&immutable=1"
        elif not shared.exists():
            raise unusable(opening, "input-damaged", f"{log.name} beside it holds changes that were never merged",
                           f'open it once: sqlite3 {opening.file.shown} "pragma wal_checkpoint(truncate)"')
    return f"file:{quote(str(path))}?{mode}"
