"""The join that one writes by hand: a batch's answers in a dict. Arguments: csv or jsonl, rows, sink, files.

Rows are in the order of the batches, which hold 50,000 each. Nothing is checked but that no answer is missing.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from itertools import islice
from typing import Any

import orjson

from tests.benchmarks.baselines.labelling import REQUESTS_IN_A_SHARD


def main(form: str, rows: str, sink: str, files: list[str]) -> None:
    """Writes the sink."""
    with open(rows, encoding="utf-8", newline="") as source, open(sink, "w", encoding="utf-8", newline="",
                                                                  buffering=2**20) as out:
        reader = csv.reader(source)
        columns = next(reader)
        write = csv.writer(out).writerow
        for file in sorted(files, key=lambda name: int(name.rpartition("-")[2])):
            answers = dict(answers_of(file))
            for cells in islice(reader, REQUESTS_IN_A_SHARD):
                row = dict(zip(columns, cells, strict=True))
                body = answers[row["id"]]
                text = body["choices"][0]["message"]["content"]
                if form == "csv":
                    write((row["id"], text.strip().lower()))
                else:
                    record = {**row, "text": text, "status": "ok", "error": None, "usage": body["usage"]}
                    out.write(orjson.dumps(record).decode() + "\n")


def answers_of(file: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The key and the response's body of each line."""
    with open(file, "rb", buffering=2**20) as lines:
        for line in lines:
            answer = orjson.loads(line)
            yield answer["custom_id"][:-21], answer["response"]["body"]


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:])
