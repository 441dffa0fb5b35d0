"""Writes a manifest for people: plain words where YAML allows them, quotes where it does not, blocks for long texts."""

from __future__ import annotations

import re
from typing import Any

import yaml

from batchctl.desired.manifest.scalars import resolve, trap
from batchctl.desired.manifest.values import is_dynamic

#: Texts that need no quotes as far as their characters go; whether they are another type is asked as well.
_PLAIN = re.compile(r"[A-Za-z0-9/](?:[A-Za-z0-9 _./()'-]*[A-Za-z0-9_./)])?")


#: Columns after which long texts are folded.
_WIDTH = 110


class Written(str):
    """A text that is a template already."""

    __slots__ = ()


class _Dumper(yaml.SafeDumper):
    """Each text so that the manifest's reader takes it for a text, and for this one."""

    def ignore_aliases(self, data: Any) -> bool:
        return True  # the reader takes none

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)  # lists are indented below their key


def _text(dumper: _Dumper, value: str) -> yaml.ScalarNode:
    style = '"'
    if "\n" in value and not value.isspace() and not value.endswith("\n\n"):
        style = "|"  # PyYAML would end the document after several line breaks
    elif len(value) > _WIDTH and " " in value and value == value.strip() and "  " not in value:
        style = ">"
    elif _PLAIN.fullmatch(value) and isinstance(resolve(value), str) and trap(value) is None:
        style = ""
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style or None)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(Written, _text)


def section(value: dict[str, Any]) -> str:
    """Some keys of a manifest, in the order given."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH, default_flow_style=False)


def changes_as_template(text: str) -> bool:
    """Whether Jinja makes something else of a text: then it stands under `vars`, which are data."""
    return is_dynamic(text) or text.endswith("\n") or "\r" in text


class Constants:
    """Texts that must not be read as templates, by the names that they have under `vars`."""

    def __init__(self) -> None:
        self.named: dict[str, str] = {}

    def literal(self, value: Any, name: str = "text") -> Any:
        """A value for the body: the same, with references for such texts in it."""
        if isinstance(value, Written):
            return value
        if isinstance(value, str):
            return Written(f"{{{{ vars.{self._name(value, name)} }}}}") if changes_as_template(value) else value
        if isinstance(value, dict):
            role = value.get("role")
            content = role if isinstance(role, str) else "content"
            return {key: self.literal(inner, content if key == "content" else key) for key, inner in value.items()}
        return [self.literal(inner, name) for inner in value] if isinstance(value, list) else value

    def _name(self, value: str, wish: str) -> str:
        base = re.sub(r"[^A-Za-z0-9_]+", "_", wish).strip("_") or "text"
        base = base if base[0].isalpha() else f"text_{base}"
        name, number = base, 2
        while self.named.get(name, value) != value:
            name, number = f"{base}_{number}", number + 1
        self.named[name] = value
        return name
