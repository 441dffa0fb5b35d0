"""Rows that choose their endpoint: each request is what a job of that endpoint alone would make of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from batchctl.desired.inputs.row import Row, RowError
from batchctl.desired.job import Job
from batchctl.desired.render.requests import Rendered, RequestRenderer
from batchctl.desired.render.survey import survey
from batchctl.words.dialects import GROQ
from tests.desired.jobs import job, rows_input, template

TRANSCRIPTIONS, TRANSLATIONS = "/v1/audio/transcriptions", "/v1/audio/translations"


def _audio(folder: Path, *rows: dict[str, Any], row_endpoint: str | None, **more: Any) -> Job:
    made = job(folder, rows_input(*rows), body={"model": "m", "url": "{{ row.url }}"}, dialect=GROQ)
    chosen = template(row_endpoint) if row_endpoint else None
    return replace(made, endpoint=TRANSCRIPTIONS, body_kind="audio", row_endpoint=chosen, **more)


def _render(made: Job, **data: Any) -> Rendered:
    return RequestRenderer(made).render(Row(0, "a.csv", 2, data, 0, 1, 1))


def test_a_request_has_the_endpoint_and_the_identity_of_its_row(tmp_path: Path) -> None:
    mixed = _audio(tmp_path, row_endpoint="/v1/audio/{{ row.task }}")
    for endpoint in (TRANSCRIPTIONS, TRANSLATIONS):
        rendered = _render(mixed, url="https://e.test/a.mp3", task=endpoint.rpartition("/")[2])
        assert json.loads(rendered.line)["url"] == endpoint
        alone = replace(_audio(tmp_path, row_endpoint=None), endpoint=endpoint)
        assert rendered == _render(alone, url="https://e.test/a.mp3")


def test_the_same_body_for_another_endpoint_is_another_request(tmp_path: Path) -> None:
    rows = [{"url": "u", "task": task} for task in ("translations", "transcriptions", "translations")]
    desired = survey(_audio(tmp_path, *rows, row_endpoint="/v1/audio/{{ row.task }}"))
    assert (desired.rows, len(desired.ids)) == (3, 2)


@pytest.mark.parametrize("value", ["/v1/audio/translate", "", None, 5, ["/v1/audio/translations"]])
def test_an_endpoint_that_the_provider_does_not_have_names_template_and_row(tmp_path: Path, value: Any) -> None:
    with pytest.raises(RowError, match="the dialect groq has no endpoint") as caught:
        _render(_audio(tmp_path, row_endpoint="{{ row.e }}"), url="u", e=value)
    finding = caught.value.finding
    assert finding.code == "unknown-endpoint"
    assert finding.span is not None
    assert finding.span.line == 10
    assert finding.notes == ("while rendering row 1 of a.csv (line 2)",)
    assert TRANSLATIONS in finding.label


def test_a_body_is_held_against_the_rules_of_its_rows_endpoint(tmp_path: Path) -> None:
    made = _audio(tmp_path, row_endpoint="{{ row.e }}")
    renderer = RequestRenderer(made)
    renderer.render(Row(0, "a.csv", 2, {"url": "u", "e": TRANSLATIONS}, 0, 1, 1))
    with pytest.raises(RowError, match="/v1/chat/completions does not take this body: 'messages' is a required"):
        renderer.render(Row(1, "a.csv", 3, {"url": "u", "e": "/v1/chat/completions"}, 0, 2, 2))
    renderer.render(Row(2, "a.csv", 4, {"url": "u", "e": TRANSLATIONS}, 0, 3, 3))
