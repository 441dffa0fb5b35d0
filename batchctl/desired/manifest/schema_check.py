"""Checks a document against the published JSON Schema, and tells every error in words, at its place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from batchctl.desired.manifest.findings import Findings
from batchctl.desired.manifest.published import job_schema
from batchctl.desired.manifest.scalars import resolve, trap
from batchctl.desired.manifest.schema_keys import branch, instance, resolved
from batchctl.desired.manifest.tree import Mapping, Node, Scalar, Sequence

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError
    from jsonschema.protocols import Validator

_TYPE_NAMES = {
    "string": "a text", "integer": "a whole number", "number": "a number", "boolean": "true or false",
    "object": "a mapping", "array": "a list", "null": "null",
}  # fmt: skip


def check(document: Mapping, findings: Findings) -> bool:
    """Reports all that the schema says is wrong, and marks those values as broken.

    False means that the document is for a newer batchctl, of which nothing more can be said.
    """
    version = document.get("version")
    if isinstance(version, Scalar) and type(version.value) is int and version.value > 1:
        message = f"version {version.value} needs a newer batchctl"
        findings.error("newer-version", version, message, "upgrade batchctl, or write version: 1")
        return False
    value = instance(document, job_schema(), findings)
    for error in _validator().iter_errors(value):
        if findings.full:
            break
        for found in _meant(error, document):
            _report(found, document, findings)
    return True


@cache
def _validator() -> Validator:
    # jsonschema takes a tenth of a second to import, which `--help` need not wait for.
    from jsonschema import Draft7Validator, validators

    def integer(_: object, value: object) -> bool:
        return isinstance(value, int) and not isinstance(value, bool)

    types = Draft7Validator.TYPE_CHECKER.redefine("integer", integer)
    strict: Callable[[Any], Validator] = validators.extend(  # type: ignore[no-untyped-call]
        Draft7Validator, {"pattern": _pattern}, type_checker=types
    )
    return strict(job_schema())


def _pattern(_: Validator, pattern: str, value: object, __: object) -> Iterator[ValidationError]:
    """`pattern` as JavaScript has it: Python's `$` would also let a line break at the end pass."""
    import re

    from jsonschema.exceptions import ValidationError

    if isinstance(value, str) and not re.search(pattern.replace("$", r"\Z"), value):
        yield ValidationError("")


def _meant(error: ValidationError, document: Mapping) -> Iterator[ValidationError]:
    """The error itself, or those of the alternative that the author had in mind."""
    if error.validator != "anyOf":
        yield error
        return
    node = _locate(document, error.absolute_path)
    chosen = branch(node, _schema(error)) if node else None
    if chosen is None:
        yield error
        return
    for below in error.context:
        if below.relative_schema_path[0] == chosen:
            yield from _meant(below, document)


def _report(error: ValidationError, document: Mapping, findings: Findings) -> None:
    node = _locate(document, error.absolute_path)
    if node is None:  # the value, or one that it stands in, was reported already
        return
    name = _dotted(error.absolute_path)
    if error.validator == "required":
        _report_missing(node, error, name, findings, document)
        return
    node.broken = True
    if name.endswith("env"):  # whoever misreads "the name of a variable" writes the key itself
        findings.source.conceal(node.start, node.end)
    code, message, label = _words(error, node, name)
    findings.error(code, node, message, label)


def _report_missing(node: Node, error: ValidationError, name: str, findings: Findings, document: Mapping) -> None:
    """One finding for each missing key; jsonschema gives one error for each, which are the same for us."""
    if not isinstance(node, Mapping):
        return
    place = _key_of(document, list(error.absolute_path)) or _first_key(node)
    required: list[str] = _wanted(error)
    for key in required:
        if key not in node.entries:
            example = next(iter(_schema(error)["properties"][key].get("examples", ())), "…")
            inside = f" in {name}" if name else ""
            label = f'add "{key}"' + (f", for example {key}: {example}" if isinstance(example, str | int) else "")
            findings.error("missing-key", place, f'"{key}" is missing{inside}', label)


