"""Misspelt, missing and misplaced keys: each is told once, with what to write."""

from __future__ import annotations

import pytest

from .manifests import HEAD, MINIMAL, PROMPT, codes, mistakes


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("modle", "model"), ("imputs", "inputs"), ("promt", "prompt"), ("endpint", "endpoint"),
        ("completion-window", "completion_window"), ("Name", "name"), ("outputs", "sinks"),
        ("params", "body"), ("variables", "vars"),
    ],
)  # fmt: skip
def test_an_unknown_key_comes_with_the_key_that_was_meant(wrong: str, right: str) -> None:
    (found, *_) = [one for one in mistakes(MINIMAL + f"{wrong}: x\n") if one.code == "unknown-key"]
    assert found.label == f'did you mean "{right}"?'
    assert found.span is not None
    assert (found.span.line, found.span.column, found.span.length) == (6, 1, len(wrong))


def test_a_typo_does_not_also_report_the_right_key_as_missing() -> None:
    text = "version: 1\nnmae: demo\nmodle: m\nimputs: [a.csv]\npromt: {usr: x}\n"
    assert codes(text) == ["unknown-key"] * 5


def test_what_stands_under_a_typo_is_checked_too() -> None:
    assert codes(MINIMAL + "rety: {max_attempts: 99}\n") == ["unknown-key", "out-of-range"]


def test_a_request_parameter_at_the_top_is_sent_to_body() -> None:
    (found,) = mistakes(MINIMAL + "temperature: 0\n")
    assert found.label == 'parameters of the request stand under "body"'


def test_a_missing_key_is_told_with_an_example() -> None:
    (found,) = mistakes(MINIMAL.replace("name: demo\n", ""))
    assert (found.code, found.message, found.label) == (
        "missing-key", '"name" is missing', 'add "name", for example name: review-sentiment',
    )  # fmt: skip


def test_keys_that_come_with_later_versions_are_unknown() -> None:
    assert codes(MINIMAL + "approval: {}\nbudget: {max_hours: 1}\n") == ["unknown-key", "unknown-key"]


def test_alternatives_are_told_in_words() -> None:
    (found,) = mistakes(HEAD.replace("[rows.csv]", "[[a]]") + PROMPT)
    assert found.message == (
        'inputs[0] must be a path or a mapping with "path" or a mapping with "sql" and "tables" '
        'or a mapping with "rows"')
    (found,) = mistakes(HEAD + "prompt: hello\n")
    assert found.message == 'prompt must be a mapping with "user" or a mapping with "messages"'
    (found,) = mistakes(HEAD.replace("[rows.csv]", "[{path: a.csv, rows: [{a: 1}]}]") + PROMPT)
    assert 'unknown key "rows" in inputs[0]' in found.message
    assert "cannot stand beside" in found.label
    (found,) = mistakes(HEAD.replace("[rows.csv]", "rows.csv") + PROMPT)
    assert (found.message, found.label) == ("inputs must be a list", "write [rows.csv]")


def test_a_key_without_a_value_is_told_as_that() -> None:
    assert [one.message for one in mistakes(MINIMAL + "retry:\n")] == ["retry has no value; it must be a mapping"]


def test_a_document_that_is_no_mapping_is_told_as_that() -> None:
    assert codes("- a\n") == ["not-a-mapping"]
    assert codes("hello") == ["not-a-mapping"]
    assert codes("") == ["empty-file"]
    assert codes("# only a comment\n---\n") == ["empty-file"]
