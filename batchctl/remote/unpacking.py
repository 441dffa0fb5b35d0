"""Refuses answers that unpack to far more than anybody would send."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

#: What is asked for. What httpx would ask for by itself has zstd in it, of which 64 kB can unpack to 2 GB at once.
ASKED = "gzip"
_PLAIN = frozenset({"", "identity"})
_PACKED = frozenset({"gzip", "x-gzip", "deflate"})

#: So many bytes of content for one that was sent. Deflate packs text that repeats itself about 150 to 1, and nothing
#: but one byte over and over 1,030 to 1.
_MOST = 400
#: Content that is never too much.
_FREE_BYTES = 8 << 20


class Bomb(Exception):
    """An answer that would unpack to more than it can mean."""


def unpacked(blocks: Iterable[bytes], coding: str, received: Callable[[], int]) -> Iterator[bytes]:
    """The blocks of an answer's content. `coding` is its Content-Encoding, `received` tells how many bytes have come so
    far. Raises Bomb, for another coding before anything is unpacked."""
    coding = coding.strip().lower()
    if coding not in _PLAIN | _PACKED:
        raise Bomb(f"the answer is packed as {coding[:40]!r}, which was not asked for")
    size = 0
    for block in blocks:
        size += len(block)
        if coding in _PACKED and size > max(_FREE_BYTES, _MOST * received()):
            raise Bomb(f"{received()} bytes unpack to {size} and more")
        yield block
