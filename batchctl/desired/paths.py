"""Which files a manifest may name: relative paths stay inside the project, symlinks resolved."""

from __future__ import annotations

import os
import re
from pathlib import Path

_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]+:")


class PathRefused(ValueError):
    """A path that a manifest may not name; the message says why and what to write instead."""


def project_root(folder: Path) -> Path:
    """The nearest folder at or above `folder` that holds `.git`, else `folder` itself."""
    folder = folder.resolve()
    return next((above for above in (folder, *folder.parents) if (above / ".git").exists()), folder)


def confine(written: str, *, folder: Path, root: Path) -> Path:
    """The file that `written` names, relative to `folder`; raises PathRefused when it may not be used.

    A relative path must stay inside `root`, and out of its `.git`, once symlinks are resolved. What lies there is named
    by an absolute path, on purpose. The result is absolute and has its symlinks resolved.
    """
    if not written or "\0" in written:
        raise PathRefused("a path must not be empty or hold a NUL character")
    if written.startswith("~"):
        raise PathRefused('"~" is not expanded; write the path out')
    if _SCHEME.match(written):
        raise PathRefused("only paths of local files are read here, not URLs")
    path = Path(written)
    resolved = (folder / path).resolve()
    if not path.is_absolute() and not resolved.is_relative_to(root.resolve()):
        raise PathRefused(f"{written} leads out of the project ({root}); name what lies outside by an absolute path")
    if not path.is_absolute() and ".git" in str(resolved.relative_to(root.resolve())).casefold().split(os.sep):
        raise PathRefused(f"{written} is git's own, where CI systems keep credentials")
    return resolved
