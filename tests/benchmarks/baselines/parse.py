"""Every line of some files parsed, and nothing done with it. Arguments: files."""

from __future__ import annotations

import sys

import orjson

for name in sys.argv[1:]:
    with open(name, "rb", buffering=2**20) as lines:
        for line in lines:
            orjson.loads(line)
