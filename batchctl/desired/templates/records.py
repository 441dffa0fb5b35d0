"""The mappings that templates see by name (`row`, `vars`, `job`): an attribute is an entry, never a method."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any, ClassVar

_NAMES_SHOWN = 12

#: What one would call to walk a mapping, were attributes not entries.
_METHODS = frozenset(("items", "keys", "values"))


class Record(dict[str, Any]):
    """A mapping whose attributes in a template are its entries alone: `row.items` is the column."""

    __slots__ = ()
    owner: ClassVar[str] = "record"
    noun: ClassVar[str] = "entry"

    def missing(self, name: object) -> str:
        """The sentence for an entry that is not there: a likely meant name, else those that exist."""
        sentence = f'{self.owner} has no {self.noun} "{name}"'
        names = [str(known) for known in self]
        if name in _METHODS:
            return f'{sentence}; for all there are, write "{self.owner} | items"'
        close = get_close_matches(str(name), names, n=1)
        if close:
            sentence += f' (did you mean "{close[0]}"?)'
        shown = ", ".join(names[:_NAMES_SHOWN]) + (", …" if len(names) > _NAMES_SHOWN else "")
        return f"{sentence}; it has: {shown}" if names else f"{sentence}; it is empty"


class RowRecord(Record):
    """`row`: the columns of one record of an input."""

    __slots__ = ()
    owner = "row"
    noun = "column"


class VarsRecord(Record):
    """`vars`: the constants of the manifest."""

    __slots__ = ()
    owner = "vars"


class JobRecord(Record):
    """`job`: what a job says about itself."""

    __slots__ = ()
    owner = "job"
