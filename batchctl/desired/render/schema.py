"""The JSON Schema of request bodies, one definition per kind, and what a body does wrong by it."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

import jsonschema
from jsonschema import validators
from jsonschema.exceptions import ValidationError, best_match

import batchctl
from batchctl.desired.render.bodies import Path, path_text
from batchctl.words.dialects import BodyKind

_NAME = "requests.v1.schema.json"
_SHOWN = 300


class _Unknown:
    """Stands for a value that is only known row by row: whatever is asked of it may be so."""

    def __repr__(self) -> str:
        return "{{ … }}"


UNKNOWN = _Unknown()


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing that a body does wrong: where, what, and the keyword of the schema that says so with its value."""

    path: Path
    message: str
    keyword: str
    wanted: Any

    def __str__(self) -> str:
        where = path_text(self.path)
        return f"{where}: {self.message}" if where else self.message


def complaint(kind: BodyKind, body: Any) -> str | None:
    """What is most wrong with a body, in a sentence that names the place; None when nothing is."""
    error = best_match(_validator(kind).iter_errors(body))
    return None if error is None else str(_complaint(error))


def complaints(kind: BodyKind, body: Any) -> list[Complaint]:
    """All that is wrong with a body."""
    return [_complaint(error) for error in _validator(kind).iter_errors(body)]


def _complaint(error: ValidationError) -> Complaint:
    wanted: Any = error.validator_value
    keyword, message = str(error.validator), error.message
    if keyword == "anyOf" and all(option.keys() == {"required"} for option in wanted):
        # The schema's own message is the whole body, and "not valid under any of the given schemas".
        keyword, wanted = "required", [name for option in wanted for name in option["required"]]
        message = " or ".join(repr(name) for name in wanted) + " is required"
    if len(message) > _SHOWN:
        message = message[: _SHOWN - 1] + "…"
    return Complaint(tuple(error.absolute_path), message, keyword, wanted)


def accepts(kind: BodyKind, body: Any) -> bool:
    """Whether a body is valid, as far as it is known."""
    return bool(_validator(kind).is_valid(body))


@functools.cache
def condition_words() -> tuple[str, ...]:
    """The texts on which a schema makes other demands depend, such as the type of a content part."""
    found: dict[str, None] = {}
    waiting: list[Any] = [_document()]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict) and "if" in node:
            found |= dict.fromkeys(word for key in node["if"]["properties"].values() for word in key["enum"])
        waiting.extend(node.values() if isinstance(node, dict) else node if isinstance(node, list) else ())
    return tuple(sorted(found))


@functools.cache
def _validator(kind: BodyKind) -> Any:
    definition = {"$ref": f"#/definitions/{kind}", "definitions": _document()["definitions"]}
    return _lenient()(definition)


@functools.cache
def _lenient() -> Any:
    """Draft 7, with every keyword satisfied by UNKNOWN."""
    draft: Any = jsonschema.Draft7Validator
    extend: Any = validators.extend
    return extend(draft, {
        **{keyword: _unless_unknown(check) for keyword, check in draft.VALIDATORS.items()}, "if": _if_known,
    })


def _unless_unknown(check: Callable[..., Any]) -> Callable[..., Iterator[ValidationError]]:
    def checked(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
        if instance is not UNKNOWN:
            yield from check(validator, value, instance, schema) or ()

    return checked


def _if_known(validator: Any, condition: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """`if`, where UNKNOWN satisfies no condition: what only may be asked for is not asked for."""
    if "then" in schema and jsonschema.Draft7Validator(condition).is_valid(instance):
        yield from validator.descend(instance, schema["then"], schema_path="then")


@functools.cache
def _document() -> dict[str, Any]:
    package = FilePath(batchctl.__file__).parent
    # In a wheel the schemas lie in the package, in a checkout beside it.
    path = next(path for path in (package / "schemas" / _NAME, package.parent / "schemas" / _NAME) if path.exists())
    document: dict[str, Any] = json.loads(path.read_bytes())
    return document
