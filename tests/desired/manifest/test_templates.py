"""Templates know where they stand, and prompts become what the endpoint takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from batchctl.desired.job import Template
from batchctl.desired.manifest import load

from .manifests import HEAD, MINIMAL, codes, job, load_mistakes, mistakes


def _place(template: Any) -> tuple[int, int, int, bool]:
    assert isinstance(template, Template)
    return template.origin.line, template.origin.column, template.origin.length, template.line_offsets


def _body(text: str) -> Any:
    return job(MINIMAL + text).body


def test_a_template_in_a_line_starts_after_its_quote() -> None:
    assert _place(_body('body:\n  x: "{{ row.a }}"\n')["x"]) == (7, 7, 11, False)
    assert _place(_body("body:\n  x: a {{ row.a }}\n")["x"]) == (7, 6, 13, False)


def test_a_literal_block_starts_on_the_line_after_its_indicator_and_keeps_its_lines() -> None:
    template = _body("body:\n  x: | # note\n    {{ a }}\n      b {{ c }}\n")["x"]
    assert _place(template) == (8, 5, 7, True)
    assert template.source == "{{ a }}\n  b {{ c }}\n"
    template = _body("body:\n  x: |-\n\n    {{ a }}\n")["x"]
    assert (template.source, template.origin.line, template.line_offsets) == ("\n{{ a }}", 8, True)
    template = _body("body:\n  x: |2\n      {{ a }}\n")["x"]
    assert (template.source, template.origin.column) == ("  {{ a }}\n", 5)


def test_a_folded_block_points_at_its_first_line_only() -> None:
    assert _place(_body("body:\n  x: >\n    {{ a }}\n    b\n")["x"]) == (8, 5, 7, False)


def test_a_text_without_braces_stays_a_text_unless_a_template_engine_would_change_it() -> None:
    assert _body("body: {x: 'a } b { c'}\n")["x"] == "a } b { c"
    assert isinstance(_body("body:\n  x: |\n    a\n")["x"], Template)


def test_types_and_nesting_of_body_are_kept() -> None:
    body = _body('body: {a: [1, 1.5, true, null, x], b: {c: "{{ row.d }}"}}\n')
    assert body["a"] == (1, 1.5, True, None, "x")
    assert body["b"]["c"].source == "{{ row.d }}"


def test_a_template_file_is_read_and_its_lines_are_its_own(tmp_path: Path) -> None:
    (tmp_path / "p.j2").write_text("Hello\n{{ row.x }}\n")
    (tmp_path / "job.yaml").write_text(HEAD + "prompt: {user: {file: p.j2}}\n")
    body: Any = load([tmp_path / "job.yaml"]).jobs[0].body
    template = body["messages"][0]["content"]
    assert template.source == "Hello\n{{ row.x }}\n"
    assert _place(template) == (1, 1, 5, True)
    assert template.origin.file == str(tmp_path / "p.j2")


@pytest.mark.parametrize("name", ["missing.j2", "folder", "binary.j2", "large.j2", "../outside.j2", "link.j2", "~/x"])
def test_a_template_file_that_cannot_be_used_is_told(tmp_path: Path, name: str) -> None:
    project = tmp_path / "project"
    (project / "folder").mkdir(parents=True)
    (tmp_path / "outside.j2").write_text("x")
    (project / "link.j2").symlink_to(tmp_path / "outside.j2")
    (project / "binary.j2").write_bytes(b"\xff\xfe")
    (project / "large.j2").write_text("x" * (2**20 + 1))
    (project / "job.yaml").write_text(HEAD + f"prompt: {{user: {{file: {name}}}}}\n")
    (found,) = load_mistakes(project / "job.yaml")
    assert found.code == ("path-refused" if name in ("../outside.j2", "link.j2", "~/x") else "template-file")


def _made(endpoint: str, prompt: str) -> Any:
    body = dict(job(HEAD + f"endpoint: {endpoint}\nprompt: {prompt}\n").body)
    assert body.pop("model") == "small"
    return body


def test_a_prompt_becomes_what_the_endpoint_takes() -> None:
    both, user = "{system: s, user: u}", "{user: u}"
    turns = "{messages: [{role: user, content: [{type: text, text: t}]}, {role: assistant, content: a}]}"
    said = ({"role": "user", "content": ({"type": "text", "text": "t"},)}, {"role": "assistant", "content": "a"})
    system = {"role": "system", "content": "s"}
    assert _made("/v1/chat/completions", both) == {"messages": (system, {"role": "user", "content": "u"})}
    assert _made("/v1/chat/completions", turns) == {"messages": said}
    assert _made("/v1/responses", both) == {"instructions": "s", "input": "u"}
    assert _made("/v1/responses", turns) == {"input": said}
    assert _made("/v1/embeddings", user) == {"input": "u"}
    assert _made("/v1/moderations", user) == {"input": "u"}
    assert _made("/v1/completions", user) == {"prompt": "u"}
    assert _made("/v1/images/generations", user) == {"prompt": "u"}


@pytest.mark.parametrize(
    ("endpoint", "prompt"),
    [
        ("/v1/embeddings", "{system: s, user: u}"), ("/v1/completions", "{system: s, user: u}"),
        ("/v1/embeddings", "{messages: [{role: user, content: u}]}"), ("/v1/audio/transcriptions", "{user: u}"),
        ("/v1/videos", "{user: u}"),
    ],
)  # fmt: skip
def test_a_prompt_that_the_endpoint_has_no_place_for_is_refused(endpoint: str, prompt: str) -> None:
    assert codes(HEAD + f"endpoint: {endpoint}\nprompt: {prompt}\n") == ["prompt-unsupported"]


def test_body_wins_over_what_prompt_makes() -> None:
    body = job(HEAD + "prompt: {user: a}\nbody: {messages: [{role: user, content: b}], n: 2}\n").body
    assert body == {"model": "small", "messages": ({"role": "user", "content": "b"},), "n": 2}


def test_something_must_be_asked() -> None:
    assert codes(HEAD) == ["nothing-asked"]
    assert codes(HEAD + "body: {temperature: 0}\n") == ["nothing-asked"]
    assert codes(HEAD + "body: {messages: [{role: user, content: b}]}\n") == []
    assert codes(HEAD + "endpoint: /v1/audio/transcriptions\nbody: {url: x}\n") == []


def test_the_model_stands_at_the_top_level() -> None:
    assert job(MINIMAL + "body: {model: small}\n").body["model"] == "small"
    (found,) = mistakes(MINIMAL + "body: {model: other}\n")
    assert (found.code, found.message) == ("model-in-body", "model belongs at the top level")
    assert codes(MINIMAL.replace("model: small\n", "") + "body: {model: small}\n") == ["model-in-body"]
    assert codes(MINIMAL.replace("model: small\n", "")) == ["missing-key"]
    assert codes(MINIMAL.replace("model: small", 'model: "{{ vars.m }}"')) == ["not-a-template"]


def test_a_batch_does_not_stream() -> None:
    assert codes(MINIMAL + "body: {stream: true}\n") == ["stream-in-body"]
    assert codes(MINIMAL + "body: {stream: false}\n") == []
