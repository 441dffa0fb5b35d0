"""What YAML means in a manifest: version 1.2, and nothing by surprise."""

from __future__ import annotations

import pytest

from .manifests import HEAD, MINIMAL, PROMPT, codes, job, mistakes


def _vars(yaml: str) -> object:
    return job(MINIMAL + f"vars: {{x: {yaml}}}\n").vars["x"]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("12", 12), ("-3", -3), ("0", 0), ("1.5", 1.5), ("1e3", 1000.0), (".5", 0.5), ("0x1F", 31), ("0o17", 15),
        ("true", True), ("False", False), ("null", None), ("~", None), ("", None), ("nO", "nO"), ("y", "y"),
        ("'2026-01-01'", "2026-01-01"), ('"12:30:00"', "12:30:00"), ('"no"', "no"), ("'010'", "010"), ('"1_0"', "1_0"),
        ("1.2.3", "1.2.3"), ("=", "="), ("8080:80", "8080:80"), ("2026-01", "2026-01"),
        ("a 12:30", "a 12:30"), ("12345678901234567890123", 12345678901234567890123),
    ],
)  # fmt: skip
def test_plain_scalars_are_those_of_yaml_1_2(written: str, value: object) -> None:
    found = _vars(written)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("written", "advice"),
    [
        ("no", "write false"), ("Off", "write false"), ("YES", "write true"), ("on", "write true"),
        ("010", "write 10"), ("-007", "write -7"), ("1_000", "write 1000"), ("0b11", "in decimal"),
        ("1:30", 'write "1:30"'), ("-190:20:30.5", "in quotes"), ("09:05", "in quotes"),
        ("2026-01-01", 'write "2026-01-01"'), ("2026-1-1 10:00:00 +2", "in quotes"),
        ("2026-01-01T10:00:00.5Z", "in quotes"),
        (".inf", "no such number"), (".NaN", "no such number"), ("1e999", "too large"), ("1" * 5_000, "too large"),
    ],
)  # fmt: skip
def test_what_older_yaml_reads_differently_is_refused_where_any_value_may_stand(
    written: str, advice: str
) -> None:
    for place in (f"vars: {{x: {written}}}\n", f"body: {{x: [{written}]}}\n"):
        found = mistakes(MINIMAL + place)
        assert [finding.code for finding in found] == ["ambiguous-scalar"]
        assert advice in found[0].label
        assert "in quotes" in found[0].label


def test_where_a_text_is_wanted_a_plain_no_is_that_text() -> None:
    made = job(MINIMAL + "description: no\nlabels: {live: yes, since: 2026-01-01, at: 12:30}\n")
    assert made.labels == {"live": "yes", "since": "2026-01-01", "at": "12:30"}


def test_where_a_boolean_is_wanted_a_plain_no_is_told_to_be_false() -> None:
    (found,) = mistakes(MINIMAL + "sinks: [{path: a.csv, partial: no}]\n")
    assert (found.code, found.label) == ("wrong-type", "write false")


def test_a_number_where_a_text_is_wanted_is_told_to_be_quoted() -> None:
    (found,) = mistakes(MINIMAL + "labels: {build: 12}\n")
    assert found.label == 'write "12", in quotes'


def test_a_date_where_a_number_is_wanted_is_not_told_to_be_quoted() -> None:
    (found,) = mistakes(MINIMAL + "revision: 2026-01-01\n")
    assert (found.code, found.label) == ("wrong-type", "write a whole number")


def test_a_version_is_a_whole_number() -> None:
    assert codes(MINIMAL.replace("version: 1", "version: 1.0")) == ["wrong-type"]
    assert codes(MINIMAL.replace("version: 1", 'version: "1"')) == ["wrong-type"]
    assert codes(MINIMAL.replace("version: 1", "version: true")) == ["wrong-type"]


def test_a_newer_version_is_the_only_thing_told_of_a_manifest() -> None:
    assert codes("version: 2\nname: X Y\nnew_key: 1\n") == ["newer-version"]


def test_a_duplicate_key_is_told_with_both_places() -> None:
    (found,) = mistakes(MINIMAL + "name: again\n")
    assert found.code == "duplicate-key"
    assert found.span is not None
    assert (found.span.line, found.span.column) == (6, 1)
    assert "job.yaml:2:1" in found.label


@pytest.mark.parametrize(
    ("addition", "code"),
    [
        ("vars: {1: a}\n", "key-not-text"), ("vars: {true: a}\n", "key-not-text"), ("vars: {[a]: b}\n", "key-not-text"),
        ("vars: {<<: {a: 1}}\n", "merge-key"), ("vars: {a: &x 1, b: *x}\n", "yaml-alias"),
        ("vars: {a: !!str 1}\n", "yaml-tag"), ("vars: {a: !x 1}\n", "yaml-tag"), ("vars: !x {a: 1}\n", "yaml-tag"),
        ("vars:\n\ta: 1\n", "tab-indentation"), ("vars: {a: b: c}\n", "yaml-syntax"), ("vars: 'a\n", "yaml-syntax"),
        ("vars: {a: {{ x }}}\n", "unquoted-template"), ("vars:\n  a: {{ x }} more\n", "unquoted-template"),
        ("vars: @x\n", "yaml-syntax"),
    ],
)  # fmt: skip
def test_what_json_cannot_say_is_refused_once(addition: str, code: str) -> None:
    found = mistakes(MINIMAL + addition)
    assert [finding.code for finding in found] == [code]
    assert found[0].label


def test_an_alias_under_a_merge_key_is_told_as_the_merge_key() -> None:
    assert codes(MINIMAL + "x-base: &b {a: 1}\nvars: {<<: *b, c: 2}\n") == ["merge-key"]


def test_mistakes_before_and_after_a_bad_value_are_told_together() -> None:
    assert codes("version: 1\nname: A B\nmodel: m\ninputs: [a.csv]\nprompt: {user: !x y}\nrevision: 0\n") == [
        "wrong-form", "yaml-tag", "out-of-range",
    ]  # fmt: skip


def test_a_byte_order_mark_is_a_warning_and_columns_stay_right() -> None:
    found = mistakes("\ufeff" + HEAD.replace("version", "versio") + PROMPT)
    assert [(finding.code, finding.severity) for finding in found] == [
        ("byte-order-mark", "warning"), ("unknown-key", "error"),
    ]  # fmt: skip
    assert found[1].span is not None
    assert found[1].span.column == 1
    assert found[1].source == "versio: 1"


def test_columns_count_characters_and_lines_end_as_on_any_system() -> None:
    text = MINIMAL.replace("\n", "\r\n") + 'labels: {"caf\u00e9\U0001f600": 1}\r\n'
    (found,) = mistakes(text)
    assert found.span is not None
    assert (found.span.line, found.span.column, found.span.length) == (6, 19, 1)
    assert found.source == 'labels: {"caf\u00e9\U0001f600": 1}'


def test_an_x_key_is_ignored() -> None:
    assert job(MINIMAL + "x-note: {anything: [1, no]}\n").name == "demo"
