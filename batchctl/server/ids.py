"""How files and batches are named: each vendor's form of ids."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass

CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
ULID_LENGTH = 26


@dataclass(frozen=True, slots=True)
class Ids:
    """What stands before an id's random part, and which of two forms that part has."""

    file_prefix: str = "file-"
    batch_prefix: str = "batch_"
    ulid: bool = False
    """26 letters and digits that begin with the time; else 32 hex digits."""

    def file(self) -> str:
        """A new file's id."""
        return self.file_prefix + self._rest()

    def batch(self) -> str:
        """A new batch's id."""
        return self.batch_prefix + self._rest()

    def _rest(self) -> str:
        return _ulid() if self.ulid else secrets.token_hex(16)


HEX_IDS = Ids()


def _ulid() -> str:
    number = (int(time.time() * 1000) << 80) | secrets.randbits(80)
    return "".join(CROCKFORD[(number >> shift) & 31] for shift in range(5 * (ULID_LENGTH - 1), -1, -5))
