"""F17: the same inputs give the same bytes, whatever the process around them is like (G7)."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.campaign.programs import KEY, ROOT
from tests.campaign.tally import Campaign
from tests.campaign.wire import Wire
from tests.faultlab.provider import FakeProvider

pytestmark = pytest.mark.campaign

#: More than one block of rows, so that workers share them.
ROWS = 1_100

#: All that could depend on a locale, an order or a clock: letters of Turkish, floats, a glob, a template file, CSV and
#: JSONL.
MANIFEST = """\
version: 1
name: labels
provider: {{dialect: openai, base_url: "{base_url}", api_key_env: FAKE_KEY}}
model: m-1
vars: {{language: İstanbul, temperature: 0.1}}
inputs:
  - path: rows/*.csv
    key: "{{{{ row.id }}}}"
  - path: more.jsonl
    key: "{{{{ row.id }}}}"
prompt:
  system: {{file: system.j2}}
  user: |
    {{{{ row.text | upper }}}} {{{{ vars.language | lower }}}}
    second line
body: {{temperature: "{{{{ vars.temperature }}}}", metadata: {{z: "1", a: "{{{{ row.id }}}}"}}}}
batch: {{max_requests: 500}}
sinks:
  - path: out/all.csv
    fields: {{id: "{{{{ row.id }}}}", said: "{{{{ text | title }}}}", tokens: "{{{{ usage.total_tokens }}}}"}}
  - path: out/all.jsonl
"""


@dataclass(frozen=True)
class Around:
    """What a process is run in. `at`: the working folder, `here` (the project), `above` or `root`."""

    name: str
    environ: dict[str, str] = field(default_factory=dict)
    workers: int = 1
    at: str = "here"
    crlf: bool = False
    flags: tuple[str, ...] = ()
    backwards: bool = False
    python: str = sys.executable

    def __str__(self) -> str:
        return self.name


def write(folder: Path, base_url: str, around: Around) -> None:
    """The project; `backwards`: its files are made in another order, as folders list them so."""
    lines = [f"{at:05},ıİ ÿ text {at} {'x' * (at % 7)}" for at in range(ROWS)]
    half = ROWS // 2
    files = {
        "job.yaml": MANIFEST.format(base_url=base_url), "system.j2": "Be brief, {{ vars.language }}.\nNo more.\n",
        "rows/a.csv": "\n".join(["id,text", *lines[:half], ""]),
        "rows/b.csv": "\n".join(["id,text", *lines[half:], ""]),
        "more.jsonl": "".join(f'{{"id": "m{at}", "text": "{chr(233) * (at % 3)}", "n": 1.50}}\n' for at in range(40)),
    }
    for name, text in sorted(files.items(), reverse=around.backwards):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((text.replace("\n", "\r\n") if around.crlf else text).encode())


def outcome(folder: Path, wire: Wire, around: Around) -> dict[str, bytes]:
    """Every file that came about, here and at the provider: rendered shards, the plan, the lockfile and the sinks."""
    wire.provider, wire.ends_after = FakeProvider(), 1
    folder.mkdir()
    write(folder, wire.base_url, around)
    at = {"here": folder, "above": folder.parent, "root": Path("/")}[around.at]
    file = {"here": "job.yaml", "above": f"{folder.name}/job.yaml", "root": str(folder / "job.yaml")}[around.at]
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder.parent), "FAKE_KEY": KEY, "PYTHONPATH": str(ROOT),
               "BATCHCTL_POLL_INTERVAL": "0.02", **around.environ}

    def run(*arguments: str) -> bytes:
        done = subprocess.run(
            [around.python, *around.flags, "-m", "batchctl", *arguments, "-f", file, "--workers", str(around.workers)],
            cwd=at, env=environ, capture_output=True, stdin=subprocess.DEVNULL, timeout=240)
        assert done.returncode == 0, f"{arguments}: {done.returncode}: {done.stderr.decode()[-1500:]}"
        return done.stdout

    run("plan", "--out", str(folder / "saved.plan"))
    run("apply", "--auto-approve", "--wait")
    sent = {f"(sent) {name}": content for name, content in wire.provider.files.values() if name.startswith("batchctl-")}
    made = {name: (folder / name).read_bytes()
            for name in ("saved.plan", "job.lock.json", "out/all.csv", "out/all.jsonl")}
    return sent | made


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    """One for all, as its address is in the lockfile."""
    with Wire().serve() as made:
        yield made


@pytest.fixture(scope="module")
def usual(wire: Wire, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What the others are held against."""
    return outcome(tmp_path_factory.mktemp("usual") / "project", wire, Around("usual", {"PYTHONHASHSEED": "0"}))


def judge(campaign: Campaign, folder: Path, wire: Wire, usual: dict[str, bytes], around: Around) -> None:
    with campaign.run("F17", around) as run:
        found = outcome(folder / "project", wire, around)
        run.holds("G7", found.keys() == usual.keys(), f"there is {sorted(found)}, and usually {sorted(usual)}")
        alike = _without_digests_of_inputs if around.crlf else dict
        here, there = alike(found), alike(usual)
        other = [name for name in there if here.get(name) != there[name]]
        run.holds("G7", not other, f"other bytes: {other}")
    shutil.rmtree(folder / "project", ignore_errors=True)


def _without_digests_of_inputs(outcome: dict[str, bytes]) -> dict[str, bytes]:
    """A checkout with CRLF has other bytes in its inputs, and their digest says so: in the plan, in the digest of that,
    and in what a sink was made from. What is asked, sent, recorded and written besides is the same."""
    digests = re.compile(rb'"(digest|made_from)": "(sha256:)?[0-9a-f]+"')
    return {name: digests.sub(b"", content) if "sent" not in name else content for name, content in outcome.items()}


AROUND = [
    *(Around(f"hash seed {seed}, {workers} workers", {"PYTHONHASHSEED": str(seed)}, workers)
      for seed in range(10) for workers in (1, 2, 3)),
    *(Around(f"{lang or 'no language'}, {zone}", {"LC_ALL": lang, "LANG": lang, "TZ": zone, **more}, 2)
      for lang, more in (("C", {}), ("tr_TR.UTF-8", {}), ("C.UTF-8", {}), ("de_DE.ISO-8859-1", {}),
                         ("C", {"PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}))
      for zone in ("UTC", "Pacific/Kiritimati", "America/St_Johns")),
    *(Around(f"started {at}, {workers} workers", workers=workers, at=at)
      for at in ("above", "root") for workers in (1, 3)),
    *(Around(f"a checkout with CRLF, {workers} workers", workers=workers, crlf=True) for workers in (1, 2, 3)),
    *(Around(f"files made backwards, {workers} workers", workers=workers, backwards=True) for workers in (1, 2, 3)),
    *(Around(f"python {' '.join(flags)}", flags=flags) for flags in (("-O",), ("-OO",), ("-B",), ("-X", "dev"))),
    *(Around(f"{name}={value}", {name: value}) for name, value in (
        ("NO_COLOR", "1"), ("FORCE_COLOR", "1"), ("CI", "true"), ("COLUMNS", "20"), ("TERM", "dumb"))),
]


@pytest.mark.parametrize("around", AROUND, ids=str)
def test_g7_the_same_inputs_give_the_same_bytes(
    tmp_path: Path, campaign: Campaign, wire: Wire, usual: dict[str, bytes], around: Around,
) -> None:
    if campaign.quick and AROUND.index(around) % 5:
        pytest.skip("one of five in the quick part")
    judge(campaign, tmp_path, wire, usual, around)


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14"])
def test_g7_another_python_gives_the_same_bytes(
    tmp_path: Path, campaign: Campaign, wire: Wire, usual: dict[str, bytes], version: str,
) -> None:
    if campaign.quick:
        pytest.skip("not in the quick part, as packages are installed")
    python = installed(version, tmp_path)
    for seed in ("0", "7"):
        around = Around(f"Python {version}, hash seed {seed}", {"PYTHONHASHSEED": seed}, 2, python=python)
        judge(campaign, tmp_path, wire, usual, around)


def installed(version: str, folder: Path) -> str:
    """An interpreter of that version with what batchctl needs; skips where there is none."""
    if sys.version_info[:2] == tuple(map(int, version.split("."))):
        return sys.executable
    found = [str(path) for path in sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))]
    found += [path for path in (shutil.which(f"python{version}"),) if path]
    for python in found:
        made = folder / "venv" / "bin" / "python"
        if subprocess.run([python, "-m", "venv", str(folder / "venv")], capture_output=True).returncode == 0:
            got = subprocess.run([str(made), "-m", "pip", "install", "-q", str(ROOT)], capture_output=True, text=True)
            if got.returncode == 0:
                return str(made)
            pytest.skip(f"the packages for Python {version} cannot be installed: {got.stderr[-300:]}")
    pytest.skip(f"there is no Python {version} here")
