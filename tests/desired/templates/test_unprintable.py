"""What is no value is never put out: neither the word "Undefined", nor an address that differs from run to run."""

from __future__ import annotations

from pathlib import Path

import pytest

from batchctl.words.diagnostics import Diagnostic

from .test_sandbox import evaluate

UNDEFINED = ["[row.nope]", "{'a': [row.nope]}", "[row.nope] ~ 'x'", "[row.nope] | string", "'%s' % [row.nope]",
             "'{}'.format([row.nope])", "[row.nope] | pprint", "[row.nope] | tojson"]  # fmt: skip
NO_VALUES = ["row.text.upper", "[row.text.upper]", "{'a': row.text.upper}", "'a' ~ row.text.upper",
             "row.text.upper | string", "'%s' % row.text.upper", "'{}'.format(row.text.upper)", "row.text.format ~ ''",
             "row.text['upper'] ~ ''", "[row.text.upper] | tojson", "row.tags | reverse", "'a' ~ (row.tags | reverse)",
             "[row.tags | map('upper')]", "'a' ~ (row.tags | map('upper'))", "(row | items) | string",
             "(row.tags | unique) ~ ''", "(row.tags | batch(1)) ~ ''", "(row.tags | slice(1)) ~ ''",
             "(row.tags | select) ~ ''", "(row.tags | reject) ~ ''", "[row.tags | map('upper')] | tojson"]  # fmt: skip


@pytest.mark.parametrize("typed", [True, False])
@pytest.mark.parametrize("expression", UNDEFINED)
def test_a_missing_column_in_a_list_is_as_missing_as_elsewhere(tmp_path: Path, expression: str, typed: bool) -> None:
    found = evaluate(tmp_path, ("" if typed else "x ") + "{{ " + expression + " }}", keep_type=typed)
    assert isinstance(found, Diagnostic)
    assert found.code == "template-undefined"
    assert found.message.startswith('row has no column "nope"')


@pytest.mark.parametrize("typed", [True, False])
@pytest.mark.parametrize("expression", NO_VALUES)
def test_methods_and_unfinished_lists_are_refused_wherever_they_become_text(
    tmp_path: Path, expression: str, typed: bool
) -> None:
    found = evaluate(tmp_path, ("" if typed else "x ") + "{{ " + expression + " }}", keep_type=typed)
    assert isinstance(found, Diagnostic)
    assert found.code == "template-type"
    assert "is no value that can be put out" in found.message


@pytest.mark.parametrize(
    ("source", "code"),
    [("{{ 'a' ~ 'b'.upper }}", "template-type"), ("{{ 'a' ~ 10**5000 }}", "template-failed")],
)
def test_a_constant_that_fails_while_it_is_compiled_is_a_mistake_too(tmp_path: Path, source: str, code: str) -> None:
    found = evaluate(tmp_path, source)
    assert isinstance(found, Diagnostic)
    assert found.code == code


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ row.text.upper() }}", "SOME TEXT"), ("{{ row.tags | map('upper') | join('-') }}", "A-B"),
        ("{{ row.tags | map('upper') | first }}", "A"),
        ("{% for tag in row.tags | reverse %}{{ tag }}{% endfor %}", "ba"),
        ("{{ 'a' in (row.tags | map('lower')) }}", "True"), ("{{ row.text.upper is callable }}", "True"),
        ("{{ (row.tags | map('upper')) is iterable }}", "True"), ("{{ row.tags | unique | list }}", "['a', 'b']"),
        ("{% for a, b in row.meta | items %}{{ a }}{{ b }}{% endfor %}", "keyskx1"),
        ("{% set f = row.text.replace %}{{ f('some', 'no') }}", "no text"),
        ("{{ row.tags | batch(2) | list }}", "[['a', 'b']]"),
        ("{{ row.tags | map('upper') | sort(reverse=true) | list }}", "['B', 'A']"),
        ("{{ (row.tags | select('equalto', 'a') | list) | length }}", "1"),
    ],
)  # fmt: skip
def test_what_is_called_or_finished_works_as_ever(tmp_path: Path, source: str, text: str) -> None:
    assert evaluate(tmp_path, source) == text
