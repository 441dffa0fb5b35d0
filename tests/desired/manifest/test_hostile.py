"""Documents that were made to hurt: refused, quickly, at their place."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batchctl.desired.manifest import load, parse_text
from batchctl.words.errors import InvalidInput
from tests.hostile import BOMB

from .manifests import FULL, HEAD, codes, load_mistakes, mistakes


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[" * 30_000, "too-deep"), ("[" * 1_000_000, "too-deep"), ("{" * 1_000_000, "too-deep"),
        ("- " * 1_000_000, "too-deep"), ("a: " + "[" * 30_000, "too-deep"), ("? " * 100_000, "too-deep"),
        (BOMB, "yaml-alias"), ("a: &a [*a]", "yaml-alias"), ("!!python/object/apply:os.system [x]", "yaml-tag"),
        ("a" * 5_000_000, "file-too-large"), ('"' * 200_001, "yaml-syntax"), ("a: \x07", "control-character"),
        ("a: \ud800", "control-character"), ("--- {a: 1}\n" * 3_000, "too-many-findings"),
        ("".join(f"modl{n}: x\n" for n in range(20_000)), "too-many-findings"),
    ],
    ids=lambda value: str(value)[:12],
)  # fmt: skip
def test_a_hostile_document_is_refused_at_once(text: str, code: str) -> None:
    mistakes("warm: up")
    start = time.process_time()
    found = codes(text)
    assert time.process_time() - start < 1
    assert code in found


def test_a_document_with_too_many_values_is_refused() -> None:
    assert codes("[" + "a," * 450_000 + "]") == ["too-many-values"]


def test_64_levels_are_read_and_65_are_not() -> None:
    assert "too-deep" not in codes("[" * 64 + "]" * 64)
    assert codes("[" * 65 + "]" * 65) == ["too-deep"]


def test_deep_nesting_does_not_crash_the_process(tmp_path: Path) -> None:
    (tmp_path / "job.yaml").write_text("[" * 1_000_000)
    script = "import sys, pathlib; from batchctl.desired.manifest import load; load([pathlib.Path(sys.argv[1])])"
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path / "job.yaml")], capture_output=True, check=False,
                          cwd=Path(__file__).parents[3])  # fmt: skip
    assert done.returncode == 1
    assert b"too-deep" in done.stderr


def test_ten_thousand_inline_rows_are_read() -> None:
    rows = "".join(f"    - {{id: {n}, text: hello, other: 1.5}}\n" for n in range(10_000))
    (job,) = parse_text(HEAD.replace(" [rows.csv]", "\n  - rows:\n" + rows) + "prompt: {user: x}\n", "job.yaml").jobs
    assert job.inputs[0].rows is not None
    assert len(job.inputs[0].rows) == 10_000
    assert job.inputs[0].rows[-1] == {"id": 9_999, "text": "hello", "other": 1.5}


def test_a_long_line_or_a_long_word_is_not_repeated_in_full() -> None:
    for finding in mistakes(f"version: 1\n{'k' * 100_000}: 1\n"):
        assert len(finding.message) + len(finding.label) + len(finding.source or "") < 2_000


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_no_pipe_is_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "job.yaml")
    assert [finding.code for finding in load_mistakes(tmp_path / "job.yaml")] == ["file-unreadable"]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=300))
def test_random_bytes_raise_nothing_but_invalid_input(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "job.yaml"
    path.write_bytes(content)
    with pytest.raises(InvalidInput):
        load([path])


LINES = FULL.splitlines(keepends=True)
PIECES = st.one_of(
    st.sampled_from([
        "{", "}", "[", "]", ":", "- ", "\t", '"', "'", "|\n", "*a", "&a ", "!x ", "<<: ", "null", "no", "010", "1e999",
        ".nan", "---\n", "#", "{{", "\n", "\r", "\0", "\ud800", "\u2028", "\ufeff", "../", "~", "%", "@", "0x", "://",
        "http://[", "{file: x}", "{env: 1}", "[1]", "**", "[!", "1_0",
    ]),
    st.text(max_size=5),
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_mutations_of_a_manifest_raise_nothing_but_invalid_input(data: st.DataObject) -> None:
    text = FULL
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.sampled_from([0, 0, 1, 3, 10, 60])))
        text = text[:start] + data.draw(PIECES) + text[end:]
    for finding in mistakes(text):
        assert finding.label or finding.notes, finding  # each says how to mend it
        assert finding.span is None or (finding.span.line >= 1 and finding.span.column >= 1)


def test_ten_thousand_templates_on_one_line_are_read_at_once() -> None:
    parts = ",".join(f'"{{{{ row.a{n} }}}}"' for n in range(10_000))
    start = time.process_time()
    assert mistakes(HEAD + f"prompt: {{user: x}}\nbody: {{a: [{parts}]}}\n") == ()
    assert time.process_time() - start < 3
