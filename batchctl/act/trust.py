"""Which addresses may be asked, and with which key: a lockfile alone decides neither.

The lockfile records where a batch lives, so that it is found when the manifest has moved on. Whoever can edit that file
could otherwise have any variable of the environment sent to any address, in a change that looks like bookkeeping.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from batchctl.words.dialects import DIALECTS
from batchctl.words.errors import UntrustedAddress
from batchctl.words.remote import Coordinates


@dataclass(frozen=True, slots=True)
class Trust:
    """`named` are the addresses of a manifest's jobs, each with the variable of its key; `urls` those that the user
    vouches for on the command line, with whichever variable the lockfile names for them."""

    named: frozenset[tuple[str | None, str | None]] = frozenset()
    urls: frozenset[str] = frozenset()

    def check(self, where: Coordinates, lockfile: str) -> None:
        """Raises UntrustedAddress for coordinates that nobody but the lockfile knows."""
        if where.dialect == "local" or _is_vendors_own(where) or self._is_named(where):
            return
        if (where.base_url or "").rstrip("/") in self.urls:
            return
        key = f", with the key in {where.api_key_env}" if where.api_key_env else ""
        raise UntrustedAddress(
            f"{lockfile} has batches at {where.base_url}{key}, and the manifest names no such provider", notes=(
                "nothing was sent there: a lockfile alone does not decide where a key goes",
                f"if both are right, add --trust-url {where.base_url}, or name that provider in a job of the manifest"))

    def _is_named(self, where: Coordinates) -> bool:
        if where.api_key_env is None:
            return any(url == where.base_url for url, _ in self.named)
        return (where.base_url, where.api_key_env) in self.named


def trust(named: Iterable[Coordinates], urls: Iterable[str]) -> Trust:
    """What the jobs of a manifest and the command line vouch for."""
    return Trust(frozenset((where.base_url, where.api_key_env) for where in named),
                 frozenset(url.rstrip("/") for url in urls))


def _is_vendors_own(where: Coordinates) -> bool:
    """A vendor's own address, with no key but the vendor's own."""
    dialect = DIALECTS.get(where.dialect)
    return dialect is not None and dialect.base_url is not None and where.base_url in (None, dialect.base_url) and (
        where.api_key_env in (None, dialect.api_key_env))
