"""Finds unknown keys by the schema, and repairs them in the tree, so that a typo is told once and hides nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from collections.abc import Mapping as Map
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

from batchctl.desired.manifest.findings import Findings
from batchctl.desired.manifest.published import job_schema
from batchctl.desired.manifest.tree import Mapping, Node, Scalar, Sequence

Schema = Map[str, Any]

#: Names that people bring from other tools.
_SYNONYMS = {
    "window": "completion_window", "timeout": "completion_window", "url": "endpoint", "outputs": "sinks",
    "output": "sinks", "sink": "sinks", "input": "inputs", "data": "inputs", "variables": "vars", "params": "body",
    "parameters": "body", "api_key": "api_key_env", "retries": "max_attempts", "attempts": "max_attempts",
    "columns": "fields", "instructions": "system", "filter": "where", "id": "key", "api_base": "base_url",
    "file": "path", "glob": "path", "type": "format",
}  # fmt: skip
#: Request parameters that are written at the top by mistake.
_PARAMETERS = frozenset({
    "temperature", "top_p", "max_tokens", "max_completion_tokens", "max_output_tokens", "seed", "stop", "n", "tools",
    "tool_choice", "response_format", "reasoning_effort", "reasoning", "logprobs", "top_logprobs", "dimensions",
    "frequency_penalty", "presence_penalty", "logit_bias", "user", "language", "encoding_format", "messages", "text",
    "stream", "service_tier", "metadata",
})  # fmt: skip
_LONGEST_TYPO = 64
_CREDENTIAL = re.compile(r"(?i)key|token|secret|passw|auth|credential")
_TYPES: dict[type, str] = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}


def resolved(schema: Schema) -> Schema:
    """The schema that a reference stands for."""
    reference = schema.get("$ref")
    if reference is None:
        return schema
    found: Schema = job_schema()["definitions"][reference.rpartition("/")[2]]
    return found


def branch(node: Node, schema: Schema) -> int | None:
    """The alternative of an anyOf that the author meant, by type and then by keys; None if none is of the type."""
    kind = type_of(node)
    fitting = [
        (-_kinship(node, resolved(option)), number)
        for number, option in enumerate(schema["anyOf"])
        if resolved(option).get("type") == kind
    ]
    return min(fitting)[1] if fitting else None


def type_of(node: Node) -> str:
    """The JSON Schema name of a value's type."""
    if isinstance(node, Mapping):
        return "object"
    if isinstance(node, Sequence):
        return "array"
    return _TYPES[type(node.value)] if isinstance(node, Scalar) else "null"


def instance(node: Node, schema: Schema, findings: Findings, path: str = "") -> Any:
    """The value that is to be checked against `schema`, without its unknown keys; these are reported.

    A misspelt key is renamed in the tree. What the schema leaves free is not copied.
    """
    schema = resolved(schema)
    if "anyOf" in schema:
        chosen = branch(node, schema)
        siblings = schema["anyOf"]
        schema = {} if chosen is None else resolved(siblings[chosen])
    else:
        siblings = ()
    if isinstance(node, Mapping):
        return _mapping(node, schema, findings, path, siblings)
    if isinstance(node, Sequence):
        items = schema.get("items")
        if items is None or (items == {"type": "object"} and all(isinstance(item, Mapping) for item in node.items)):
            return [{}] * min(len(node.items), 1)
        looked_at = node.items[: schema.get("maxItems", len(node.items)) + 1]
        return [instance(item, items, findings, f"{path}[{n}]") for n, item in enumerate(looked_at)]
    return node.value if isinstance(node, Scalar) else None


def _mapping(node: Mapping, schema: Schema, findings: Findings, path: str, siblings: Iterable[Schema]) -> Any:
    rest = schema.get("additionalProperties")
    if rest is None:
        return dict.fromkeys(list(node.entries)[:1])
    known: Schema = schema.get("properties", {})
    if rest is False:
        _repair(node, schema, findings, path, siblings)
    return {
        key: instance(value, known.get(key, rest or {}), findings, f"{path}.{key}" if path else key)
        for key, (_, value) in node.entries.items()
    }


def _repair(node: Mapping, schema: Schema, findings: Findings, path: str, siblings: Iterable[Schema]) -> None:
    known = schema["properties"]
    patterns = schema.get("patternProperties", {})
    elsewhere = {key for other in siblings for key in resolved(other).get("properties", {})}
    entries: dict[str, tuple[Scalar, Node]] = {}
    for name, (key, value) in node.entries.items():
        if name in known or any(re.search(pattern, name) for pattern in patterns):
            entries[name] = (key, value)
            continue
        if _CREDENTIAL.search(name):
            findings.source.conceal(value.start, value.end)
        if findings.full:
            continue
        meant = None if name in elsewhere else _meant(name, known, node)
        label = f'did you mean "{meant}"?' if meant else _advice(name, known, elsewhere, path)
        findings.error("unknown-key", key, f'unknown key "{name}"' + (f" in {path}" if path else ""), label)
        if meant and meant not in node.entries and meant not in entries:
            entries[meant] = (key, value)
    node.entries = entries


def _meant(name: str, known: Iterable[str], node: Mapping) -> str | None:
    """The known key that was meant, preferably one that is not there already."""
    folded = name.lower().replace("-", "_")
    for choice in ([key for key in known if key not in node.entries], list(known)):
        if folded in choice:
            return folded
        if _SYNONYMS.get(folded) in choice:
            return _SYNONYMS[folded]
        close = _close(folded, tuple(choice))
        if close:
            return close
    return None


@lru_cache(maxsize=4096)
def _close(name: str, choice: tuple[str, ...]) -> str | None:
    """The nearest name. Cached, since a list of a thousand mappings has a typo a thousand times."""
    if len(name) > _LONGEST_TYPO:
        return None
    return next(iter(get_close_matches(name, choice, n=1, cutoff=0.65)), None)


def _advice(name: str, known: Iterable[str], elsewhere: set[str], path: str) -> str:
    if not path and name in _PARAMETERS:
        return 'parameters of the request stand under "body"'
    keys = ", ".join(known)
    if name in elsewhere:
        return f"it cannot stand beside the other keys here; these can: {keys}"
    return f"remove it; the keys here are: {keys}"


def _kinship(node: Node, schema: Schema) -> int:
    """How many keys of a mapping look like keys of a schema; what it requires counts more."""
    if not isinstance(node, Mapping):
        return 0
    known = tuple(schema.get("properties", ()))
    required = schema.get("required", ())
    score = 0
    for key in node.entries:
        close = key if key in known else _close(key, known)
        score += 3 * (close in required) + 2 * (key in known) + 1 if close else 0
    return score
