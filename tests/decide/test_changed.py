"""In which parts requests differ, and when it is the template that changed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchctl.decide.changed import Changed, Comparison, Replaced
from batchctl.decide.parts import Asked, differing, edits

CHAT = "/v1/chat/completions"


def asked(said: str = "hello", *, url: str = CHAT, revision: int | None = 1, **body: Any) -> Asked:
    messages = [{"role": "user", "content": said}]
    return Asked("k-" + "0" * 20, url, {"messages": messages, "model": "m", **body}, revision)


@pytest.mark.parametrize(("old", "new", "parts"), [
    (asked(), asked("bye"), ("text",)), (asked(), asked(model="n"), ("model",)),
    (asked(), asked(url="/v1/responses"), ("endpoint",)), (asked(), asked(revision=2), ("revision",)),
    (asked(revision=None), asked(revision=2), ("key",)), (asked(), asked(), ("key",)),
    (asked(), asked(response_format={"type": "json_object"}), ("schema",)),
    (asked(text={"format": {"a": 1}}), asked(text={"format": {"a": 2}}), ("schema",)),
    (asked(text={"verbosity": "low"}), asked(text={"verbosity": "high"}), ("body.text",)),
    (asked(temperature=1), asked(temperature=1.0), ("body.temperature",)),
    (asked(temperature=1), asked(temperature=True), ("body.temperature",)),
    (asked(seed=None), asked(), ("body.seed",)), (asked(seed=2**70), asked(seed=2**70 + 1), ("body.seed",)),
    (asked(seed=1), asked("x", model="n", top_p=1), ("model", "text", "body.seed", "body.top_p")),
])
def test_what_differs_is_told_in_words(old: Asked, new: Asked, parts: tuple[str, ...]) -> None:
    assert differing(old, new) == parts == differing(
        Asked(old.custom_id, old.url, dict(reversed(old.body.items())), old.revision), new)


def compared(*pairs: tuple[Asked, Asked], all_changed: bool = True) -> list[tuple[tuple[str, ...], int]]:
    comparison = Comparison()
    for old, new in pairs:
        comparison.add(old, new)
    return [(kind.parts, kind.requests) for kind in comparison.kinds(all_changed=all_changed)]


def test_a_template_changed_where_all_texts_changed_by_the_same_words() -> None:
    pairs = [(asked(f"Label {row} now: {row}"), asked(f"Judge {row} then: {row}")) for row in ("a", "b c", "d")]
    assert compared(*pairs) == [(("template",), 3)]
    assert compared(*pairs, (asked("Label e now: e"), asked("Judge E then: e", model="n"))) == [
        (("template",), 3), (("model", "template"), 1)]


@pytest.mark.parametrize("pairs", [
    [(asked("a x"), asked("b x")), (asked("c x"), asked("d x"))],
    [(asked("a x"), asked("b x"))],
    [(asked("a x"), asked("b x")), (asked("a"), asked("a", model="n"))],
])
def test_rows_that_changed_each_in_its_own_way_are_no_template(pairs: list[tuple[Asked, Asked]]) -> None:
    assert not any("template" in parts for parts, _ in compared(*pairs))


def test_while_some_requests_are_what_they_were_the_template_is() -> None:
    pairs = [(asked(f"{row} x"), asked(f"{row} y")) for row in "abc"]
    assert compared(*pairs, all_changed=False) == [(("text",), 3)]


def test_very_long_texts_are_compared_without_their_common_ends() -> None:
    words = "word " * 5000
    old, new = asked(f"{words}old{words}"), asked(f"{words}new{words}")
    assert edits(old, new) == (("messages/0/content", ("oldword",), ("newword",)),)


def test_what_a_comparison_keeps_does_not_grow_with_the_requests() -> None:
    comparison = Comparison()
    for number in range(1000):
        comparison.add(asked(), asked(**{f"p{number}": 1}))
    kinds = comparison.kinds(all_changed=True)
    assert len(kinds) == 101
    assert (kinds[0].parts, kinds[0].requests) == (("body",), 900)


@settings(max_examples=50)
@given(st.text(max_size=40), st.text(max_size=40))
def test_edits_say_nothing_only_of_equal_texts(old: str, new: str) -> None:
    assert (edits(asked(old), asked(new)) == ()) == (old == new)


def test_what_was_looked_at_is_new_replaced_or_unknown() -> None:
    found = Changed(10, 20, looked_at=9, new=2, replaced=(Replaced(("text",), 3), Replaced(("model",), 1)))
    assert found.unknown == 3
