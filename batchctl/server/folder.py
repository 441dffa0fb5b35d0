"""The data folder's layout, and the port file by which a client finds the server that uses it."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

PROTOCOL = 1


@dataclass(frozen=True, slots=True)
class DataFolder:
    """Where things are below one folder."""

    root: Path

    @property
    def lock(self) -> Path:
        """Locked by the server for as long as it lives."""
        return self.root / "server.lock"

    @property
    def port_file(self) -> Path:
        """Written once the server listens."""
        return self.root / "server.json"

    @property
    def log(self) -> Path:
        """What a server that was started by a client has to say."""
        return self.root / "server.log"

    @property
    def database(self) -> Path:
        """SQLite."""
        return self.root / "server.sqlite3"

    @property
    def files(self) -> Path:
        """The bytes of uploads and results."""
        return self.root / "files"

    def prepare(self) -> None:
        """Makes the folders, for their owner only; the mode of one that is there is not ours to change.

        Raises `OSError`.
        """
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.files.mkdir(mode=0o700, exist_ok=True)


@dataclass(frozen=True, slots=True)
class PortFile:
    """How to reach a running server, and what it was started with."""

    pid: int
    host: str
    port: int
    prefix: str
    token: str
    instance: str
    protocol: int
    dialect: str
    upstream: str | None
    upstream_key_env: str | None

    def write(self, path: Path) -> None:
        """Replaces the file in one step; readable by its owner only."""
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".server.json.")
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump(asdict(self), stream)
        os.replace(name, path)

    @staticmethod
    def read(path: Path) -> PortFile | None:
        """The file's content; None if there is none, or none that makes sense."""
        try:
            return PortFile(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None
