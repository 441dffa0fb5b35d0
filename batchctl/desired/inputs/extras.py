"""Which formats need a package that only some users have, and what to install where it is missing."""

from __future__ import annotations

from batchctl.desired.inputs.formats import SourceKind
from batchctl.desired.job import Input
from batchctl.words.diagnostics import Diagnostic

#: By format, the extra of batchctl that brings what reads it, and the modules that it brings.
_EXTRAS: dict[SourceKind, tuple[str, tuple[str, ...]]] = {
    "parquet": ("parquet", ("pyarrow",)),
    "excel": ("excel", ("python_calamine",)),
    "duckdb": ("duckdb", ("duckdb", "pyarrow")),
    "query": ("duckdb", ("duckdb", "pyarrow")),
}


def missing_extra(kind: SourceKind, entry: Input) -> Diagnostic | None:
    """What to tell where a format cannot be read in this installation; nothing is imported to find out."""
    if kind not in _EXTRAS:
        return None
    from importlib.util import find_spec  # takes milliseconds that a job of plain text need not wait for

    extra, modules = _EXTRAS[kind]
    absent = [module for module in modules if find_spec(module) is None]
    if not absent:
        return None
    what = "a query over files" if kind == "query" else f"the format {kind}"
    message = f'{what} needs the extra "{extra}": {absent[0]} is not installed'
    return Diagnostic("input-extra", message, entry.span, notes=(f"pip install 'batchctl[{extra}]'",))
