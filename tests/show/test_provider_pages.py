"""The page of each provider: complete, narrow enough for a terminal, and with a manifest that is valid as it stands."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest

from batchctl.desired.manifest import parse_text
from batchctl.show.provider_page import manifest, provider_page
from batchctl.show.providers import providers_json, providers_text
from batchctl.words.dialects import DIALECTS, Dialect

ALL = pytest.mark.parametrize("one", DIALECTS.values(), ids=DIALECTS)


@ALL
def test_the_manifest_on_a_page_is_valid_and_large_enough_for_its_provider(one: Dialect, tmp_path: Path) -> None:
    (tmp_path / "job.yaml").write_text(manifest(one))
    done = subprocess.run([sys.executable, "-m", "batchctl", "plan", "--offline", "--format", "json"], cwd=tmp_path,
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    (job,) = json.loads(done.stdout)["jobs"]
    assert not job["held"]
    assert [action["kind"] for action in job["actions"]] == ["create"]


@ALL
def test_a_page_tells_all_and_fits_eighty_columns(one: Dialect) -> None:
    page = provider_page(one)
    assert max(map(len, page.splitlines())) <= 80
    words = " ".join(page.split())
    for text in (*one.notes, *one.unverified, *one.statuses, *(path for path, _ in one.endpoints)):
        assert " ".join(text.replace("- ", "").split()) in words.replace("- ", "")
    assert one.api_key_env is None or one.api_key_env in page


def test_the_table_for_machines_has_every_field_of_a_dialect() -> None:
    shown = json.loads(providers_json(list(DIALECTS.values())))["providers"]
    assert [one["name"] for one in shown] == list(DIALECTS)
    for one in shown:
        assert set(one) == {field.name for field in dataclasses.fields(Dialect)}


def test_the_table_for_people_has_a_line_a_provider() -> None:
    lines = providers_text(list(DIALECTS.values())).splitlines()
    assert [line.split()[0] for line in lines[1 : len(DIALECTS) + 1]] == list(DIALECTS)


def test_the_manifest_of_a_gateway_names_whom_it_asks() -> None:
    parsed = parse_text(manifest(DIALECTS["portkey"]), "job.yaml")
    assert dict(parsed.jobs[0].provider.headers) == {"x-portkey-provider": "@openai-prod"}
