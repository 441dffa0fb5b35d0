"""Templates compiled once and evaluated per row: text, or the value of a lone expression."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain, islice
from pathlib import Path
from typing import Any

import jinja2
from jinja2 import meta, nodes
from jinja2.runtime import Context, Undefined

from batchctl.desired.job import Template
from batchctl.desired.templates import errors
from batchctl.desired.templates.environment import NamingUndefined, RowEnvironment, TypedEnvironment
from batchctl.desired.templates.sizes import MAX_TEXT, TooLarge
from batchctl.desired.templates.unprintable import checked
from batchctl.words.diagnostics import Diagnostic

#: Parts of a template's output that are joined at once; after these, the total is watched part by part.
_PARTS_AT_ONCE = 4096

#: What changes the context that a template runs in; without any of it, templates of one row can share one.
_CHANGES_CONTEXT: tuple[type[nodes.Node], ...] = (
    nodes.Assign, nodes.AssignBlock, nodes.Block, nodes.Extends, nodes.FromImport, nodes.Import, nodes.Include,
    nodes.Macro,
)  # fmt: skip

#: What may bring in names that the template itself does not show.
_READS_FILES: tuple[type[nodes.Node], ...] = (nodes.Extends, nodes.FromImport, nodes.Import, nodes.Include)

#: Names that mean the same for every row of a job.
_JOB_WIDE = frozenset(("vars", "job"))


class TemplateFailed(Exception):
    """A template that failed for a row; carries the finding."""

    def __init__(self, finding: Diagnostic) -> None:
        super().__init__(str(finding))
        self.finding = finding


class Compiled:
    """One template, ready to be evaluated.

    `constant` is its text when nothing in it is dynamic; `names` are those that it refers to. `typed` says that
    `evaluate` gives the value of its one expression; else it gives text. `fixed` says that the value is the same for
    all rows.
    """

    __slots__ = ("_compiled", "_origin", "_root", "_shares", "constant", "fixed", "names", "template", "typed")

    def __init__(
        self, template: Template, compiled: jinja2.Template, origin: errors.Origin,
        *, constant: str | None, names: frozenset[str], fixed: bool, typed: bool, shares: bool,
    ) -> None:
        self.template = template
        self.names = names
        self.constant = constant
        self.fixed = fixed
        self.typed = typed
        self._compiled = compiled
        self._root = compiled.root_render_func
        self._origin = origin
        self._shares = shares

    def evaluate(self, context: Context) -> Any:
        """The text or the value of this template for the row that `context` holds. Raises TemplateFailed."""
        try:
            if not self._shares:
                context = self._compiled.new_context(context.parent, shared=True)
            parts = iter(self._root(context))
            return checked(next(parts)) if self.typed else _joined(parts)
        except Exception as error:
            raise TemplateFailed(errors.finding(error, self.template, self._origin)) from error


class Templates:
    """Compiles the templates of one job; `names` are those that a template may see, and `undefined` is what a part
    that is not there becomes."""

    def __init__(
        self, folder: Path, names: frozenset[str], *, undefined: type[Undefined] = NamingUndefined
    ) -> None:
        self._text = RowEnvironment(folder, undefined)
        self._typed = TypedEnvironment(folder, undefined)
        self._names = names
        self._origins: dict[int, Template] = {}
        self.findings: list[Diagnostic] = []

    def context(self, values: Mapping[str, Any]) -> Context:
        """What the templates of one row see."""
        return Context(self._text, dict(values), None, {})

    def compile(self, template: Template, *, keep_type: bool = False) -> Compiled | None:
        """The compiled template, or None after a mistake was added to `findings`."""
        before = len(self.findings)
        try:
            tree = self._text.parse(template.source)
            self._check(template, tree)
            if len(self.findings) > before:
                return None
            return self._compile(template, tree, keep_type and _is_one_expression(tree))
        except Exception as error:  # Jinja evaluates what is constant, and lets some of its mistakes through
            self.findings.append(errors.finding(error, template, self._origin))
            return None

    def _compile(self, template: Template, tree: nodes.Template, typed: bool) -> Compiled:
        constant = _constant(tree)
        shares = not _has(tree, _CHANGES_CONTEXT)
        environment = self._typed if typed else self._text
        compiled = environment.from_string(tree)
        self._origins[id(compiled)] = template
        names = frozenset(meta.find_undeclared_variables(tree))
        fixed = names <= _JOB_WIDE and not _has(tree, _READS_FILES)
        return Compiled(
            template, compiled, self._origin, constant=constant, names=names, fixed=fixed, typed=typed, shares=shares
        )

    def _origin(self, compiled: jinja2.Template) -> Template | None:
        return self._origins.get(id(compiled))

    def _check(self, template: Template, tree: nodes.Template) -> None:
        """What can be told before any row: names that nothing defines, and files that cannot be included."""
        for name in sorted(meta.find_undeclared_variables(tree) - self._names):
            line = next((node.lineno for node in tree.find_all(nodes.Name) if node.name == name), 1)
            self.findings.append(errors.undefined_name(template, name, line, self._names))
        for kind in _READS_FILES:
            for node in tree.find_all(kind):
                self._check_included(template, node)

    def _check_included(self, template: Template, node: Any) -> None:
        if not isinstance(node.template, nodes.Const) or getattr(node, "ignore_missing", False):
            return
        try:
            self._text.get_template(node.template.value)
        except jinja2.TemplateSyntaxError as error:
            self.findings.append(errors.finding(error, template, self._origin))
        except jinja2.TemplateError as error:
            found = errors.finding(error, template, self._origin)
            self.findings.append(Diagnostic(found.code, found.message, template.place(node.lineno)))


def _joined(parts: Iterator[str]) -> str:
    text = "".join(islice(parts, _PARTS_AT_ONCE))
    more = next(parts, None)
    if more is None and len(text) <= MAX_TEXT:
        return text
    return text + "".join(_watched(chain((more or "",), parts), len(text)))


def _watched(parts: Iterator[str], total: int) -> Iterator[str]:
    if total > MAX_TEXT:
        raise TooLarge(f"the rendered text is longer than {MAX_TEXT:,} characters")
    for part in parts:
        total += len(part)
        if total > MAX_TEXT:
            raise TooLarge(f"the rendered text is longer than {MAX_TEXT:,} characters")
        yield part


def _has(tree: nodes.Template, kinds: tuple[type[nodes.Node], ...]) -> bool:
    return any(tree.find(kind) is not None for kind in kinds)


def _constant(tree: nodes.Template) -> str | None:
    """The text of a template in which nothing is dynamic."""
    texts: list[str] = []
    for output in tree.body:
        if not isinstance(output, nodes.Output):
            return None
        for child in output.nodes:
            if not isinstance(child, nodes.TemplateData):
                return None
            texts.append(child.data)
    return "".join(texts)


def _is_one_expression(tree: nodes.Template) -> bool:
    if len(tree.body) != 1 or not isinstance(tree.body[0], nodes.Output):
        return False
    children = tree.body[0].nodes
    return len(children) == 1 and not isinstance(children[0], nodes.TemplateData)
