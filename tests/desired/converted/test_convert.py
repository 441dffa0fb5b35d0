"""A batch file as a manifest: every request has the body that it had, whatever the bodies are, and can be read."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from batchctl.desired.converted.convert import convert
from batchctl.desired.inputs.reading import JobReader
from batchctl.desired.job import Job
from batchctl.desired.manifest import load
from batchctl.desired.render.requests import RequestRenderer
from batchctl.words.digest import canonical_json
from batchctl.words.errors import InvalidInput

CHAT = "/v1/chat/completions"


def written(path: Path, bodies: list[dict[str, Any]], url: str = CHAT) -> None:
    path.write_text("".join(
        json.dumps({"custom_id": f"row-{number}", "method": "POST", "url": url, "body": body}) + "\n"
        for number, body in enumerate(bodies)))


def converted(folder: Path, bodies: list[dict[str, Any]], url: str = CHAT) -> tuple[Job, ...]:
    """The jobs that a file of these bodies becomes."""
    written(folder / "requests.jsonl", bodies, url)
    made = convert(folder / "requests.jsonl", "schema.json")
    for name, pieces in made.files.items():
        (folder / name).write_bytes(b"".join(pieces()))
    assert made.requests == len(bodies)
    return load([folder / "job.yaml"]).jobs


def rendered(jobs: tuple[Job, ...]) -> dict[str, bytes]:
    """The canonical body of each request, by its key."""
    found: dict[str, bytes] = {}
    for job in jobs:
        renderer = RequestRenderer(job)
        for block in JobReader(job, 0, 1, lambda place: None, accept=renderer.accepts).blocks():
            assert not block.findings
            for row in block.rows:
                request = renderer.render(row)
                assert request.key is not None
                found[request.key] = canonical_json(json.loads(request.line)["body"])
                assert json.loads(request.line)["url"] == job.endpoint
    return found


def assert_same(folder: Path, bodies: list[dict[str, Any]], url: str = CHAT) -> tuple[Job, ...]:
    jobs = converted(folder, bodies, url)
    assert rendered(jobs) == {f"row-{number}": canonical_json(body) for number, body in enumerate(bodies)}
    return jobs


def ask(user: Any, **more: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": user}],
            **more}


def test_the_usual_file_becomes_a_manifest_that_reads_as_if_a_person_had_written_it(tmp_path: Path) -> None:
    assert_same(tmp_path, [ask(f"Review {number}", temperature=0, max_tokens=8) for number in range(3)])
    assert (tmp_path / "job.yaml").read_text() == """\
# yaml-language-server: $schema=schema.json
#
# Made of requests.jsonl by `batchctl init --from`: each of its requests is a row, and asks the same as before.
version: 1
name: requests
# `local` answers with an echo, and costs nothing; groq, cerebras, openai or portkey take a key.
provider: local
model: m
endpoint: /v1/chat/completions
completion_window: 24h

inputs:
  - path: rows.jsonl
    key: "{{ row.custom_id }}"

prompt:
  system: Be brief.
  user: "{{ row.user }}"

body:
  temperature: 0
  max_tokens: 8

sinks:
  - path: out/requests.jsonl
    fields:
      custom_id: "{{ row.custom_id }}"
      text: "{{ text }}"
      error: "{{ error.message }}"
