"""A JSON file loaded once, and dumped and replaced, on the disk, so many times. Arguments: the file, how many."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

path = Path(sys.argv[1])
document = json.loads(path.read_bytes())
for _ in range(int(sys.argv[2])):
    part = path.with_suffix(".part")
    with open(part, "w", encoding="utf-8") as file:
        json.dump(document, file, indent=2, sort_keys=True, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)
