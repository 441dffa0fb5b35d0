"""Breaks of the product, each of which a family of the campaign must catch: else the campaign proves nothing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mutant:
    """In `file`, `old` stands once and becomes `new`; `tests` (arguments of pytest) then see `promise` violated."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]
    promise: str


_TWICE = ("tests/campaign/test_f02_killed_twice.py",)

MUTANTS = (
    Mutant("a file is written in its place", "recorded/durable.py",
           "    temporary = target.with_name(f\".{target.name}.{secrets.token_hex(6)}{_SUFFIX}\")\n",
           "    temporary = target\n    target.unlink(missing_ok=True)\n",
           ("tests/campaign/test_f03_killed_at_files.py", "-k", "W1"), "G3"),
    Mutant("what a killed run left is not swept", "act/passes.py",
           "    project.sweep()\n", "",
           (*_TWICE, "-k", "at_file-at_file"), "G3"),
)
