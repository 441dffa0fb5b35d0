"""Loading files and folders: what is taken, what is told, and which sinks may be written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from batchctl.desired.manifest import load
from batchctl.words.errors import InvalidInput

from .manifests import HEAD, MINIMAL, PROMPT, job, load_mistakes


def _write(folder: Path, **texts: str) -> list[Path]:
    paths = [folder / f"{name}.yaml" for name in texts]
    for path, text in zip(paths, texts.values(), strict=True):
        path.write_text(text)
    return paths


def _named(name: str, rest: str = "") -> str:
    return MINIMAL.replace("demo", name) + rest


def test_jobs_come_in_the_order_of_documents_and_files(tmp_path: Path) -> None:
    b, a = _write(tmp_path, b=_named("one") + "---\n" + _named("two") + "---\n", a=_named("three"))
    assert [job.name for job in load([b, a, b]).jobs] == ["one", "two", "three"]


def test_a_folder_gives_its_manifests_and_nothing_else(tmp_path: Path) -> None:
    _write(tmp_path, a=_named("a"), values="replicas: 3\n", broken="a: [\n", text="hello\n")
    (tmp_path / "c.yml").write_text(_named("c"))
    (tmp_path / "deep").mkdir()
    _write(tmp_path / "deep", d=_named("d"))
    (tmp_path / "no.txt").write_text(_named("no"))
    assert [job.name for job in load([tmp_path]).jobs] == ["a", "c"]


def test_a_broken_manifest_in_a_folder_is_told_and_not_skipped(tmp_path: Path) -> None:
    _write(tmp_path, a=_named("a"), b=_named("b", "vars: [\n"))
    assert [one.code for one in load_mistakes(tmp_path)] == ["yaml-syntax"]


def test_what_looks_like_a_manifest_without_a_name_is_warned_of(tmp_path: Path) -> None:
    _write(tmp_path, a=_named("a"), b=MINIMAL.replace("name:", "nmae:"))
    assert [one.code for one in load([tmp_path]).warnings] == ["skipped-file"]


def test_files_that_cannot_be_read_are_told_each(tmp_path: Path) -> None:
    (tmp_path / "empty.yaml").write_text("")
    (tmp_path / "latin.yaml").write_bytes(b"version: 1\nname: caf\xe9\n")
    (tmp_path / "wide.yaml").write_bytes(MINIMAL.encode("utf-16"))
    (tmp_path / "large.yaml").write_text("#" * (4 * 2**20 + 1))
    (tmp_path / "folder").mkdir()
    found = load_mistakes(*(tmp_path / name for name in (
        "empty.yaml", "latin.yaml", "wide.yaml", "large.yaml", "folder", "missing.yaml", "a\0b")))  # fmt: skip
    assert sorted(one.code for one in found) == [
        "empty-file", "file-missing", "file-too-large", "file-unreadable", "no-manifests", "not-utf8", "not-utf8",
    ]  # fmt: skip
    (latin,) = [one for one in found if one.span and one.span.file.endswith("latin.yaml")]
    assert latin.span is not None
    assert (latin.span.line, latin.span.column) == (2, 10)
    assert [one.code for one in load_mistakes()] == ["file-missing"]


def test_mistakes_of_all_files_are_told_sorted_by_file_and_line(tmp_path: Path) -> None:
    b, a = _write(tmp_path, b="version: 1\nname: [\n", a=_named("x", "revision: 0\nretry: 1\n"))
    found = load_mistakes(b, a)
    assert [(one.span.file, one.span.line) for one in found if one.span] == [(str(a), 6), (str(a), 7), (str(b), 3)]


def test_files_are_shown_as_the_user_named_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _write(tmp_path, job=_named("x", "revision: 0\n"))
    monkeypatch.chdir(tmp_path)
    (found,) = load_mistakes(Path("job.yaml"))
    assert found.span is not None
    assert found.span.file == "job.yaml"


def test_job_names_are_unique_in_a_run(tmp_path: Path) -> None:
    a, b = _write(tmp_path, a=_named("same"), b=_named("same"))
    (found,) = load_mistakes(a, b)
    assert found.code == "duplicate-job"
    assert f"{a}:2:7" in found.label


def test_two_manifests_with_one_lockfile_are_refused(tmp_path: Path) -> None:
    _write(tmp_path, job=_named("a"))
    (tmp_path / "job.yml").write_text(_named("b"))
    assert [one.code for one in load_mistakes(tmp_path)] == ["shared-lockfile"]


def test_variables_override_vars_of_the_jobs_that_declare_them(tmp_path: Path) -> None:
    paths = _write(tmp_path, a=_named("a", "vars: {x: 1, y: 2}\n"), b=_named("b", "vars: {y: 3}\n"))
    a, b = load(paths, variables={"x": [5]}).jobs
    assert (a.vars, b.vars) == ({"x": [5], "y": 2}, {"y": 3})


def test_a_variable_that_no_job_declares_is_refused(tmp_path: Path) -> None:
    paths = _write(tmp_path, a=_named("a", "vars: {language: en}\n"))
    with pytest.raises(InvalidInput) as caught:
        load(paths, variables={"langauge": "de"})
    assert [(one.code, one.notes) for one in caught.value.findings] == [
        ("unknown-variable", ('did you mean "language"?',))
    ]


def test_inputs_are_paths_globs_or_rows() -> None:
    inputs = "[a/*.csv, {path: b.txt, format: jsonl, limit: 2}, {rows: [{a: 1}]}]"
    first, second, third = job(HEAD.replace("[rows.csv]", inputs) + PROMPT).inputs
    assert (first.path, first.span.column) == ("a/*.csv", 10)
    assert (second.path, second.format, second.limit) == ("b.txt", "jsonl", 2)
    assert third.rows == ({"a": 1},)


def test_sinks_have_the_format_of_their_suffix_and_defaults() -> None:
    a, b, c = job(MINIMAL + "sinks: [x/a.csv, b.NDJSON, {path: c.txt, format: jsonl, formula_safe: true}]\n").sinks
    assert [(sink.format, sink.formula_safe, sink.records, sink.partial) for sink in (a, b, c)] == [
        ("csv", True, "all", False), ("jsonl", False, "all", False), ("jsonl", True, "all", False),
    ]  # fmt: skip
    assert a.target == Path("x/a.csv").resolve()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.parametrize(
    ("sink", "code"),
    [
        ("out.csv", None), ("rows.csv", "sink-conflict"), ("./x/../rows.csv", "sink-conflict"),
        ("data/new.csv", "sink-conflict"), ("data/deep/new.csv", None), ("tree/a/b/new.csv", "sink-conflict"),
        ("tree/new.csv", "sink-conflict"), ("link.csv", "sink-conflict"), ("hard.csv", "sink-conflict"),
        ("elsewhere.csv", "sink-conflict"), ("folder.csv", "sink-conflict"), (".git/a.csv", "path-refused"),
        ("x/.batchctl/a.csv", "sink-conflict"), ("{path: job.yaml, format: csv}", "sink-conflict"),
        ("{path: other.lock.json, format: csv}", "sink-conflict"), ("{path: p.j2, format: csv}", "sink-conflict"),
        ("rows.csv/out.csv", "sink-conflict"), ("../out.csv", "path-refused"), ("'{{ x }}.csv'", "not-a-template"),
        ("out.xlsx", "unknown-format"), ("fifo.csv", "sink-conflict"),
    ],
)  # fmt: skip
def test_a_sink_overwrites_nothing_that_is_something_else(tmp_path: Path, sink: str, code: str | None) -> None:
    for folder in (".git", "data", "tree", "folder.csv"):
        (tmp_path / folder).mkdir()
    for name in ("rows.csv", "p.j2", "elsewhere.csv"):
        (tmp_path / name).write_text("a\n")
    (tmp_path / "link.csv").symlink_to(tmp_path / "rows.csv")
    (tmp_path / "hard.csv").hardlink_to(tmp_path / "rows.csv")
    (tmp_path / "data" / "linked.csv").symlink_to(tmp_path / "elsewhere.csv")
    os.mkfifo(tmp_path / "fifo.csv")
    inputs = "inputs: [rows.csv, 'data/*.csv', 'tree/**/*.csv']\n"
    text = HEAD.replace("inputs: [rows.csv]\n", inputs) + f"prompt: {{user: {{file: p.j2}}}}\nsinks: [{sink}]\n"
    assert [one.code for one in load_mistakes(*_write(tmp_path, job=text))] == ([code] if code else [])


@pytest.mark.parametrize(
    "rest",
    [
        "sinks: [{path: a.csv, records: ok}, {path: a.csv.failed.jsonl, records: ok}]\n",
        "sinks: [{path: a.csv, records: ok}]\n---\n" + _named("two", "sinks: [a.csv.failed.jsonl]\n"),
        "sinks: [{path: later.csv, records: ok}]\n",
    ],
    ids=["sink", "sink of another job", "input"],
)
def test_the_implied_sink_for_failures_overwrites_nothing_either(tmp_path: Path, rest: str) -> None:
    text = HEAD.replace("rows.csv", "later.csv.failed.jsonl") + PROMPT + rest
    (found,) = load_mistakes(*_write(tmp_path, job=text))
    assert found.code == "sink-conflict"
    assert ".failed.jsonl" in found.message


def test_a_sink_is_no_input_that_is_yet_to_come(tmp_path: Path) -> None:
    text = HEAD.replace("rows.csv", "x/../later.csv") + PROMPT + "sinks: [later.csv]\n"
    assert [one.code for one in load_mistakes(*_write(tmp_path, job=text))] == ["sink-conflict"]


def test_a_project_below_a_private_folder_may_have_sinks(tmp_path: Path) -> None:
    project = tmp_path / ".batchctl" / "project"
    project.mkdir(parents=True)
    assert load(_write(project, job=_named("a", "sinks: [out.csv]\n"))).jobs[0].sinks


def test_a_sink_is_no_sink_and_no_input_of_another_job(tmp_path: Path) -> None:
    paths = _write(tmp_path, a=_named("a", "sinks: [x.csv]\n"), b=_named("b", "sinks: [x.csv, y.csv]\n"),
                   c=_named("c").replace("rows.csv", "y.csv"))  # fmt: skip
    found = load_mistakes(*paths)
    assert [one.message for one in found] == [
        'the sink "x.csv" is also a sink of the job "a"', 'the sink "y.csv" is also an input of the job "c"',
    ]  # fmt: skip
