"""What a server cannot play, read from `cannot.toml`."""

from __future__ import annotations

import tomllib
from pathlib import Path

from tests.conformance.scenarios import SCENARIOS
from tests.conformance.servers import SERVERS


def listed() -> dict[tuple[str, str], str]:
    """The reasons, by server and scenario. Raises ValueError for an entry that names nothing, or gives no reason."""
    entries = tomllib.loads((Path(__file__).parent / "cannot.toml").read_text()).get("cannot", [])
    for entry in entries:
        if entry["server"] not in SERVERS or entry["scenario"] not in SCENARIOS or not entry["reason"]:
            raise ValueError(f"cannot.toml: {entry}")
    return {(entry["server"], entry["scenario"]): entry["reason"] for entry in entries}
