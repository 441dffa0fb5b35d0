"""Walks a list page by page, in either of the ways that servers page, and never for ever."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from batchctl.remote import retry
from batchctl.words.errors import Unavailable

if TYPE_CHECKING:
    from batchctl.remote.http import Http, Params

_PAGES = 100_000


def walk(http: Http, path: str, params: Params, *, unsaid: bool) -> Iterator[Mapping[str, Any]]:
    """Every entry of a list, each id once.

    Follows `paging.next_cursor` where a page has one (Groq), else `has_more` with the last id as `after`. `unsaid`: a
    page that does not say whether there is more (Cerebras: null) is not the last one. How long it is tells nothing, as
    servers have page sizes of their own. A page without anything new ends the walk: some servers ignore what they are
    asked to go on from. An empty one that names a cursor does not, as what follows may be all there is. Raises
    RemoteError.
    """
    seen: set[str] = set()
    more: Params = ()
    for _ in range(_PAGES):
        page = http.json("GET", path, retry.READ, params=(*params, *more))
        entries, last = _entries(page, path), None
        for entry in entries:
            identity = _id_of(entry, path)
            if identity not in seen:
                seen.add(identity)
                last = identity
                yield entry
        asked, more = more, _next(page, last, empty=not entries, unsaid=unsaid)
        if not more:
            return
        if last is None and more == asked:
            raise Unavailable(f"GET {path}: an empty page of the list leads to itself")
    raise Unavailable(f"GET {path}: the list has no end")


def _next(page: Any, last: str | None, *, empty: bool, unsaid: bool) -> Params:
    """What asks for the page after this one; nothing at the end."""
    if not isinstance(page, Mapping):
        return ()
    paging = page.get("paging")
    cursor = paging.get("next_cursor") if isinstance(paging, Mapping) else None
    if isinstance(cursor, str) and cursor and (last is not None or empty):
        return (("cursor", cursor),)
    if last is None:
        return ()
    has_more = page.get("has_more")
    return (("after", last),) if has_more or (has_more is None and unsaid) else ()


def _id_of(entry: Any, path: str) -> str:
    """Raises Unavailable for an entry that names nothing: it may be a batch of ours, and passed over, it would be made
    again."""
    identity = entry.get("id") if isinstance(entry, Mapping) else None
    if not isinstance(identity, str) or not identity:
        raise Unavailable(f"GET {path}: the provider lists something without an id")
    return identity


def _entries(page: Any, path: str) -> list[Any]:
    """The entries of a page. Raises Unavailable for what is no list: an answer that only looks empty would let
    everything be made again."""
    entries = page if isinstance(page, list) else page.get("data")
    if entries is None and ("data" in page or page.get("object") == "list"):
        return []
    if not isinstance(entries, list):
        raise Unavailable(f"GET {path}: the provider answered without a list")
    return entries
