"""The dialects as a table, and one by one."""

from __future__ import annotations

from collections.abc import Sequence

from batchctl.show import figures
from batchctl.show.colour import PLAIN, Palette
from batchctl.show.plan_json import dumped
from batchctl.show.tables import aligned
from batchctl.words.dialects import DAY_S, Dialect


def providers_text(dialects: Sequence[Dialect]) -> str:
    """A line a provider."""
    head = ["NAME", "WINDOW", "REQUESTS", "FILE", "ENDPOINTS", "KEY"]
    rows = [[one.name, _windows(one), _requests(one), figures.size(one.limits.max_bytes), str(len(one.endpoints)),
             one.api_key_env or "-"] for one in dialects]
    return "\n".join(aligned([head, *rows])) + "\n"


def provider_text(one: Dialect, paint: Palette = PLAIN) -> str:
    """All that is known of one."""
    facts = [
        ["base URL", one.base_url or "-"], ["key from", one.api_key_env or "-"], ["window", _windows(one)],
        ["requests in a batch", _requests(one)], ["bytes in a file", figures.size(one.limits.max_bytes)],
        ["models in a file", "one" if one.one_model_per_file else "several"],
        ["metadata", "yes" if one.metadata.supported else "no"],
        ["files are kept", f"{one.retention_days} days" if one.retention_days else "not published"],
        ["discount", f"{one.discount:.0%}" if one.discount else "-"],
    ]
    made = [paint("bold", one.name), *(f"  {line}" for line in aligned(facts)), "  endpoints"]
    made += [f"    {line}" for line in aligned([[path, kind] for path, kind in one.endpoints])]
    if one.unverified:
        made += ["  not verified, and tolerated both ways", *(f"    {text}" for text in one.unverified)]
    return "\n".join(made) + "\n"


def providers_json(dialects: Sequence[Dialect]) -> str:
    return dumped({"version": 1, "providers": [{
        "name": one.name, "base_url": one.base_url, "api_key_env": one.api_key_env,
        "endpoints": dict(one.endpoints), "windows_s": list(one.windows_s),
        "limits": {"max_requests": one.limits.max_requests, "min_requests": one.limits.min_requests,
                   "max_bytes": one.limits.max_bytes, "max_inputs": one.limits.max_inputs},
        "metadata": one.metadata.supported, "one_model_per_file": one.one_model_per_file,
        "unverified": list(one.unverified),
    } for one in dialects]})


def _windows(one: Dialect) -> str:
    shortest, longest = (_window(seconds) for seconds in one.windows_s)
    return shortest if shortest == longest else f"{shortest} to {longest}"


def _window(seconds: int) -> str:
    return f"{seconds // DAY_S}d" if seconds % DAY_S == 0 and seconds > DAY_S else f"{seconds // 3600}h"


def _requests(one: Dialect) -> str:
    return f"{one.limits.min_requests:,} to {one.limits.max_requests:,}"
