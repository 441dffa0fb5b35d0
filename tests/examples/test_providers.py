"""Each manifest for a service without a name of its own is valid as they stand, and its README lists all of them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "examples" / "providers"
MANIFESTS = sorted(FOLDER.glob("*.yaml"))


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda path: path.stem)
def test_each_manifest_can_be_planned_without_a_key_or_a_network(manifest: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "batchctl", "plan", "--offline", "--format", "json", "-f", str(manifest)],
        capture_output=True, text=True, timeout=60, check=False, env={"PATH": ""})
    assert done.returncode == 0, done.stderr
    (job,) = json.loads(done.stdout)["jobs"]
    assert job["job"] == manifest.stem
    assert job["tally"]["rows"] == 3
    assert "warning" not in done.stderr


def test_the_readme_lists_every_manifest() -> None:
    text = (FOLDER / "README.md").read_text()
    assert len(MANIFESTS) >= 6
    assert [manifest.name for manifest in MANIFESTS if f"({manifest.name})" not in text] == []
