"""Every page of a list of batches, and how many have which status. Argument: its URL."""

from __future__ import annotations

import sys
from collections import Counter

import httpx

statuses: Counter[str] = Counter()
with httpx.Client() as client:
    after: str | None = None
    while True:
        asked = {"limit": "100"} if after is None else {"limit": "100", "after": after}
        page = client.get(sys.argv[1], params=asked).raise_for_status().json()
        statuses.update(batch["status"] for batch in page["data"])
        if not page["has_more"]:
            break
        after = page["data"][-1]["id"]
print(statuses)
