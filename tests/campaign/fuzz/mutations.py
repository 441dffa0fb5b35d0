"""Small changes to kept inputs: bytes, lines and pieces that parsers trip over."""

from __future__ import annotations

import random

_TEXTS = (
    "{", "}", "[", "]", ":", ",", '"', "'", "- ", "\t", "\n", "\r", "\r\n", "\0", "\\", "\\u0000", "\\ud800", "\ud800",
    "\u2028", "\ufeff", "*a", "&a ", "!x ", "<<: ", "null", "true", "no", "010", "1e999", "-1", "NaN", "Infinity",
    "9" * 40, "---\n", "#", "{{", "}}", "{%", "{#", "../", "~", "%", "@", "://", "http://[", "<<<<<<< HEAD\n",
    "=======\n", ">>>>>>> x\n", '"data":', '"custom_id":', '"response":', '"error":', '"jobs":', '"version":',
    "{env: X}",
)
_PIECES = (*(text.encode("utf-8", "surrogatepass") for text in _TEXTS), b"\xff", b"\xc3", b"\xf0\x9f", b"\x1f\x8b",
           b"\x28\xb5\x2f\xfd")


def mutated(rng: random.Random, seeds: list[bytes]) -> bytes:
    """One of the seeds with one to six changes."""
    data = bytearray(rng.choice(seeds))
    for _ in range(rng.randint(1, 6)):
        at = rng.randint(0, len(data))
        end = min(len(data), at + rng.choice((0, 1, 1, 3, 10, 60)))
        match rng.randrange(6):
            case 0 if data:
                data[min(at, len(data) - 1)] ^= 1 << rng.randrange(8)
            case 1:
                del data[at:end]
            case 2:
                data[at:at] = data[at:end]
            case 3:
                other = rng.choice(seeds)
                start = rng.randint(0, len(other))
                data[at:end] = other[start : start + rng.choice((1, 8, 40, 200))]
            case 4:
                data[at:at] = rng.choice(_PIECES) * rng.choice((1, 1, 1, 2, 70))
            case _:
                data[at:end] = rng.choice(_PIECES)
    return bytes(data)