def _words(error: ValidationError, node: Node, name: str) -> tuple[str, str, str]:
    """Code, message and label of an error that is not about keys."""
    limit = _wanted(error)
    match error.validator:
        case "type" | "anyOf":
            return _wrong_type(error, node, name)
        case "enum":
            return _unknown_value(node, limit, name)
        case "const":
            return "out-of-range", f"{name} must be {limit}", f"write {name}: {limit}"
        case "pattern":
            example = next(iter(_schema(error).get("examples", ())), None)
            label = f"for example {example}" if example else "change it"
            return "wrong-form", f"{name} must be {_schema(error)['$comment']}", label
        case "minimum":
            return "out-of-range", f"{name} must be at least {limit}", f"write {limit} or more"
        case "maximum":
            return "out-of-range", f"{name} must be at most {limit}", f"write {limit} or less"
        case "maxItems":
            return "out-of-range", f"{name} may have at most {limit:,} entries", "use globs, or several jobs"
        case "uniqueItems":
            return "repeated-value", f"{name} holds a value twice", "remove one of them"
        case _:  # minLength, minItems, minProperties
            return "empty-value", f"{name} must not be empty", "give a value, or remove the key"


def _wrong_type(error: ValidationError, node: Node, name: str) -> tuple[str, str, str]:
    if error.validator == "anyOf":
        options = [resolved(option) for option in _wanted(error)]
        wanted = " or ".join(dict.fromkeys(option["title"] for option in options))
        types = {str(option.get("type")) for option in options}
    else:
        wanted, types = _TYPE_NAMES[_wanted(error)], {_wanted(error)}
    label = f"write {wanted}"
    if isinstance(node, Scalar):
        label = _retyped(node, types) or label
        if node.value is None and not node.style:
            return "wrong-type", f"{name} has no value; it must be {wanted}", "give a value, or remove the key"
    return "wrong-type", f"{name} must be {wanted}", label


def _retyped(node: Scalar, types: set[str]) -> str | None:
    """How a scalar is written so that it has one of these types."""
    if isinstance(node.value, str):
        advice = None if node.style else trap(node.text)
        other, either, _ = advice.partition(", or ") if advice else ("", "", "")
        if either:  # what is only to be put in quotes is none of these types either way
            return other
        value = resolve(node.text)
        if "integer" in types and isinstance(value, int) and not isinstance(value, bool):
            return f"write {value} without quotes"
        if "boolean" in types and isinstance(value, bool):
            return f"write {str(value).lower()} without quotes"
        return f"write [{node.text}]" if types == {"array"} and not node.style else None
    if "integer" in types and isinstance(node.value, float) and node.value.is_integer():
        return f"write {int(node.value)}"
    if "string" in types and node.value is not None:
        return f'write "{node.text}", in quotes'
    return None


def _unknown_value(node: Node, allowed: Iterable[str], name: str) -> tuple[str, str, str]:
    value = node.value if isinstance(node, Scalar) else None
    names = list(allowed)
    close = get_close_matches(str(value)[:64].lower(), names, n=1)
    label = f'did you mean "{close[0]}"?' if close else "write one of: " + ", ".join(names)
    return "unknown-value", f'{name} cannot be "{value}"; it is one of: {", ".join(names)}', label


def _schema(error: ValidationError) -> dict[str, Any]:
    """The schema that an error is about; its declared type is wider than what a draft-07 validator sets."""
    return cast(dict[str, Any], error.schema)


def _wanted(error: ValidationError) -> Any:
    """What the failed keyword of the schema asks for."""
    return error.validator_value


def _locate(document: Mapping, path: Iterable[str | int]) -> Node | None:
    """The node at a path, or None where it or a node on the way is broken."""
    node: Node | None = document
    for step in path:
        if isinstance(node, Mapping) and not node.broken:
            node = node.get(str(step))
        elif isinstance(node, Sequence) and not node.broken and isinstance(step, int):
            node = node.items[step]
        else:
            return None
    return None if node is None or node.broken else node


def _key_of(document: Mapping, path: list[str | int]) -> Node | None:
    """The key whose value is at a path, where it is the value of a key."""
    if not path or not isinstance(path[-1], str):
        return None
    parent = _locate(document, path[:-1])
    return parent.key(path[-1]) if isinstance(parent, Mapping) else None


def _first_key(node: Mapping) -> Node:
    return next((key for key, _ in node.entries.values()), node)


def _dotted(path: Iterable[str | int]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
