"""Damaged result files, as bytes made from whole ones."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

Lines = list[bytes]

_HTML = b"<html><body>504 Gateway Time-out</body></html>\n"
_BIG = 10 << 20


@dataclass(frozen=True, slots=True)
class Damage:
    """`whole`: every answer is there all the same, and has to be taken; else nothing of it may be."""

    id: str
    content: bytes
    whole: bool = False


def cuts(content: bytes) -> Iterator[Damage]:
    """Cut short at every line's end, one byte before, and one after."""
    ends = [at + 1 for at, byte in enumerate(content) if byte == 0x0A]
    for number, end in enumerate(ends):
        for off in (-1, 0, 1):
            at = end + off
            if at < len(content):
                # The last line without its newline is a whole line.
                yield Damage(f"cut {off:+} at the end of line {number + 1}", content[:at], at == len(content) - 1)
    yield Damage("cut in the middle of the first line", content[: ends[0] // 2])
    yield Damage("empty", b"")


def losses(lines: Lines) -> Iterator[Damage]:
    """Some answer is not there, or names another request."""
    for at in range(len(lines)):
        without = lines[:at] + lines[at + 1 :]
        yield Damage(f"line {at + 1} missing", b"".join(without))
        yield Damage(f"line {at + 1} missing, another twice", b"".join([*without, without[0]]))
        yield Damage(f"line {at + 1} names a request of somebody else", b"".join(
            [*without, _changed(lines[at], custom_id="k-" + "ab" * 10)]))
        yield Damage(f"line {at + 1} glued to the next", b"".join(lines).replace(lines[at], lines[at][:-1], 1),
                     whole=at == len(lines) - 1)
    for name, value in (("null", None), ("a number", 7), ("absent", ...), ("empty", ""), ("a list", ["k"])):
        yield Damage(f"a custom_id that is {name}", b"".join([_changed(lines[0], custom_id=value), *lines[1:]]))
    yield Damage("all of another batch", b"".join(
        _changed(line, custom_id=f"k-{at:020x}") for at, line in enumerate(lines)))


def instead(lines: Lines) -> Iterator[Damage]:
    """Something else than results."""
    whole = b"".join(lines)
    for name, content in {
        "HTML": _HTML, "an error body": b'{"error": {"message": "internal", "type": "server_error"}}\n',
        "a list": b'{"object": "list", "data": []}\n', "a JSON array": b"[" + b",".join(map(bytes.strip, lines)) + b"]",
        "null": b"null\n", "a number": b"7\n", "a string": b'"ok"\n', "gzip": gzip.compress(whole),
        "UTF-16": whole.decode().encode("utf-16"), "NULs": b"\0" * 512, "a newline": b"\n", "spaces": b" " * 99,
        "deep nesting": b"[" * 200_000 + b"\n",
    }.items():
        yield Damage(f"{name} instead", content)
        if content.strip(b"\n \0"):
            yield Damage(f"{name} at the end", b"".join([*lines[:-1], content]))
    yield Damage("NULs at the end", whole[: -len(lines[-1])] + b"\0" * len(lines[-1]))
    yield Damage("invalid UTF-8", whole.replace(b"answer", b"ans\xffwer", 1))
    yield Damage("half a character", whole.replace(b"answer", b"ans\xe2\x80wer", 1))
    yield Damage("a raw NUL in a string", whole.replace(b"answer", b"ans\0wer", 1))
    yield Damage("two objects on a line", whole + lines[0][:-1] + lines[0])
    yield Damage("a flipped brace", whole.replace(b"}}", b"}]", 1))


def oddities(lines: Lines) -> Iterator[Damage]:
    """Odd, and whole."""
    whole, other = b"".join(lines), random.Random(7)
    for name, content in {
        "as it is": whole, "reversed": b"".join(reversed(lines)), "twice": whole + whole,
        "shuffled": b"".join(other.sample(lines, len(lines))), "CRLF": whole.replace(b"\n", b"\r\n"),
        "blank lines": whole.replace(b"\n", b"\n\n"), "a byte order mark": b"\xef\xbb\xbf" + whole,
        "lines of others": whole + _changed(lines[0], custom_id="other") + _changed(
            lines[0], custom_id="k-" + "cd" * 10),
        "a failure beside the answer": _failed(lines[0]) + whole + _failed(lines[-1]),
        "U+2028 and U+2029": _said(lines, "a\u2028b\u2029c\x85d"), "a lone surrogate": whole.replace(
            b"answer", b"\\ud800", 1), "an escaped NUL": whole.replace(b"answer", b"\\u0000", 1),
        "NaN and Infinity": whole.replace(b'"error": null', b'"error": null, "p": NaN, "q": -Infinity', 1),
        "a huge integer": whole.replace(b'"error": null', b'"error": null, "n": ' + b"9" * 300, 1),
        "a line of 10 MB": _said(lines, "x" * _BIG), "nested 400 deep": whole.replace(
            b'"error": null', b'"error": null, "x": ' + b"[" * 400 + b"]" * 400, 1),
        "formulas and escapes": _said(lines, "=1+1\x1b[2J{{ 7*7 }}"),
        "a twin key": whole.replace(b'"error": null', b'"error": null, "error": null', 1),
    }.items():
        yield Damage(name, content, whole=True)


EVERY: tuple[Callable[[Lines], Iterator[Damage]], ...] = (
    lambda lines: cuts(b"".join(lines)), losses, instead, oddities)


def _changed(line: bytes, **members: Any) -> bytes:
    raw = json.loads(line) | members
    return json.dumps({name: value for name, value in raw.items() if value is not ...}).encode() + b"\n"


def _said(lines: Lines, text: str) -> bytes:
    first = json.loads(lines[0])
    body = first["response"]["body"]
    if "choices" in body:
        body["choices"][0]["message"]["content"] = text
    else:
        body["error"]["message"] = text
    return json.dumps(first, ensure_ascii=False).encode() + b"\n" + b"".join(lines[1:])


def _failed(line: bytes) -> bytes:
    return _changed(line, response={"status_code": 500, "body": {"error": {"message": "no"}}})
