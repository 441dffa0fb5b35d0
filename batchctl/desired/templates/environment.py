"""The sandbox: Jinja that is immutable, strict about names, deterministic, and wary of sizes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from string import Formatter
from typing import Any

from jinja2 import StrictUndefined, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.nativetypes import NativeCodeGenerator
from jinja2.runtime import Context, LoopContext, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment, SandboxedEscapeFormatter, SandboxedFormatter
from markupsafe import Markup

from batchctl.desired.templates import sizes
from batchctl.desired.templates.filters import filters
from batchctl.desired.templates.loader import ConfinedLoader
from batchctl.desired.templates.records import Record
from batchctl.desired.templates.unprintable import Method, checked, looked_up

#: What `loop` has for templates; asking the sandbox about each costs more than the rest of a turn.
_LOOP = frozenset(
    ("index", "index0", "first", "last", "length", "revindex", "revindex0", "previtem", "nextitem", "depth", "depth0")
)


class NamingUndefined(StrictUndefined):
    """A missing entry of `row`, `vars` or `job` names those that exist."""

    __slots__ = ()

    @property
    def _undefined_message(self) -> str:
        if isinstance(self._undefined_obj, Record) and self._undefined_hint is None:
            return self._undefined_obj.missing(self._undefined_name)
        message: str = super()._undefined_message
        return message

    # In a list it would be the word "Undefined", which must not be sent.
    __repr__ = StrictUndefined.__str__


class _SizedFields(Formatter):
    def format_field(self, value: Any, format_spec: str) -> Any:
        sizes.check_spec(format_spec)
        return super().format_field(value, format_spec)


class _SizedFormatter(_SizedFields, SandboxedFormatter):
    """`str.format` in the sandbox, with widths checked."""


class _SizedEscapeFormatter(_SizedFields, SandboxedEscapeFormatter):
    """The same for markup."""


class RowEnvironment(ImmutableSandboxedEnvironment):
    """Renders text. Entries come before methods, sizes are checked, and nothing is random."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def __init__(self, folder: Path, undefined: type[Undefined] = NamingUndefined) -> None:
        super().__init__(
            undefined=undefined, loader=ConfinedLoader(folder), auto_reload=False, finalize=checked
        )
        self.globals.clear()
        self.filters = filters()

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, dict):
            try:
                return obj[attribute]
            except KeyError:
                if isinstance(obj, Record):
                    return self.undefined(obj=obj, name=attribute)
        elif type(obj) is LoopContext and attribute in _LOOP:
            return getattr(obj, attribute)
        return looked_up(super().getattr(obj, attribute))

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, Record) and isinstance(argument, str) and argument not in obj:
            return self.undefined(obj=obj, name=argument)
        return looked_up(super().getitem(obj, argument))

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if operator == "*":
            sizes.check_product(left, right)
        elif operator == "**":
            sizes.check_power(left, right)
        else:
            sizes.check_percent(left, right)
        return super().call_binop(context, operator, left, right)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        if super().wrap_str_format(value) is None:
            return None
        pattern: str = value.__self__
        by_mapping = value.__name__ == "format_map"
        formatter: SandboxedFormatter = (
            _SizedEscapeFormatter(self, escape=pattern.escape) if isinstance(pattern, Markup) else _SizedFormatter(self)
        )

        def formatted(*args: Any, **kwargs: Any) -> str:
            if by_mapping:
                (kwargs,), args = args, ()
            return type(pattern)(formatter.vformat(pattern, args, kwargs))

        return formatted

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        if type(__obj) is Method:
            __obj = __obj.to_call()
        owner = getattr(__obj, "__self__", None)
        if isinstance(owner, (str, bytes, int)):
            sizes.check_method(owner, __obj.__name__, args, kwargs)
        return super().call(__context, __obj, *args, **kwargs)


class _TypeKeepingGenerator(NativeCodeGenerator):
    """Puts values out as they are; constants too, which Jinja would fold into text."""

    def _output_child_to_const(
        self, node: nodes.Expr, frame: Frame, finalize: CodeGenerator._FinalizeInfo
    ) -> Any:
        raise nodes.Impossible


class TypedEnvironment(RowEnvironment):
    """Compiles a lone `{{ expression }}` so that its value keeps its type."""

    code_generator_class = _TypeKeepingGenerator

    def __init__(self, folder: Path, undefined: type[Undefined] = NamingUndefined) -> None:
        super().__init__(folder, undefined)
        self.finalize = None

