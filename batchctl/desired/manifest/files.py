"""Finds the manifests that a command names, and reads their documents."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from batchctl.desired.manifest.findings import Findings
from batchctl.desired.manifest.reading import Unreadable, read_regular
from batchctl.desired.manifest.source import Source
from batchctl.desired.manifest.tree import Mapping, Node, Scalar
from batchctl.desired.manifest.yaml_events import MAX_LENGTH
from batchctl.desired.manifest.yaml_nodes import documents
from batchctl.words.diagnostics import Diagnostic

_SUFFIXES = (".yaml", ".yml")
_LOOKS = tuple(re.compile(rf"^\W{{0,3}}{key}[\"']?\s*:", re.MULTILINE) for key in ("version", "name"))


@dataclass(frozen=True, slots=True)
class ManifestFile:
    """A file that was read: its documents, and the mistakes that were found so far."""

    path: Path
    findings: Findings
    documents: tuple[Node, ...]


def manifest_files(paths: Sequence[Path]) -> tuple[list[ManifestFile], list[Diagnostic]]:
    """The manifests of files and folders, each once, in the order given; and what could not be read at all."""
    found: dict[Path, ManifestFile] = {}
    troubles: list[Diagnostic] = []
    if not paths:
        troubles.append(Diagnostic("file-missing", "no manifest was named", notes=("name one with -f job.yaml",)))
    for path in paths:
        try:
            files = _of_folder(path, troubles) if path.is_dir() else iter((_read(path),))
            for file in files:
                found.setdefault(file.path, file)
        except Unreadable as error:
            troubles.append(Diagnostic(error.code, f"the manifest {path} {error}", notes=(error.advice,)))
        except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: a loop of symlinks
            troubles.append(Diagnostic("file-unreadable", f"{path} cannot be read: {error}", notes=("check the path",)))
    return list(found.values()), troubles


def from_text(name: str, text: str, path: Path) -> ManifestFile:
    """The documents of a text that stands at `path` and is shown as `name`."""
    marked = text.startswith("\ufeff")
    findings = Findings(Source(name, text[1:] if marked else text))
    if marked:
        findings.warning("byte-order-mark", (0, 1), "the file starts with a byte order mark", "save it without one")
    found = [node for node in documents(findings) if not _is_nothing(node)]
    if not found and not findings.failed:
        findings.error("empty-file", (0, 1), "the manifest is empty", "write a job, or try `batchctl init`")
    return ManifestFile(path, findings, tuple(found))


def _read(path: Path) -> ManifestFile:
    """Raises Unreadable, OSError."""
    content = read_regular(path, MAX_LENGTH)
    resolved = path.resolve()
    try:
        return from_text(str(path), content.decode(), resolved)
    except UnicodeDecodeError as error:
        findings = Findings(Source(str(path), content.decode(errors="replace")))
        at = len(content[: error.start].decode(errors="replace"))
        wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
        label = "save it as UTF-8" + ("; this looks like UTF-16" if wide else "")
        findings.error("not-utf8", (at, at + 1), f"the manifest is not UTF-8 (byte {error.start})", label)
        return ManifestFile(resolved, findings, ())


def _of_folder(folder: Path, troubles: list[Diagnostic]) -> Iterator[ManifestFile]:
    silent = True
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in _SUFFIXES or not path.is_file():
            continue
        try:
            file = _read(path)
        except Unreadable as error:
            troubles.append(Diagnostic(error.code, f"the file {path} {error}", notes=(error.advice,)))
            silent = False
            continue
        if _is_manifest(file):
            silent = False
            yield file
        elif any(_was_meant(node) for node in file.documents):
            message = f"{path} is skipped: a manifest in a folder needs version and name"
            troubles.append(Diagnostic("skipped-file", message, notes=("add them",), severity="warning"))
    if silent:
        note = "manifests are *.yaml and *.yml files with version and name at the top; subfolders are not searched"
        troubles.append(Diagnostic("no-manifests", f"the folder {folder} holds no manifests", notes=(note,)))


def _is_manifest(file: ManifestFile) -> bool:
    """By its documents; where these could not be read to the end, by the look of its lines."""
    if any(isinstance(node, Mapping) and {"version", "name"} <= node.entries.keys() for node in file.documents):
        return True
    return file.findings.failed and all(look.search(file.findings.source.text) for look in _LOOKS)


def _was_meant(node: Node) -> bool:
    return isinstance(node, Mapping) and "inputs" in node.entries and bool({"prompt", "body"} & node.entries.keys())


def _is_nothing(node: Node) -> bool:
    return isinstance(node, Scalar) and node.value is None
