"""Makes a value that a JSON Schema takes, the same every time, as far as that can be done without searching."""

from __future__ import annotations

import math
from typing import Any

#: Schemas within schemas; a recursive one is cut here, at a value that needs no more of them where there is one.
MAX_DEPTH = 12

_FORMATS = {
    "date-time": "2000-01-01T00:00:00Z", "date": "2000-01-01", "time": "00:00:00Z", "duration": "P1D",
    "email": "echo@example.com", "hostname": "example.com", "ipv4": "192.0.2.1", "ipv6": "2001:db8::1",
    "uri": "https://example.com/", "uuid": "00000000-0000-4000-8000-000000000000",
}


def instance(schema: Any, text: str) -> Any:
    """A value for the schema. Where it may be any text, it is `text`. Patterns and what several keywords demand
    together are not looked at: a value may fail to match."""
    return _Maker(schema, text).value(schema, 0)


class _Maker:
    def __init__(self, root: Any, text: str) -> None:
        self._root = root
        self._text = text

    def value(self, schema: Any, depth: int) -> Any:
        if not isinstance(schema, dict) or depth > MAX_DEPTH:
            return self._text if schema is True else None
        if "const" in schema:
            return schema["const"]
        if isinstance(schema.get("enum"), list) and schema["enum"]:
            return schema["enum"][0]
        if isinstance(schema.get("$ref"), str):
            return self.value(self._target(schema["$ref"]), depth + 1)
        for keyword in ("anyOf", "oneOf"):
            options = schema.get(keyword)
            if isinstance(options, list) and options:
                # Deep down the simplest option ends a recursion.
                chosen = min(options, key=lambda option: len(str(option))) if depth > MAX_DEPTH // 2 else options[0]
                return self.value({**_without(schema, keyword), **chosen} if isinstance(chosen, dict) else chosen,
                                  depth + 1)
        parts = schema.get("allOf")
        if isinstance(parts, list) and parts:
            return self.value(_merged([_without(schema, "allOf"), *parts]), depth + 1)
        return self._of_type(_type(schema), schema, depth)

    def _of_type(self, kind: str, schema: dict[str, Any], depth: int) -> Any:
        match kind:
            case "object":
                properties = schema.get("properties")
                known = properties if isinstance(properties, dict) else {}
                names = dict.fromkeys([*known, *_names(schema.get("required"))])
                required = set(_names(schema.get("required")))
                return {name: self.value(known.get(name, True), depth + 1) for name in names
                        if name in required or depth < MAX_DEPTH // 2}
            case "array":
                return self._array(schema, depth)
            case "integer" | "number":
                return _number(schema, whole=kind == "integer")
            case "boolean":
                return False
            case "null":
                return None
            case _:
                return self._string(schema)

    def _array(self, schema: dict[str, Any], depth: int) -> list[Any]:
        fewest = schema.get("minItems")
        some = 1 if depth < MAX_DEPTH // 2 and schema.get("maxItems") != 0 else 0
        count = max(fewest if isinstance(fewest, int) else 0, some)
        first = schema.get("prefixItems")
        heads = [self.value(item, depth + 1) for item in first] if isinstance(first, list) else []
        rest = [self.value(schema.get("items", True), depth + 1)] * min(max(count - len(heads), 0), 1000)
        return [*heads, *rest]

    def _string(self, schema: dict[str, Any]) -> str:
        made = _FORMATS.get(str(schema.get("format")), self._text)
        fewest, most = schema.get("minLength"), schema.get("maxLength")
        if isinstance(fewest, int):
            made = made.ljust(min(fewest, 10_000), "x")
        return made[:most] if isinstance(most, int) else made

    def _target(self, reference: str) -> Any:
        node = self._root
        for step in reference.removeprefix("#").strip("/").split("/") if reference != "#" else ():
            name = step.replace("~1", "/").replace("~0", "~")
            node = node.get(name) if isinstance(node, dict) else None
        return node


def _type(schema: dict[str, Any]) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((name for name in kind if name != "null"), "null")
    if isinstance(kind, str):
        return kind
    if "properties" in schema or "required" in schema:
        return "object"
    return "array" if "items" in schema or "prefixItems" in schema else "string"


def _number(schema: dict[str, Any], *, whole: bool) -> int | float:
    """Zero, or what is nearest to it within the bounds and on the grid."""
    step = _bound(schema, "multipleOf") or (1 if whole else 0)
    edge = step or 0.5
    lows = [_bound(schema, "minimum"), _up(_bound(schema, "exclusiveMinimum"), edge)]
    highs = [_bound(schema, "maximum"), _up(_bound(schema, "exclusiveMaximum"), -edge)]
    value = max([0.0, *(low for low in lows if low is not None)])
    value = min([value, *(high for high in highs if high is not None)])
    if step and value % step:
        value = (math.ceil if value > 0 else math.floor)(value / step) * step
    return int(value) if value == int(value) else value


def _bound(schema: dict[str, Any], keyword: str) -> float | None:
    value = schema.get(keyword)
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _up(value: float | None, by: float) -> float | None:
    return None if value is None else value + by


def _names(value: Any) -> list[str]:
    return [name for name in value if isinstance(name, str)] if isinstance(value, list) else []


def _without(schema: dict[str, Any], keyword: str) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key != keyword}


def _merged(parts: list[Any]) -> dict[str, Any]:
    """Schemas that all count, as one, where they say different things."""
    made: dict[str, Any] = {}
    for part in parts:
        if not isinstance(part, dict):
            continue
        for key, value in part.items():
            if key == "properties" and isinstance(value, dict):
                made[key] = {**made.get(key, {}), **value}
            elif key == "required":
                made[key] = [*made.get(key, []), *_names(value)]
            else:
                made[key] = value
    return made