"""
    assert (tmp_path / "rows.jsonl").read_text().splitlines()[1] == '{"custom_id": "row-1", "user": "Review 1"}'


def test_a_long_text_is_folded_and_one_of_several_lines_keeps_them(tmp_path: Path) -> None:
    system = "You label product reviews, and answer with one word. " * 4 + "Be fair."
    bodies = [{"model": "m", "messages": [{"role": "system", "content": text}, {"role": "user", "content": "a"}]}
              for text in (system, system)]
    assert_same(tmp_path, bodies)
    text = (tmp_path / "job.yaml").read_text()
    assert "system: >-\n    You label" in text
    assert max(map(len, text.splitlines())) <= 120


@pytest.mark.parametrize("bodies", [
    [ask("{{ 7*7 }}"), ask("{% raw %}\n"), ask("a\r\nb\n\n")],
    [{"model": "m", "messages": [{"role": "system", "content": "{{ x }} of {# y #}\n"},
                                 {"role": "user", "content": "a"}]}],
    [ask("a", temperature=1), ask("a", temperature=1.0), ask("a", temperature=0.1)],
    [ask("a", seed=10**18), ask("a", seed=-5)],
    [ask("a", stop=["on", "no", "0x1f", "1:30", "2024-01-01", "~", "null", "{{ x }}", "{%"]), ask("b", stop=["a"])],
    [ask("a"), {"model": "m", "messages": [{"role": "user", "content": "a"}]}],
    [ask("a"), ask([{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"url": "http://x/1.png"}}])],
    [ask([{"type": "text", "text": f"{number}"}, {"type": "image_url", "image_url": {"url": f"http://x/{number}"}}])
     for number in range(3)],
    [ask("a", metadata={"custom_id": "x", "user": "y"}), ask("b", metadata={"custom_id": "z", "user": "w"})],
    [ask("a"), ask("b", top_p=0.5), ask("c"), ask("d", top_p=0.5, n=1)],
    [ask("a"), ask("a")],
    [{"model": "m", "messages": [{"role": "user", "content": "one"}, {"role": "assistant", "content": text},
                                 {"role": "user", "content": "two"}]} for text in "ab"],
    [ask("a", response_format={"type": "json_schema", "json_schema": {
        "name": "n", "strict": True, "schema": {"type": "object", "properties": {}, "additionalProperties": False}}})],
    [ask("a", tools=[{"type": "function", "function": {"name": "f", "parameters": {"file": "x.json"}}}])],
], ids=range(14))
def test_g7_chat_bodies_are_what_they_were(tmp_path: Path, bodies: list[dict[str, Any]]) -> None:
    assert_same(tmp_path, bodies)


@pytest.mark.parametrize(("url", "bodies", "prompt"), [
    ("/v1/embeddings", [{"model": "m", "input": text} for text in ("a", "b")], 'user: "{{ row.input }}"'),
    ("/v1/embeddings", [{"model": "m", "input": ["a", text]} for text in ("a", "b")], 'user: "{{ row.input }}"'),
    ("/v1/responses", [{"model": "m", "instructions": "Be brief.", "input": text} for text in ("a", "b")],
     "system: Be brief."),
    ("/v1/responses", [{"model": "m", "input": [{"role": "user", "content": text}]} for text in ("a", "b")], None),
    ("/v1/completions", [{"model": "m", "prompt": text, "max_tokens": 5} for text in ("a", "b")],
     'user: "{{ row.prompt }}"'),
    ("/v1/audio/transcriptions", [{"model": "m", "url": f"http://x/{text}"} for text in ("a", "b")], None),
    ("/v1/rerank", [{"model": "m", "query": "q", "documents": [text, "x"]} for text in ("a", "b")], None),
], ids=range(7))
def test_each_endpoint_has_its_own_place_for_what_is_asked(
        tmp_path: Path, url: str, bodies: list[dict[str, Any]], prompt: str | None) -> None:
    assert_same(tmp_path, bodies, url)
    text = (tmp_path / "job.yaml").read_text()
    assert (prompt or "body:") in text
    assert ("prompt:" in text) == (prompt is not None)


KEYS = st.text(st.characters(codec="utf-8"), max_size=8)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=20) | st.sampled_from(
    ["{{ row.x }}", "yes", "~", "1e5", "0o17", "- a", "a: b", "#", "a\n", "\n", " x", "a\n  b\n\n", " a\nb", "%", "'",
     '"', "\u2028", "{", "word " * 40 + "end", "  two  " * 40, "# " + "a: b " * 40 + "c", "\t" + "x " * 90])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2**70, 2**70) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8)
BODIES = st.lists(st.dictionaries(st.sampled_from(["a", "b", "query", "A-B", "model_2"]) | KEYS, VALUES, min_size=1,
                                  max_size=4), min_size=1, max_size=4)


@settings(max_examples=150, deadline=None)
@given(BODIES)
@example([{"a": {"role": "x"}}, {"a": {"role": "y"}}])
@example([{"a": [[1]]}, {"a": [[2]]}])
@example([{"a": {"b": 0.0}}, {"a": {"b": -0.0}}])
@example([{"a": True}, {"a": 1}])
def test_g7_any_bodies_are_what_they_were(bodies: list[dict[str, Any]]) -> None:
    whole = [{**body, "model": "m"} for body in bodies]
    if any(body.get("stream") for body in whole):
        return
    with tempfile.TemporaryDirectory() as folder:
        assert_same(Path(folder), whole, "/v1/rerank")


def mistakes(folder: Path, *lines: Any) -> list[tuple[str, int]]:
    path = folder / "requests.jsonl"
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
    with pytest.raises(InvalidInput) as caught:
        convert(path, "schema.json")
    return [(finding.code, finding.span.line) for finding in caught.value.findings if finding.span is not None]


def line(number: int, url: str = CHAT, **more: Any) -> dict[str, Any]:
    return {"custom_id": f"r-{number}", "method": "POST", "url": url, "body": {"model": "m", "messages": []}, **more}


def test_what_cannot_be_one_job_is_told_with_its_line_all_at_once(tmp_path: Path) -> None:
    assert mistakes(
        tmp_path, line(1), line(1), line(2, "/v1/responses"), line(3, body={"model": "other", "messages": []}),
        "", "{nope", "[1]", line(4, method="GET"), line(5, body={"messages": []}), line(6, custom_id=""),
        line(7, body={"model": "m", "stream": True}), line(8, "https://x/v1"), line(9, extra=1),
        '{"custom_id": "\\ud800", "method": "POST", "url": "/v1", "body": {"model": "m"}}',
        line(10, custom_id="x" * 513),
    ) == [("duplicate-key", 2), ("mixed-endpoints", 3), ("mixed-models", 4), ("json-syntax", 6), ("not-a-request", 7),
          ("method-not-post", 8), ("no-model", 9), ("key-invalid", 10), ("stream-in-body", 11), ("bad-url", 12),
          ("not-a-request", 13), ("key-invalid", 14), ("key-invalid", 15)]


def test_a_file_without_requests_is_no_job(tmp_path: Path) -> None:
    assert mistakes(tmp_path, "", "  ") == [("no-requests", 1)]


def test_so_many_sets_of_parameters_are_no_manifest(tmp_path: Path) -> None:
    found = mistakes(tmp_path, *(line(n, body={"model": "m", f"key_{n}": 1}) for n in range(101)))
    assert found == [("too-many-jobs", 101)]


def test_mistakes_have_an_end(tmp_path: Path) -> None:
    assert 1 < len(mistakes(tmp_path, *["{nope"] * 1000)) <= 21


@pytest.mark.parametrize(("content", "said"), [
    (b"id,text\na,one\nb,two\n", "CSV"), (b"id;text\na;one\n", "CSV"), (b"id\ttext\n", "tab-separated values"),
    (b"\n[{}, {}]\n", "one JSON array, and not a JSON object a line"), (b"version: 1\nname: x\n", "no JSON"),
    (b'{"id": 1, "text": "x"}\n{"id": 2}\n', "JSONL whose objects are no requests"),
    (b'{\n  "custom_id": "a"\n}\n', "one JSON value over several lines"), (b"\x1f\x8b\x08\x00\nx\ny\n", "gzip"),
    (b"PAR1\x00\n\n", "Parquet"), (b"\xff\xfe{\x00\n\x00", "UTF-16, and not UTF-8"), (b"a\x00b\n", "no text"),
    (b"\xe9\n", "no text in UTF-8"),
], ids=ascii)
def test_what_is_no_batch_file_at_all_is_one_mistake_that_says_what_it_is_and_what_is_expected(
        tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "rows.txt"
    path.write_bytes(content)
    with pytest.raises(InvalidInput) as caught:
        convert(path, "https://x/schema.json")
    finding, = caught.value.findings
    assert (finding.code, finding.message) == ("not-a-batch-file", f"{path} is no batch file; it looks like {said}")
    assert "custom_id" in finding.notes[0]
    assert "`inputs` of a manifest" in finding.notes[1]
