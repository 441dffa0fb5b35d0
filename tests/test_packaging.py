"""What is published installs into an empty environment, works there, and holds nothing that it should not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from batchctl.shell.templates import TEMPLATES

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.slow

#: What an sdist may hold beside the package, its schemas, examples and tests.
TOP_FILES = {"README.md", "LICENSE", "pyproject.toml", "PKG-INFO", ".gitignore", ".pre-commit-hooks.yaml"}
TOP_FOLDERS = {"batchctl", "schemas", "examples", "tests", ".github"}


def run(*command: str | Path, cwd: Path) -> str:
    """Runs a command outside the project, so that nothing is imported from the work tree. Fails with its output."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run([str(part) for part in command], cwd=cwd, env=environ, capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The sdist, and the wheel that was built from it."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--outdir", folder, ROOT, cwd=folder)
    (sdist,), (wheel,) = list(folder.glob("*.tar.gz")), list(folder.glob("*.whl"))
    return sdist, wheel


@pytest.fixture(scope="module")
def installed(dist: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a clean environment with nothing in it but the wheel and what it asks for."""
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder, with_pip=True)
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    run(programs / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", dist[1], cwd=folder)
    return programs


def test_the_wheel_holds_the_package_with_its_schemas_templates_and_types_and_nothing_else(
        dist: tuple[Path, Path]) -> None:
    names = set(zipfile.ZipFile(dist[1]).namelist())
    assert {"batchctl/py.typed", "batchctl/desired/prices.json"} <= names
    schemas = {f"batchctl/schemas/{path.name}" for path in (ROOT / "schemas").glob("*.json")}
    assert schemas
    assert schemas <= names
    templates = {f"batchctl/templates/{name}/{file}" for name, files in TEMPLATES.items() for file in files}
    assert {name for name in names if name.startswith("batchctl/templates/")} == templates
    sources = {path.relative_to(ROOT).as_posix() for path in (ROOT / "batchctl").rglob("*.py")}
    assert {name for name in names if name.endswith(".py")} == sources
    assert {"batchctl/show/report_page.html.j2", "batchctl/show/report_page.css"} <= names
    for name in names - schemas:
        assert name.startswith(("batchctl/", "batchctl-")), name
        assert "__pycache__" not in name


def test_the_sdist_holds_what_the_project_is_and_no_stray_file(dist: tuple[Path, Path]) -> None:
    with tarfile.open(dist[0]) as archive:
        names = [member.name.split("/", 1)[1] for member in archive.getmembers() if "/" in member.name]
    tops = {name.split("/")[0] for name in names}
    assert {"batchctl", "schemas", "tests", "pyproject.toml", "README.md", "LICENSE"} <= tops
    assert tops <= TOP_FILES | TOP_FOLDERS
    strays = [name for name in names if any(part in (
        ".batchctl", "__pycache__", ".venv", "out", ".hypothesis", ".pytest_cache", ".git") or part.endswith(
        (".lock.json", ".pyc", ".tmp")) for part in Path(name).parts)]
    assert not strays


def test_the_installed_program_starts_and_shows_its_schemas(installed: Path, tmp_path: Path) -> None:
    shown = json.loads(run(installed / "batchctl", "schema", "job", cwd=tmp_path))
    assert shown == json.loads((ROOT / "schemas" / "job.v1.schema.json").read_text(encoding="utf-8"))
    usage = run(installed / "batchctl", "--help", cwd=tmp_path)
    for command in ("plan", "apply", "validate"):
        assert command in usage
    assert run(installed / "python", "-m", "batchctl", "--version", cwd=tmp_path) == run(
        installed / "batchctl", "--version", cwd=tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_installed_program_starts_a_job_that_runs(installed: Path, tmp_path: Path) -> None:
    run(installed / "batchctl", "init", "--template", "extract", cwd=tmp_path)
    run(installed / "batchctl", "apply", "--auto-approve", cwd=tmp_path)
    assert (tmp_path / "out" / "orders.csv").read_text(encoding="utf-8").startswith("id,customer,")
