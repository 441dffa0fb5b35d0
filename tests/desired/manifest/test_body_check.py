"""What is wrong with every request is told with the other mistakes of a manifest, at its place."""

from __future__ import annotations

import pytest

from .manifests import HEAD, codes, mistakes


@pytest.mark.parametrize(
    ("rest", "place", "label"),
    [
        ("prompt: {user: x}\nbody: {temperature: 5}\n", "5}", "write 2 or less"),
        ("prompt: {user: x}\nbody: {n: 0}\n", "0}", "write 1 or more"),
        ("prompt: {user: x}\nbody: {n: many}\n", "many", "write a whole number"),
        ("prompt: {user: x}\nbody: {response_format: {}}\n", "{}}", 'add "type"'),
        ("prompt:\n  messages:\n    - role: usr\n      content: x\n", "usr", 'did you mean "user"?'),
        ("prompt:\n  messages: [{role: user, content: [{type: image_url}]}]\n", "{type: i", 'add "image_url"'),
        ("body: {messages: [{role: user}]}\n", "{role", 'add "content"'),
        ("prompt: {system: 's', user: ''}\nendpoint: /v1/embeddings\n", None, None),
        ("endpoint: /v1/embeddings\nprompt: {user: ''}\n", "''", "give a value, or remove the key"),
        ("endpoint: /v1/images/generations\nprompt: {user: ''}\n", "''", "give a value, or remove the key"),
        ("endpoint: /v1/audio/transcriptions\nbody: {language: en}\n", "body", 'add "url" or "file"'),
        ("endpoint: /v1/responses\nprompt: {user: x}\nbody: {input: 5}\n", "5}", "write a text or a list"),
    ],
)
def test_a_body_that_no_row_can_mend_is_shown_where_it_is_written(rest: str, place: str | None, label: str) -> None:
    found = [finding for finding in mistakes(HEAD + rest) if finding.code == "invalid-request"]
    if place is None:  # what was reported otherwise is not told again
        assert found == []
        return
    (one,) = found
    assert one.span is not None
    assert (HEAD + rest).splitlines()[one.span.line - 1][one.span.column - 1 :].startswith(place)
    assert one.label == label


def test_all_mistakes_of_a_body_are_told_together_with_those_of_the_manifest() -> None:
    text = HEAD + "prompt: {user: x}\nbody: {temperature: 5, n: 0, stop: 5}\nrevison: 2\n"
    assert codes(text) == ["invalid-request"] * 3 + ["unknown-key"]


def test_what_rows_may_mend_is_not_told_before_them() -> None:
    assert codes(HEAD + 'prompt: {user: "{{ row.a }}"}\nbody: {temperature: "{{ row.t }}"}\n') == []


def test_no_likeness_is_no_suggestion_of_an_endpoint() -> None:
    (found,) = mistakes(HEAD + "provider: openai\nendpoint: /v1/audio/transcriptions\nbody: {url: x}\n")
    assert found.code == "unknown-endpoint"
    assert found.label.startswith("the endpoints are: /v1/chat/completions, ")
