"""One row, one request: canonical bytes, golden digests, and data that stays data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batchctl.desired.inputs.row import Row, RowError
from batchctl.desired.job import Job
from batchctl.desired.render.requests import Rendered, RequestRenderer
from batchctl.words.digest import canonical_json
from batchctl.words.errors import InvalidInput
from tests.desired.jobs import chat, job, rows_input


def row(**data: Any) -> Row:
    return Row(0, "a.csv", 2, data, 0, 1, 1)


def render(made: Job, **data: Any) -> Rendered:
    return RequestRenderer(made).render(row(**data))


def body(rendered: Rendered) -> Any:
    return json.loads(rendered.line)["body"]


GOLDEN = [
    ("{{ row.text }}", None, {"text": "hello"}, "300cb7dc5d10dcd87c83"),
    ("{{ row.text }}", "{{ row.id }}", {"id": "r 1", "text": "Zürich ✓"}, "r_1-b74fb83454aa7b703455"),
    ("A {{ row.n }}\n\nB", None, {"n": 10**30}, "cf8882931f1e1a654d0c"),
]


@pytest.mark.parametrize(("user", "key", "data", "custom_id"), GOLDEN)
def test_golden_digests_so_that_nothing_is_bought_again(
    tmp_path: Path, user: str, key: str | None, data: dict[str, Any], custom_id: str
) -> None:
    made = job(tmp_path, rows_input(key=key), body=chat("You label.", user, temperature=0, top_p=0.1))
    assert json.loads(render(made, **data).line)["custom_id"] == custom_id


_SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
_VALUES = st.recursive(_SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=6)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(), value=_VALUES, static=st.dictionaries(st.text(max_size=4), _SCALARS, max_size=4))
def test_a_line_is_exactly_the_canonical_json_of_what_it_says(
    tmp_path: Path, text: str, value: Any, static: dict[str, Any]
) -> None:
    static = {key: inner for key, inner in static.items() if not isinstance(inner, str)}
    made = job(tmp_path, rows_input(), kind="other", body={"static": static, "x": "<{{ row.t }}>", "y": "{{ row.v }}"})
    line = render(made, t=text, v=value).line
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert line[:-1] == canonical_json(json.loads(line))
    assert body(render(made, t=text, v=value)) == {"static": static, "x": f"<{text}>", "y": value}


def test_a_cell_that_looks_like_a_template_arrives_verbatim(tmp_path: Path) -> None:
    for cell in ("{{ 7*7 }}", "{% for x in y %}", "{# c #}", "{{ row.__class__ }}"):
        for user in ("{{ row.text }}", "> {{ row.text }}", "{% set a = row.text %}{{ a }}!"):
            content = body(render(job(tmp_path, rows_input(), body=chat(user)), text=cell))["messages"][0]["content"]
            assert cell in content


def test_a_lone_expression_keeps_its_type_in_the_body(tmp_path: Path) -> None:
    made = job(
        tmp_path,
        rows_input(),
        body=chat("{{ row.n }}", seed="{{ row.n }}", stop="{{ row.stop }}", temperature="{{ row.t }}"),
    )
    request = body(render(made, n=7, stop=["a", "b"], t=0.5))
    assert (request["seed"], request["stop"], request["temperature"]) == (7, ["a", "b"], 0.5)
    assert request["messages"][0]["content"] == "7"  # only text can stand there


@pytest.mark.parametrize("value", [{1: 2}, {"a": {None: 1}}, {"a": [b"x"]}, float("nan"), float("inf")])
def test_a_value_that_is_no_json_is_refused(tmp_path: Path, value: Any) -> None:
    with pytest.raises(RowError, match="template-type"):
        render(job(tmp_path, rows_input(), kind="other", body={"x": "{{ row.v }}"}), v=value)


def test_half_a_surrogate_pair_is_refused_and_named(tmp_path: Path) -> None:
    for user in ("{{ row.text }}", "> {{ row.text }}"):
        with pytest.raises(RowError, match="half of a surrogate pair"):
            render(job(tmp_path, rows_input(), body=chat(user)), text="\ud800")


def test_what_is_wrong_for_every_row_is_told_at_once_and_together(tmp_path: Path) -> None:
    made = job(tmp_path, rows_input(key="{{ rwo.id }}", where="row.id"), body=chat("{{ row.text | shout }}"))
    with pytest.raises(InvalidInput) as caught:
        RequestRenderer(made)
    assert [finding.code for finding in caught.value.findings] == [
        "template-undefined",
        "where-not-boolean",
        "template-syntax",
    ]


@pytest.mark.parametrize(
    ("kind", "wrong", "words"),
    [
        ("chat", {"model": "m"}, "'messages' is a required property"),
        ("chat", {"model": "m", "messages": []}, "messages: "),
        ("chat", {"model": "m", "messages": [{"role": "sytem", "content": "{{ row.text }}"}]}, "messages[0].role"),
        ("chat", chat("{{ row.text }}", temperature=3), "temperature: 3 is greater"),
        ("chat", chat("{{ row.text }}", max_tokens="8"), "max_tokens: '8' is not of type"),
        ("embeddings", {"model": "m"}, "'input' is a required property"),
        ("completions", {"model": "m", "prompt": ""}, "prompt: '' "),
        ("responses", {"model": "m"}, "'input' or 'prompt' is required"),
    ],
)
def test_a_body_that_is_wrong_in_every_row_is_told_once_with_its_place(
    tmp_path: Path, kind: Any, wrong: Any, words: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        RequestRenderer(job(tmp_path, rows_input(), kind=kind, body=wrong))
    (finding,) = caught.value.findings
    assert finding.code == "invalid-request"
    assert words in finding.message


@pytest.mark.parametrize(
    ("kind", "made", "data", "words"),
    [
        ("chat", chat("x", temperature="{{ row.v }}"), {"v": 3}, "temperature: 3 is greater"),
        ("chat", chat("x", temperature="{{ row.v }}"), {"v": "1"}, "temperature: '1' is not of type"),
        ("chat", chat("{{ row.v }}"), {"v": {"a": 1}}, "messages[0].content"),
        ("chat", chat("{{ row.v }}"), {"v": True}, "messages[0].content"),
        ("chat", {"model": "m", "messages": "{{ row.v }}"}, {"v": []}, "messages"),
        (
            "chat",
            {"model": "m", "messages": [{"role": "{{ row.v }}", "content": "x"}]},
            {"v": "boss"},
            "messages[0].role",
        ),
        ("embeddings", {"model": "m", "input": "{{ row.v }}"}, {"v": ""}, "input: '' "),
        ("embeddings", {"model": "m", "input": "{{ row.v | trim }}"}, {"v": "  "}, "input: '' "),
        ("embeddings", {"model": "m", "input": ["x", "{{ row.v }}"]}, {"v": ""}, "input[1]: '' "),
        ("completions", {"model": "m", "prompt": "{{ row.v }}"}, {"v": ""}, "prompt: '' "),
    ],
)
def test_what_a_row_makes_wrong_is_told_with_template_and_row(
    tmp_path: Path, kind: Any, made: Any, data: dict[str, Any], words: str
) -> None:
    renderer = RequestRenderer(job(tmp_path, rows_input(), kind=kind, body=made))
    with pytest.raises(RowError) as caught:
        renderer.render(row(**data))
    finding = caught.value.finding
    assert words in finding.message
    assert finding.code == "invalid-request"
    assert finding.span is not None
    assert finding.span.line == 10
    assert finding.notes == ("while rendering row 1 of a.csv (line 2)",)


def test_an_empty_message_is_allowed(tmp_path: Path) -> None:
    assert body(render(job(tmp_path, rows_input()), text=""))["messages"][0]["content"] == ""


@pytest.mark.parametrize(
    ("made", "data", "units"),
    [
        ("{{ row.v }}", "a", 1),
        ("{{ row.v }}", ["a", "b", "c"], 3),
        ("{{ row.v }}", [1, 2, 3], 1),
        ("{{ row.v }}", [[1, 2], [3]], 2),
        (["a", "{{ row.v }}"], "b", 2),
        ("> {{ row.v }}", ["a", "b"], 1),
    ],
)
def test_embedding_inputs_are_counted(tmp_path: Path, made: Any, data: Any, units: int) -> None:
    embeddings = job(tmp_path, rows_input(), kind="embeddings", body={"model": "m", "input": made})
    assert render(embeddings, v=data).units == units


@pytest.mark.parametrize(("data", "key"), [("a", "a"), (17, "17"), (1.5, "1.5"), (True, "True"), ("ü/ 1", "ü/ 1")])
def test_a_key_is_the_text_of_its_value(tmp_path: Path, data: Any, key: str) -> None:
    assert render(job(tmp_path, rows_input(key="{{ row.k }}")), k=data, text="x").key == key


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ("", "key-empty"),
        (None, "key-empty"),
        ("x" * 513, "key-invalid"),
        ("a\nb", "key-invalid"),
        ("a\x1b[2J", "key-invalid"),
        ([1], "key-invalid"),
        ("\u2028", "key-invalid"),
        ("\ud800", "key-invalid"),
    ],
)
def test_a_key_that_cannot_name_a_request_is_refused(tmp_path: Path, data: Any, code: str) -> None:
    with pytest.raises(RowError, match=code):
        render(job(tmp_path, rows_input(key="{{ row.k }}")), k=data, text="x")


@pytest.mark.parametrize(
    ("where", "data", "wanted"),
    [
        ("{{ row.v == '1' }}", "1", True),
        ("{{ row.v == '1' }}", "2", False),
        ("{{ row.v }}", 0, False),
        ("{{ row.v }}", "false", False),
        ("{{ row.v }}", " TRUE ", True),
        ("{{ row.v }}", "", False),
        ("{{ row.v }}", [0], True),
        ("{% if row.v %}true{% else %}false{% endif %}", 1, True),
        ("true", 1, True),
        ("false", 1, False),
    ],
)
def test_where_is_the_truth_of_its_expression_or_the_word_that_it_makes(
    tmp_path: Path, where: str, data: Any, wanted: bool
) -> None:
    assert RequestRenderer(job(tmp_path, rows_input(where=where))).accepts(row(v=data, text="")) is wanted


def test_where_that_makes_another_word_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(RowError, match="where-not-boolean"):
        RequestRenderer(job(tmp_path, rows_input(where="x{{ row.v }}"))).accepts(row(v=1))


def test_a_request_beyond_what_the_provider_takes_names_its_row(tmp_path: Path) -> None:
    from dataclasses import replace

    from batchctl.words.dialects import OPENAI, Limits

    small = replace(OPENAI, limits=Limits(refused_bytes=1000))
    with pytest.raises(RowError, match="request-too-large") as caught:
        render(job(tmp_path, rows_input(), dialect=small), text="x" * 1000)
    assert caught.value.finding.notes == ("while rendering row 1 of a.csv (line 2)",)


@pytest.mark.parametrize("asked", ["{{ row.texts }}", ["a", "b", "c", "{{ row.texts[0] }}"]])
def test_a_request_for_more_embeddings_than_a_batch_may_have_names_its_row(tmp_path: Path, asked: Any) -> None:
    from dataclasses import replace

    from batchctl.words.dialects import OPENAI, Limits

    def units(most: int) -> int:
        dialect = replace(OPENAI, limits=Limits(max_inputs=most))
        made = job(tmp_path, rows_input(), kind="embeddings", dialect=dialect, body={"model": "m", "input": asked})
        return render(made, texts=["a", "b", "c", "d"]).units

    assert units(4) == 4
    with pytest.raises(RowError, match=r"4 inputs; .* takes 3 in a batch") as caught:
        units(3)
    assert caught.value.finding.notes == ("while rendering row 1 of a.csv (line 2)",)


def test_templates_that_set_names_do_not_see_each_other(tmp_path: Path) -> None:
    made = job(
        tmp_path,
        rows_input(),
        body=chat("{% set row = 1 %}x", "{{ row.text }}{% set row = 1 %}", user="{{ row.text }}"),
    )
    request = body(render(made, text="t"))
    assert [message["content"] for message in request["messages"]] == ["x", "t"]
    assert request["user"] == "t"


def test_a_row_that_fails_leaves_nothing_behind_for_the_next_one(tmp_path: Path) -> None:
    template = "{{ (row.text | urlize) + '<' }}{% autoescape true %}{{ row.name }}{% endautoescape %}"
    renderer = RequestRenderer(job(tmp_path, rows_input(), body=chat(template)))
    with pytest.raises(RowError):
        renderer.render(row(text="a"))
    assert body(renderer.render(row(text="a", name="n")))["messages"][0]["content"] == "a<n"


def test_labels_vars_and_the_job_are_visible(tmp_path: Path) -> None:
    made = job(
        tmp_path,
        rows_input(),
        labels={"team": "t"},
        vars={"a": ("x", {"b": 1})},
        revision=3,
        body=chat("{{ job.labels.team }} {{ job.model }} {{ job.revision }} {{ vars.a[1].b }} {{ vars.a }}"),
    )
    assert body(render(made))["messages"][0]["content"] == "t m-1 3 1 ['x', {'b': 1}]"
