"""Talking to providers: one HTTP module, one retry table, and one class that speaks Files and Batches."""

import sys

# httpx imports its own command line where it can, and with it rich and pygments: 40 ms and 4 MB for nothing.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
