"""A request beside an earlier one: every kind of body can be read, and nothing in it is more than text."""

from __future__ import annotations

from typing import Any

import pytest

from batchctl.decide.changed import Changed, Example, Replaced
from batchctl.decide.parts import Asked
from batchctl.show.difference import difference
from batchctl.show.request_lines import request_lines
from batchctl.show.why import why


def asked(**body: Any) -> Asked:
    return Asked("id", "/v1/x", body)


def lines(**body: Any) -> list[str]:
    return request_lines(asked(**body))[1:]


@pytest.mark.parametrize(("body", "shown"), [
    ({"messages": [{"role": "system", "content": "a\nb"}, {"role": "user", "content": "c"}]},
     ["messages[0] system", "  a", "  b", "messages[1] user", "  c"]),
    ({"messages": [{"role": "user", "name": "n", "content": [
        {"type": "text", "text": "a\nb"}, {"type": "image_url", "image_url": {"url": "u"}}]}]},
     ["messages[0] user[0] text", "  a", "  b", "messages[0] user[1] {", '  "image_url": {', '    "url": "u"', "  },",
      '  "type": "image_url"', "}", "messages[0] user {", '  "name": "n"', "}"]),
    ({"instructions": "i", "input": "x\ny"}, ["instructions", "  i", "input", "  x", "  y"]),
    ({"input": ["x", "y"], "model": "m"}, ["input[0]", "  x", "input[1]", "  y", 'model "m"']),
    ({"input": [1, 2]}, ["input [", "  1,", "  2", "]"]), ({"messages": []}, ["messages []"]),
    ({"messages": "odd", "b": None, "a": "1\n2"}, ["messages", "  odd", "a", "  1", "  2", "b null"]),
    ({"messages": [{"role": 1, "content": None}]}, ["messages[0] {", '  "content": null', "}"]),
])
def test_a_prompt_is_shown_line_by_line_and_all_else_as_json(body: dict[str, Any], shown: list[str]) -> None:
    assert lines(**body) == shown


def test_what_is_nested_too_deep_is_said_to_be() -> None:
    deep: Any = 1
    for _ in range(3000):
        deep = [deep]
    assert lines(body=deep) == ["body … (nested too deep to be shown)"]


def shown(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    return difference(Example(asked(**old), asked(**new)))


def test_of_a_long_line_what_differs_is_shown() -> None:
    old, new = shown({"prompt": "a" * 5000 + "X" + "b" * 5000}, {"prompt": "a" * 5000 + "Y" + "b" * 5000})[-2:]
    assert max(len(old), len(new)) < 500
    assert old.startswith("-… (4,922 characters) aaa")
    assert ("X" in old, "Y" in new) == (True, True)
    assert old.endswith("b … (4,681 characters)")


def test_of_very_many_lines_the_first_are_shown_and_the_others_counted() -> None:
    made = shown({"prompt": "a\n" * 1000}, {"prompt": "b\n" * 1000})
    assert len(made) == 201
    assert made[-1] == "@@ 1,806 more lines @@"


def test_lines_that_look_like_the_head_of_a_diff_are_lines() -> None:
    made = shown({"prompt": "-- a\n++ b"}, {"prompt": "-- a\n++ c"})
    assert made[-2:] == ["-  ++ b", "+  ++ c"]


@pytest.mark.parametrize(("changed", "said"), [
    (Changed(3, 3, 3, replaced=(Replaced(("template",), 3),)), "all: template changed"),
    (Changed(12, 1319, 12, replaced=(Replaced(("text",), 12),)), "12 of 1,319: text changed"),
    (Changed(12, 1319, 12, 2, (Replaced(("model", "text", "body.top_p"), 8), Replaced(("schema",), 2))),
     "8 of 1,319: model, text and top_p changed; 2: answer schema changed; 2: new rows"),
    (Changed(1, 9, 1, 1), "1 of 9: new row"),
    (Changed(22, 90, 22, replaced=tuple(Replaced((part,), 7 - at) for at, part in enumerate(("a", "b", "c", "d")))),
     "7 of 90: a changed; 6: b changed; 5: c changed; 4: other changes"),
    (Changed(50, 90, 20, replaced=(Replaced(("text",), 20),)), "the first 20: text changed"),
    (Changed(50, 90, 20, 5, replaced=(Replaced(("text",), 15),)), "of the first 20, 15: text changed; 5: new rows"),
    (Changed(3, 3, 3), "not asked before; what was asked is not in the store any more"),
    (Changed(3, 3, 3, recorded=("model", "revision")),
     "not asked before: by the lockfile, model and revision changed; what was asked is not in the store any more"),
    (Changed(3, 3, 3, 3, keyed=False, gone=1), "not asked before; 1 earlier one is not asked any more"),
    (Changed(3, 3, 3, 3, keyed=False), "not asked before"),
    (Changed(3, 3, why="the inputs\x1b have changed"), "not asked before (the inputs␛ have changed)"),
    (Changed(3, 3, 3, replaced=(Replaced(("body.\x1b",), 3),)), "all: ␛ changed"),
])
def test_why_requests_are_created_is_told_in_a_few_words(changed: Changed, said: str) -> None:
    assert why(changed) == said
