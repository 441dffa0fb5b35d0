"""What `{% include %}` and `{% import %}` may read: small text files inside the manifest's folder."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

from jinja2 import BaseLoader, Environment, TemplateNotFound, TemplateRuntimeError

from batchctl.desired.paths import PathRefused, confine

#: Bytes of an included file.
MAX_INCLUDED = 2**20


class IncludeRefused(TemplateRuntimeError):
    """A file that a template may not bring in. No TemplateNotFound, so that `ignore missing` does not hide it."""


class ConfinedLoader(BaseLoader):
    """Reads templates below one folder, symlinks resolved."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        if os.path.isabs(template):
            raise IncludeRefused(f'"{template}" is an absolute path; includes are relative to the manifest')
        try:
            path = confine(template, folder=self._folder, root=self._folder)
        except PathRefused as refused:
            raise IncludeRefused(f'"{template}" may not be included: {refused}') from None
        try:
            with open(path, "rb", opener=_open_waiting_for_nothing) as file:
                status = os.fstat(file.fileno())
                if not stat.S_ISREG(status.st_mode):
                    raise IncludeRefused(f'"{template}" is not a file')
                content = file.read(MAX_INCLUDED + 1)
        except OSError as error:
            raise TemplateNotFound(template, f'cannot include "{template}": {error.strerror}') from None
        if len(content) > MAX_INCLUDED:
            raise IncludeRefused(f'"{template}" is larger than {MAX_INCLUDED:,} bytes')
        try:
            return content.decode("utf-8-sig"), str(path), lambda: True
        except UnicodeDecodeError as error:
            raise IncludeRefused(f'"{template}" is not UTF-8 (byte {error.start})') from None


def _open_waiting_for_nothing(path: str, flags: int) -> int:
    """A FIFO without a writer must not hold the worker."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
