"""One provider's page: what it takes, how its key is found, a whole manifest, and what nobody has verified."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from batchctl.show import figures
from batchctl.show.colour import PLAIN, Palette
from batchctl.show.providers import requests, windows
from batchctl.show.tables import aligned
from batchctl.words.dialects import Dialect

_WIDTH = 78
#: Columns before the facts.
_NAMES = 23
#: A model that each of them served when this was written, for the manifest on its page.
_MODELS = {"groq": "openai/gpt-oss-20b", "cerebras": "gpt-oss-120b", "local": "echo-1"}
_MODEL = "gpt-5.4-nano"

_MANIFEST = """\
version: 1
name: review-sentiment
{provider}
model: {model}
endpoint: {endpoint}
completion_window: {window}
inputs:
  - rows:
{rows}
    key: "{{{{ row.id }}}}"
prompt:
  system: Answer with one word, positive or negative.
  user: "{{{{ row.text }}}}"
sinks:
  - out/sentiment.csv
"""
_ROWS = 3


def provider_page(one: Dialect, paint: Palette = PLAIN) -> str:
    """All that is known of one provider."""
    facts = [[name if first else "", line] for name, value in _facts(one)
             for first, line in _wrapped(value, _WIDTH - _NAMES)]
    lines = [paint("bold", one.name), *_indented(aligned(facts)), "", "  endpoints"]
    lines += _indented(aligned([[path, kind] for path, kind in one.endpoints]), 4)
    for title, texts in (("worth knowing", one.notes), ("not verified, and tolerated both ways", one.unverified)):
        if texts:
            lines += ["", f"  {title}", *_points(texts)]
    lines += ["", "  a manifest, whole", *_indented(manifest(one).splitlines(), 4)]
    return "\n".join(lines) + "\n"


def manifest(one: Dialect) -> str:
    """A job for this provider that is valid as it stands, with as many rows as its smallest batch has."""
    count = max(_ROWS, one.limits.min_requests)
    rows = "\n".join(f"      - {{id: r-{number}, text: Review number {number}}}" for number in range(1, count + 1))
    return _MANIFEST.format(
        provider=_provider(one), model=_MODELS.get(one.name, _MODEL), endpoint=one.endpoints[0][0],
        window="7d" if one.name == "groq" else "24h", rows=rows)


def _provider(one: Dialect) -> str:
    if not one.one_of_headers:
        return f"provider: {one.name}"
    return f'provider:\n  dialect: {one.name}\n  headers:\n    {one.one_of_headers[0]}: "@openai-prod"'


def _facts(one: Dialect) -> Iterator[list[str]]:
    header, prefix = one.auth
    limits = one.limits
    yield ["base URL", one.base_url or "-"]
    yield ["key", f"{one.api_key_env}, sent as {header}: {prefix}…" if one.api_key_env else "none"]
    if one.one_of_headers:
        yield ["headers", "one of " + ", ".join(one.one_of_headers)]
    yield ["window", windows(one)]
    yield ["requests in a batch", requests(one)]
    yield ["bytes in a file", figures.size(limits.max_bytes)]
    if limits.refused_bytes > limits.max_bytes:
        yield ["", f"sources disagree: shards stay below it, and what is above {figures.size(limits.refused_bytes)} is "
                   "refused"]
    if limits.max_inputs is not None:
        yield ["embedding inputs", f"{limits.max_inputs:,} in a batch"]
    yield ["models in a file", "one" if one.one_model_per_file else "several"]
    yield ["metadata", _metadata(one)]
    yield ["output expiry", _expiry(one)]
    yield ["statuses", ", ".join(one.statuses)]
    yield ["list", f"by {one.pages}" + (f", {one.status_ids} ids in one call" if one.status_ids else "")]
    yield ["cancel", ", else ".join(f"{method} {path}" for method, path in one.cancel)]
    if one.base_url is not None:
        yield ["files are kept", f"{one.retention_days} days" if one.retention_days else "not published"]
        yield ["discount", f"{one.discount:.0%}" if one.discount else "not published"]


def _metadata(one: Dialect) -> str:
    if not one.metadata.supported:
        return "none"
    bounds = one.metadata
    values = "texts or lists of texts" if bounds.lists else "texts"
    return f"{bounds.max_pairs} pairs, keys of {bounds.max_key} characters, {values} of {bounds.max_value}"


def _expiry(one: Dialect) -> str:
    return "none" if one.output_expiry_s is None else "{:,} to {:,} seconds".format(*one.output_expiry_s)


def _wrapped(text: str, width: int) -> Iterator[tuple[bool, str]]:
    """The lines of a text, each with whether it is the first."""
    for number, line in enumerate(textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)):
        yield number == 0, line


def _points(texts: Iterable[str]) -> list[str]:
    return [line for text in texts for line in textwrap.wrap(
        text, _WIDTH, initial_indent="    - ", subsequent_indent="      ", break_long_words=False,
        break_on_hyphens=False)]


def _indented(lines: Iterable[str], by: int = 2) -> list[str]:
    return [" " * by + line for line in lines]
