"""The sandbox: probes that must not get out, and sizes that must not be made (G9)."""

from __future__ import annotations

import time
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from batchctl.desired.templates.compiling import TemplateFailed, Templates
from batchctl.desired.templates.records import JobRecord, RowRecord, VarsRecord
from batchctl.words.diagnostics import Diagnostic
from tests.desired.jobs import template
from tests.hostile import ESCAPES, PADDING

NAMES = frozenset(("row", "vars", "job"))
ROW = {"id": "7", "text": "some text", "items": "three", "n": 3, "tags": ["a", "b"], "meta": {"keys": "k", "x": 1}}


def evaluate(folder: Path, source: str, *, keep_type: bool = False, row: dict[str, Any] | None = None) -> Any:
    """The value of a template, or the finding that it leads to."""
    templates = Templates(folder, NAMES)
    compiled = templates.compile(template(source), keep_type=keep_type)
    if compiled is None:
        return templates.findings[0]
    names = {"row": RowRecord(ROW if row is None else row), "vars": VarsRecord(a=1), "job": JobRecord(name="j")}
    try:
        return compiled.evaluate(templates.context(names))
    except TemplateFailed as failure:
        return failure.finding


@pytest.mark.parametrize("source", ESCAPES)
def test_no_probe_gets_out_of_the_sandbox(tmp_path: Path, source: str) -> None:
    assert isinstance(evaluate(tmp_path, source), Diagnostic)


@pytest.mark.parametrize("source", PADDING)
def test_what_would_be_huge_is_told_before_it_is_made(tmp_path: Path, source: str) -> None:
    tracemalloc.start()
    began = time.monotonic()
    try:
        finding = evaluate(tmp_path, source)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert isinstance(finding, Diagnostic)
    assert finding.code == "template-too-large"
    assert peak < 64 * 2**20
    assert time.monotonic() - began < 5


def test_a_long_output_stops_at_the_limit(tmp_path: Path) -> None:
    finding = evaluate(tmp_path, "{% set a = 'x'.ljust(16000) %}{% for b in a %}{{ a }}{% endfor %}")
    assert isinstance(finding, Diagnostic)
    assert finding.code == "template-too-large"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ 7*7 }}", "49"),
        ("{{ 'ab' * 3 }}", "ababab"),
        ("{{ '%5.1f|%s' % (1.25, 'x') }}", "  1.2|x"),
        ("{{ '%s=%s' | format('a', 1) }}", "a=1"),
        ("{{ '{:>4}|{}'.format(1, row.text) }}", "   1|some text"),
        ("{{ 'a-b'.replace('-', '+') }}{{ 'a-b' | replace('-', '+') }}", "a+ba+b"),
        ("{{ row.tags | join(', ') }}", "a, b"),
        ("{{ row.items }}", "three"),
        ("{{ row['items'] }}", "three"),
        ("{{ row.meta.keys }}", "k"),
        ("{% for k, v in row.meta.items() %}{{ k }}{{ v }}{% endfor %}", "keyskx1"),
        ("{{ row | length }}{{ row.nope | default('none') }}{{ row.nope is defined }}", "6noneFalse"),
        ("{{ {'b': '<ü>', 'a': [1]} | tojson }}", '{"a": [1], "b": "<ü>"}'),
        ("{{ 2 ** 10 }}", "1024"),
        ("{% for a in row.tags %}{{ loop.index }}{{ a }}{{ '' if loop.last else ',' }}{% endfor %}", "1a,2b"),
        ("{{ job.name }}{{ vars.a }}", "j1"),
        ("a\n{# c #}b\n", "a\nb"),
        ("{{ '<b>' }}{{ row.text }}", "<b>some text"),
    ],
)
def test_ordinary_templates_work(tmp_path: Path, source: str, text: str) -> None:
    assert evaluate(tmp_path, source) == text


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("{{ row.n }}", 3),
        ("{{ 5 }}", 5),
        ("{{ row.n / 2 }}", 1.5),
        ("{{ row.tags }}", ["a", "b"]),
        ("{{ none }}", None),
        ("{{ row.n > 2 }}", True),
        ("{{ row.meta }}", {"keys": "k", "x": 1}),
        ("{{ '5' }}", "5"),
        ("{{ row.id }}", "7"),
        ("{{ row.n }}\n", 3),
        ("{{ row.n }} ", "3 "),
        ("{{ row.n }}{{ row.n }}", "33"),
    ],
)
def test_a_lone_expression_keeps_its_type_and_nothing_else_does(tmp_path: Path, source: str, value: Any) -> None:
    result = evaluate(tmp_path, source, keep_type=True)
    assert (result, type(result)) == (value, type(value))


@pytest.mark.parametrize("source", ["{{ row.text.split }}x", "{{ row | items }}x", "{{ row.tags | map('upper') }}x"])
def test_what_has_an_address_for_a_text_is_refused(tmp_path: Path, source: str) -> None:
    finding = evaluate(tmp_path, source)
    assert isinstance(finding, Diagnostic)
    assert finding.code == "template-type"


def test_a_column_named_like_a_dict_method_is_the_column_and_none_is_told(tmp_path: Path) -> None:
    finding = evaluate(tmp_path, "{{ row.items }}", row={"id": 1})
    assert finding.message == 'row has no column "items"; for all there are, write "row | items"'
