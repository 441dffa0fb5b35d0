"""The files that `batchctl init` writes."""

from __future__ import annotations

import os
from pathlib import Path

from batchctl.recorded import durable
from batchctl.words.diagnostics import Diagnostic
from batchctl.words.errors import InvalidInput, StateError

_IGNORED = ".batchctl/"

MANIFEST = """\
# A batchctl job: one request a row, sent as batches, answers joined with the rows.
# It runs as it is: the provider `local` needs no key and no network, and echoes what it is asked.
#
#   batchctl plan     what would be sent, and what is already there
#   batchctl apply    make it so; run it again, and nothing is sent twice
#
# `batchctl schema job` prints the schema of this file; `batchctl providers` shows what to put at `provider`.
version: 1
name: review-sentiment
provider: local                  # or groq, cerebras, openai, portkey; the key comes from the environment
model: echo-1
endpoint: /v1/chat/completions
completion_window: 24h

inputs:
  - path: reviews.csv            # csv, jsonl or json; a glob, gzip and zstd too
    key: "{{ row.id }}"          # unique; becomes part of each request's id

prompt:
  system: You label product reviews. Answer with one word, positive or negative.
  user: |
    {{ row.title }}
    {{ row.text }}

body: {temperature: 0, max_completion_tokens: 8}

sinks:
  - path: out/sentiment.csv
    fields:
      id: "{{ row.id }}"
      label: "{{ text | trim | lower }}"
      error: "{{ error.code }}"
"""

ROWS = """\
id,stars,title,text
r-001,5,Quiet and quick,"Boils a litre in three minutes, and you can still hear the radio."
r-002,1,Stopped after a week,"The switch broke on day six. The shop wanted me to pay for the return."
r-003,4,Good value,"Does what it says. The lid is a little stiff."
r-004,2,Too small,"Nice colour, but two cups and it is empty."
r-005,5,Second one we bought,"The first is now ten years old and still fine."
r-006,3,It is a kettle,"It heats water. What else is there to say?"
"""


def start(folder: Path) -> list[str]:
    """Writes the files, and says what was done. Raises InvalidInput, with nothing written, where one is there."""
    wanted = {folder / "job.yaml": MANIFEST, folder / "reviews.csv": ROWS}
    there = [path for path in wanted if os.path.lexists(path)]
    if there:
        raise InvalidInput([Diagnostic("file-exists", f"{path} is there already, and is not overwritten",
                                       notes=("name another folder: `batchctl init DIR`",)) for path in there])
    try:
        durable.make_folder(folder)
        for path, content in wanted.items():
            durable.write(path, content.encode())
        return [*(f"wrote {path}" for path in wanted), *_ignore(folder / ".gitignore")]
    except OSError as error:
        raise StateError(f"{folder} cannot be written: {error.strerror or error}") from error


def _ignore(path: Path) -> list[str]:
    before = path.read_bytes() if path.exists() else b""
    if any(line.strip() in (b".batchctl/", b".batchctl", b"/.batchctl/") for line in before.splitlines()):
        return []
    separator = b"\n" if before and not before.endswith(b"\n") else b""
    durable.write(path, before + separator + _IGNORED.encode() + b"\n")
    return [f"{'added a line to' if before else 'wrote'} {path}"]
