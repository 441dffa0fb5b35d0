"""What a template must not put out by accident: methods and unfinished iterators, whose text is an address.

An address differs from run to run, and with it the request's identity: the same row would be asked and paid for again.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from types import BuiltinMethodType, FunctionType, MethodType
from typing import Any, NoReturn

from jinja2.runtime import Undefined

_SCALARS = frozenset((str, int, float, bool, type(None)))
_METHODS = frozenset((MethodType, BuiltinMethodType, FunctionType))

#: Levels of lists and mappings that are looked into; what is deeper fails elsewhere.
_DEPTH = 64


class NotAValue(TypeError):
    """A template put out something that has no text of its own, such as a method or a generator."""

    def __init__(self, name: str) -> None:
        super().__init__(f'"{name}" is no value that can be put out; call it, or add "| list" or "| sort"')


class _Unprintable:
    # The sandbox keeps templates from names with an underscore.
    __slots__ = ("_inner", "_name")

    def __init__(self, inner: Any, name: str) -> None:
        self._inner = inner
        self._name = name

    def _refuse(self, *_: object) -> NoReturn:
        raise NotAValue(self._name)

    # All ways from an object to text: of itself, in a list, and in a format.
    __str__ = __repr__ = __format__ = _refuse


class Method(_Unprintable):
    """A method that was looked up, to be called."""

    __slots__ = ()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._inner(*args, **kwargs)

    def to_call(self) -> Any:
        """The method itself, for the sandbox to judge."""
        return self._inner


class Lazy(_Unprintable):
    """What a filter gives bit by bit."""

    __slots__ = ()

    def __iter__(self) -> Iterator[Any]:
        return iter(self._inner)


def looked_up(value: Any) -> Any:
    """An attribute as templates see it."""
    return Method(value, value.__name__) if type(value) in _METHODS else value


def lazily(original: Callable[..., Any], name: str) -> Callable[..., Any]:
    """A filter whose iterators are wrapped; Jinja's marks on the original (what it is passed) are kept."""

    @functools.wraps(original)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        made = original(*args, **kwargs)
        return Lazy(made, name) if isinstance(made, Iterator) else made

    return wrapped


def checked(value: Any, depth: int = 0) -> Any:
    """The value, if it and all in it are values. Raises NotAValue, or what a strict undefined value raises."""
    if type(value) is str or type(value) in _SCALARS or depth > _DEPTH:
        return value
    if isinstance(value, Undefined):
        str(value)
    elif isinstance(value, list | tuple):
        for item in value:
            checked(item, depth + 1)
    elif isinstance(value, dict):
        for item in value.values():
            checked(item, depth + 1)
    elif isinstance(value, _Unprintable):
        str(value)
    elif callable(value) or isinstance(value, Iterator | set | frozenset):
        raise NotAValue(getattr(value, "__name__", type(value).__name__))
    return value
