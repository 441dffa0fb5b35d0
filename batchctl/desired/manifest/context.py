"""What the builders of a job's parts share: where mistakes go, and where the manifest stands."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeGuard

from batchctl.desired.manifest.findings import Findings
from batchctl.desired.manifest.source import Source
from batchctl.desired.manifest.tree import Mapping, Node, Scalar, Sequence
from batchctl.desired.paths import PathRefused, confine


@dataclass(frozen=True, slots=True)
class Context:
    """The manifest that is being read. `read` collects the files that it is made of, by what they are."""

    findings: Findings
    manifest: Path
    root: Path
    read: dict[Path, str] = field(default_factory=dict)

    @property
    def source(self) -> Source:
        """The text that is being read."""
        return self.findings.source

    def path(self, node: Scalar) -> Path | None:
        """The file that a path names, or None after it was refused."""
        written = str(node.value)
        if "{{" in written or "{%" in written:
            self.findings.error("not-a-template", node, "a path is not a template", "write the path out")
            return None
        try:
            return confine(written, folder=self.manifest.parent, root=self.root)
        except (PathRefused, OSError, RuntimeError) as refused:  # RuntimeError: a loop of symlinks
            self.findings.error("path-refused", node, str(refused), "this path may not be used")
            return None

    def shown(self, node: Scalar) -> str:
        """A file that the manifest names, as messages name it."""
        return str(Path(os.path.dirname(self.source.name), str(node.value)))


def text(mapping: Mapping, key: str) -> Scalar | None:
    """The node of a text, or None where there is none that can be used."""
    node = mapping.get(key)
    return node if is_text(node) else None


def is_text(node: Node | None) -> TypeGuard[Scalar]:
    """Whether a node is a text that can be used."""
    return isinstance(node, Scalar) and not node.broken and isinstance(node.value, str)


def number(mapping: Mapping, key: str) -> int | None:
    """A whole number, or None where there is none that can be used."""
    node = mapping.get(key)
    if isinstance(node, Scalar) and not node.broken and type(node.value) is int:
        return node.value
    return None


def flag(mapping: Mapping, key: str) -> bool | None:
    """A boolean, or None where there is none that can be used."""
    node = mapping.get(key)
    if isinstance(node, Scalar) and not node.broken and isinstance(node.value, bool):
        return node.value
    return None


def section(mapping: Mapping, key: str) -> Mapping | None:
    """A mapping, or None where there is none that can be used."""
    node = mapping.get(key)
    return node if isinstance(node, Mapping) and not node.broken else None


def items(mapping: Mapping, key: str) -> list[Node]:
    """The usable items of a list; none where there is no list."""
    node = mapping.get(key)
    if not isinstance(node, Sequence) or node.broken:
        return []
    return [item for item in node.items if not item.broken]
