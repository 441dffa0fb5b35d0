"""Variables from the command line: `--var name=value`, and files of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from batchctl.words.errors import InvalidInput, UsageError


def variables(pairs: Sequence[str], files: Sequence[Path]) -> dict[str, Any]:
    """Files first, then single ones over them. Raises UsageError or InvalidInput."""
    found: dict[str, Any] = {}
    for path in files:
        found.update(_of_file(path))
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise UsageError(f'--var: "{pair}" is not of the form name=value')
        if name != name.strip() or (value.strip() and value != value.lstrip()):
            raise UsageError(f'--var: no space may stand around the "=" of "{pair}"',
                             notes=(f"write --var {name.strip()}={value.strip()}",))
        found[name] = value
    return found


def _of_file(path: Path) -> Mapping[str, Any]:
    """One mapping, read as manifests are read."""
    from batchctl.desired.manifest.files import from_text
    from batchctl.desired.manifest.reading import Unreadable, read_regular
    from batchctl.desired.manifest.tree import Mapping as Block
    from batchctl.desired.manifest.values import data
    from batchctl.desired.manifest.yaml_events import MAX_LENGTH

    try:
        text = read_regular(path, MAX_LENGTH).decode()
    except Unreadable as error:
        raise UsageError(f"--var-file: {path} {error}", notes=(error.advice,)) from None
    except UnicodeDecodeError:
        raise UsageError(f"--var-file: {path} is not UTF-8") from None
    file = from_text(str(path), text, path)
    if file.findings.failed:
        raise InvalidInput(file.findings.diagnostics())
    if len(file.documents) != 1 or not isinstance(file.documents[0], Block):
        raise UsageError(f"--var-file: {path} should hold one mapping of names to values")
    made: Mapping[str, Any] = data(file.documents[0], file.findings)
    if file.findings.failed:
        raise InvalidInput(file.findings.diagnostics())
    return made
