"""What may happen to a lockfile: by disks, editors, git, other versions and other people."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

#: The name of a damage, and the bytes.
Damage = tuple[str, bytes]

#: Keys of one block as JSON objects: the damage changes them in place.
_Edit = Callable[[dict[str, Any]], object]


def truncated(whole: bytes) -> Iterator[Damage]:
    """Cut at every byte but the last newline."""
    yield from ((f"cut at {at}", whole[:at]) for at in range(len(whole) - 1))


def flipped(whole: bytes, bit: int) -> Iterator[Damage]:
    """One bit changed, in every byte."""
    for at in range(len(whole)):
        data = bytearray(whole)
        data[at] ^= 1 << bit
        yield f"bit {bit} of byte {at}", bytes(data)


def conflicts(whole: bytes) -> Iterator[Damage]:
    """Conflict markers of three styles around every line, as git writes them, with both ends of line."""
    lines = whole.decode().splitlines()
    styles = {
        "merge": ["<<<<<<< HEAD", "{}", "=======", "{}", ">>>>>>> theirs"],
        "diff3": ["<<<<<<< HEAD", "{}", "||||||| 1f2e3d4", "{}", "=======", "{}", ">>>>>>> theirs"],
        "one side": ["<<<<<<< HEAD", "=======", "{}", ">>>>>>> theirs"],
        "half taken away": ["{}", ">>>>>>> theirs"],
    }
    for at, line in enumerate(lines):
        for name, style in styles.items():
            marked = [*lines[:at], *(mark.replace("{}", line) for mark in style), *lines[at + 1 :]]
            end = "\r\n" if at % 2 else "\n"
            yield f"{name} conflict at line {at + 1}", (end.join(marked) + end).encode()


def unreadable(whole: bytes) -> Iterator[Damage]:
    """What is no lockfile, or one of a version that is not known here."""
    yield from (("empty", b""), ("blank", b" \n\n"), ("zeros", b"\0" * len(whole)), ("html", b"<html></html>\n"),
                ("list", b"[]"), ("null", b"null"), ("number", b"1"), ("UTF-16", whole.decode().encode("utf-16")),
                ("Latin-1", b'{"a": "\xe9"}'), ("twice", whole + whole), ("deep", b"[" * 100_000),
                ("a comment", b"// x\n" + whole), ("a comma at the end", whole.rstrip()[:-1] + b",}\n"))
    for key in ("version", "digest_version"):
        for value in (0, -1, 2, 99, 10**30, 1.0, "1", True, None, [], {}):
            yield f"{key} {value!r}", edited(whole, lambda top, key=key, value=value: top.update({key: value}))
        yield f"no {key}", edited(whole, lambda top, key=key: top.pop(key))
    yield "no jobs", edited(whole, lambda top: top.pop("jobs"))
    for key in ("version", "jobs", "batches", "shard", "attempt", "provider", "base_url"):
        yield f"two of {key}", whole.replace(f'"{key}":'.encode(), f'"{key}": 1, "{key}":'.encode(), 1)
    for name, change in _impossible().items():
        yield name, edited(whole, change)


def harmless(whole: bytes) -> Iterator[Damage]:
    """What editors, git and newer versions do, and what changes no fact."""
    text = whole.decode()
    yield from (("BOM", b"\xef\xbb\xbf" + whole), ("CRLF", text.replace("\n", "\r\n").encode()),
                ("BOM and CRLF", b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()),
                ("no newline at the end", whole.rstrip()), ("one line", json.dumps(json.loads(text)).encode()),
                ("tabs", json.dumps(json.loads(text), indent="\t").encode()))
    for name, change in {
        "an unknown field at the top": lambda top: top.update(later={"a": [1]}),
        "an unknown field of a job": lambda top: _job(top).update(later=[None]),
        "an unknown field of a batch": lambda top: _batch(top).update(later="x"),
        "no note": lambda top: top.pop("//"),
        "keys in another order": lambda top: top.update(reversed(list(top.items()))),
    }.items():
        yield name, edited(whole, change)


def foreign(whole: bytes) -> Iterator[Damage]:
    """A lockfile that says what is not so: entries of other projects, providers and accounts, and bad merges."""
    other = edited(whole, _of_another_project)
    yield "of another project", other
    yield "of another project too", edited(whole, lambda top: top["jobs"].update(json.loads(other)["jobs"]))
    yield "no job at all", edited(whole, lambda top: top["jobs"].clear())
    yield "no batch at all", edited(whole, lambda top: _job(top)["batches"].clear())
    yield "the same batch twice", edited(whole, lambda top: _job(top)["batches"].append(dict(_batch(top))))
    yield "the batch in another job as well", edited(whole, lambda top: top["jobs"].update(others=dict(_job(top))))
    yield "the job under another name", edited(
        whole, lambda top: top["jobs"].update(others=top["jobs"].pop("labels")))
    for name, fields in _other_facts().items():
        yield f"{name} of another", edited(whole, lambda top, fields=fields: _batch(top).update(fields))
    for name, fields in _other_places().items():
        yield f"{name} of another", edited(whole, lambda top, fields=fields: _batch(top)["provider"].update(fields))
    for key in json.loads(whole)["jobs"]["labels"]["batches"][0]:
        if key not in ("shard", "attempt", "requests", "provider"):
            yield f"without {key}", edited(whole, lambda top, key=key: _batch(top).pop(key))


def edited(whole: bytes, change: _Edit) -> bytes:
    document = json.loads(whole)
    change(document)
    return (json.dumps(document, indent=2) + "\n").encode()


def _job(top: dict[str, Any]) -> dict[str, Any]:
    job: dict[str, Any] = top["jobs"]["labels"]
    return job


def _batch(top: dict[str, Any]) -> dict[str, Any]:
    batch: dict[str, Any] = _job(top)["batches"][0]
    return batch


def _of_another_project(top: dict[str, Any]) -> None:
    block = _batch(top)
    block.update(shard="12" * 32, batch_id="batch_other", input_file_id="file-other")
    top["jobs"] = {"others": {"batches": [block], "sinks": {}}}


def _impossible() -> dict[str, _Edit]:
    return {
        "jobs as a list": lambda top: top.update(jobs=[]),
        "a job as a text": lambda top: top["jobs"].update(labels="x"),
        "batches as an object": lambda top: _job(top).update(batches={}),
        "a batch that is null": lambda top: _job(top)["batches"].append(None),
        "no shard": lambda top: _batch(top).pop("shard"), "no provider": lambda top: _batch(top).pop("provider"),
        "no attempt": lambda top: _batch(top).pop("attempt"), "attempt 0": lambda top: _batch(top).update(attempt=0),
        "attempt 1.5": lambda top: _batch(top).update(attempt=1.5),
        "-1 requests": lambda top: _batch(top).update(requests=-1),
        "a shard that is a path": lambda top: _batch(top).update(shard="../../../etc/passwd"),
        "an unknown origin": lambda top: _batch(top).update(origin="found"),
        "a batch_id that is a number": lambda top: _batch(top).update(batch_id=7),
        "an unknown key of a provider": lambda top: _batch(top)["provider"].update(region="eu"),
        "a base_url that is a file": lambda top: _batch(top)["provider"].update(base_url="file:///etc/passwd"),
        "a sink without a digest": lambda top: _job(top).update(sinks={"out.jsonl": {"made_from": "x"}}),
    }


def _other_facts() -> dict[str, dict[str, Any]]:
    return {
        "batch_id": {"batch_id": "batch_9999"},
        "batch_id and file": {"batch_id": "batch_9999", "input_file_id": "file-9"},
        "a path as the batch_id": {"batch_id": "../../files/file-1"}, "shard": {"shard": "0f" * 32},
        "input file": {"input_file_id": "file-9999"}, "attempt": {"attempt": 7}, "requests": {"requests": 1},
        "a revision": {"revision": 9}, "an adopted origin": {"origin": "adopted"}, "superseded": {"superseded": True},
    }


def _other_places() -> dict[str, dict[str, str]]:
    return {
        "base_url": {"base_url": "https://elsewhere.test/v1"}, "key": {"api_key_env": "OTHER_KEY"},
        "key and base_url": {"base_url": "https://elsewhere.test/v1", "api_key_env": "OTHER_KEY"},
        "dialect": {"dialect": "groq"}, "an unknown dialect": {"dialect": "nobody"},
        "the local server": {"dialect": "local", "name": "local"},
        "organization": {"organization": "org-other"}, "project": {"project": "proj-other"}, "name": {"name": "other"},
    }
