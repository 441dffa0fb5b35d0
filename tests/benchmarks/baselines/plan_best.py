"""The best pipeline that one writes by hand for one job: all that rows share is done once. Arguments: CSV, folder.

The request is encoded once with empty places; one Jinja context a row serves all templates; what they give is encoded
and joined between. The schema is checked once with a text in each place, as no text can make this body invalid.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import jsonschema
import orjson
from jinja2 import StrictUndefined
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from tests.benchmarks.baselines.labelling import ENDPOINT, LABELS, REQUESTS_IN_A_SHARD, body

_SCHEMA = Path(__file__).parents[3] / "schemas" / "requests.v1.schema.json"
_BUFFER = 2**20
_TEMPLATES = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
_CUSTOM_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_PLACE = re.compile(rb'"\\u0000(\d+)"')


def main(source: Path, folder: Path) -> None:
    """Writes the shards."""
    pieces, templates = skeleton(body())
    tail = b'","method":"POST","url":' + orjson.dumps(ENDPOINT) + b"}\n"
    shared = {"vars": {"labels": LABELS}}
    encode, sha256 = orjson.dumps, hashlib.sha256
    number = REQUESTS_IN_A_SHARD
    file: BinaryIO | None = None
    digests = sha256()
    shards = 0
    for row in rows_of(source):
        if number == REQUESTS_IN_A_SHARD:
            finish(file, digests.hexdigest())
            file = open(folder / f"{shards:03}.jsonl", "wb", buffering=_BUFFER)  # noqa: SIM115
            digests, number, shards = sha256(), 0, shards + 1
        context = Context(_TEMPLATES, {"row": row, **shared}, None, {})
        parts = [pieces[0]]
        for template, piece in zip(templates, pieces[1:], strict=True):
            text = "".join(template(context))
            if not text:
                raise ValueError(f"an empty text in {row}")
            parts += (encode(text), piece)
        request = b"".join(parts)
        digest = sha256(request).digest()
        digests.update(digest)
        custom_id = row["id"] + "-" + digest[:10].hex()
        if _CUSTOM_ID.fullmatch(custom_id) is None:
            raise ValueError(f"an id that is not safe in {row}")
        assert file is not None
        file.write(b'{"body":' + request + b',"custom_id":"' + custom_id.encode() + tail)
        number += 1
    finish(file, digests.hexdigest())


def rows_of(source: Path) -> Iterator[dict[str, str]]:
    """The rows of a CSV file."""
    with open(source, encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        columns = next(reader)
        for cells in reader:
            yield dict(zip(columns, cells, strict=True))


def skeleton(request: dict[str, Any]) -> tuple[list[bytes], list[Callable[[Context], Iterator[str]]]]:
    """The encoded request around its dynamic leaves, and the templates of these."""
    sources: list[str] = []

    def marked(node: Any) -> Any:
        if isinstance(node, dict):
            return {key: marked(value) for key, value in node.items()}
        if isinstance(node, list):
            return [marked(value) for value in node]
        if isinstance(node, str) and "{" in node:
            sources.append(node)
            return f"\x00{len(sources) - 1}"
        return node

    made = marked(request)
    definitions = json.loads(_SCHEMA.read_text(encoding="utf-8"))["definitions"]
    jsonschema.Draft7Validator({"$ref": "#/definitions/chat", "definitions": definitions}).validate(made)
    split = _PLACE.split(orjson.dumps(made, option=orjson.OPT_SORT_KEYS))
    places = [sources[int(place)] for place in split[1::2]]
    return split[0::2], [_TEMPLATES.from_string(source).root_render_func for source in places]


def finish(file: BinaryIO | None, digest: str) -> None:
    """Closes a shard, and says its digest."""
    if file is not None:
        file.close()
        print(digest)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
