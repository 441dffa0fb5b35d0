"""What went wrong in a template, as a diagnostic that names the template's line."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from pathlib import Path
from types import TracebackType

import jinja2
from jinja2.exceptions import SecurityError

from batchctl.desired.job import Template
from batchctl.desired.templates.loader import IncludeRefused
from batchctl.desired.templates.sizes import TooLarge
from batchctl.desired.templates.unprintable import NotAValue
from batchctl.words.diagnostics import Diagnostic, Span

_MESSAGE_SHOWN = 300

#: Finds the template of the manifest that a compiled one was made from; None for an included file.
Origin = Callable[[jinja2.Template], Template | None]

_CODES: tuple[tuple[type[BaseException], str], ...] = (
    (jinja2.TemplateSyntaxError, "template-syntax"),
    (SecurityError, "template-unsafe"),
    (jinja2.UndefinedError, "template-undefined"),
    (IncludeRefused, "template-include"),
    (jinja2.TemplateNotFound, "template-missing"),
    (TooLarge, "template-too-large"),
    (NotAValue, "template-type"),
    (MemoryError, "template-memory"),
    (RecursionError, "template-recursion"),
    (TypeError, "template-type"),
)


def undefined_name(template: Template, name: str, line: int, visible: Iterable[str]) -> Diagnostic:
    """A name that no template here can see, found before anything is rendered."""
    known = sorted(visible)
    close = get_close_matches(name, known, n=1)
    span = template.place(line)
    label = f'did you mean "{close[0]}"?' if close else ""
    note = "names here are: " + ", ".join(known)
    return Diagnostic("template-undefined", f'unknown name "{name}"', span, label, notes=(note,))


def finding(error: BaseException, template: Template, origin: Origin) -> Diagnostic:
    """The diagnostic for an exception that compiling or rendering `template` raised."""
    code = next((code for kind, code in _CODES if isinstance(error, kind)), "template-failed")
    return Diagnostic(code, _message(error), _where(error, template, origin))


def _message(error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return "the template needs more memory than a worker may use"
    if isinstance(error, RecursionError):
        return "the template calls itself too deeply"
    text = str(error.message if isinstance(error, jinja2.TemplateError) and error.message else error)
    text = text.split("\n", 1)[0]
    if not isinstance(error, (jinja2.TemplateError, TooLarge, NotAValue)):
        text = f"{type(error).__name__}: {text}"
    return text if len(text) <= _MESSAGE_SHOWN else text[: _MESSAGE_SHOWN - 1] + "…"


def _where(error: BaseException, template: Template, origin: Origin) -> Span:
    if isinstance(error, jinja2.TemplateSyntaxError):
        if error.filename and not error.filename.startswith("<"):
            return _in_file(error.filename, error.lineno)
        return template.place(error.lineno)
    found = _innermost(error.__traceback__)
    if found is None:
        return template.place(1)
    compiled, line = found
    owner = origin(compiled)
    if owner is not None:
        return owner.place(line)
    return _in_file(compiled.filename or str(compiled.name), line)


def _innermost(traceback: TracebackType | None) -> tuple[jinja2.Template, int] | None:
    """The deepest compiled template of a traceback, with the line of its source."""
    found = None
    while traceback is not None:
        compiled = traceback.tb_frame.f_globals.get("__jinja_template__")
        if isinstance(compiled, jinja2.Template):
            found = compiled, compiled.get_corresponding_lineno(traceback.tb_lineno)
        traceback = traceback.tb_next
    return found


def _in_file(file: str, line: int) -> Span:
    """A line of an included file, which is named as it is reached from here where it lies below."""
    path, here = Path(file), Path.cwd()
    shown = str(path.relative_to(here)) if path.is_relative_to(here) else file
    try:
        text = path.read_text("utf-8-sig").splitlines()[line - 1]
    except (OSError, ValueError, IndexError):
        return Span(shown, line)
    indent = len(text) - len(text.lstrip())
    return Span(shown, line, indent + 1, max(len(text.strip()), 1), text)
