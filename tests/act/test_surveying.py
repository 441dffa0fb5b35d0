"""A large job that nothing has changed is known without rendering it: and never taken for another."""

from __future__ import annotations

import gzip
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from batchctl.act import surveying
from batchctl.act.surveying import keep, surveyed
from batchctl.desired.job import Input, Job, QueryTable, Sql
from batchctl.desired.render import fingerprint, survey
from batchctl.desired.render.kept import from_bytes, to_bytes
from batchctl.recorded.store import Store
from batchctl.words.diagnostics import Span
from batchctl.words.errors import InvalidInput
from batchctl.words.events import silent
from tests.desired import jobs

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def small_ones_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fingerprint, "WORTH", 0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rows.csv").write_text("id,text\na,one\nb,two\nc,one\n")
    return tmp_path


@pytest.fixture
def store(folder: Path) -> Store:
    made = Store(folder / ".batchctl")
    made.prepare()
    return made


def job_of(folder: Path, **more: object) -> Job:
    return jobs.job(folder, jobs.file_input("rows.csv"), body=jobs.chat("{{ vars.lead }} {{ row.text }}"),
                    **{"vars": {"lead": "say"}, **more})  # type: ignore[arg-type]


def kept(job: Job, store: Store) -> survey.Desired:
    desired, mark = surveyed(job, store, 1, silent, anew=False)
    assert mark is not None
    keep(job, store, desired, mark)
    return desired


def is_known(job: Job, store: Store) -> bool:
    return surveyed(job, store, 1, silent, anew=False)[1] is None


@pytest.mark.parametrize("made", [
    lambda folder: job_of(folder),
    lambda folder: jobs.job(folder, jobs.file_input("rows.csv", key="{{ row.id }}")),
    lambda folder: jobs.job(folder, jobs.file_input("rows.csv"), kind="embeddings",
                            body={"model": "m", "input": ["{{ row.text }}", "more"]}),
    lambda folder: jobs.job(folder, jobs.rows_input({"text": "ÿ"}), jobs.file_input("rows.csv")),
], ids=["repeated requests", "keys", "embeddings", "inline rows too"])
def test_what_is_known_is_what_was_rendered(folder: Path, store: Store, made: Callable[[Path], Job],
                                            monkeypatch: pytest.MonkeyPatch) -> None:
    job = made(folder)
    rendered = kept(job, store)
    monkeypatch.setattr(surveying, "survey", None)  # nothing is rendered
    assert surveyed(job, store, 1, silent, anew=False) == (rendered, None)


def test_it_is_rendered_all_the_same_where_that_is_asked(folder: Path, store: Store) -> None:
    job = job_of(folder)
    rendered = kept(job, store)
    (store.folder / "surveys" / "job.test.bin").write_bytes(b"")
    assert surveyed(job, store, 1, silent, anew=True) == (rendered, None)


CHANGES: dict[str, Callable[[Job], Job]] = {
    "a row": lambda job: _rewritten(job, "id,text\na,one\nb,two\nc,other\n"),
    "a row more": lambda job: _rewritten(job, "id,text\na,one\nb,two\nc,one\nd,four\n"),
    "no row": lambda job: _rewritten(job, "id,text\n"),
    "the order": lambda job: _rewritten(job, "id,text\nb,two\na,one\nc,one\n"),
    "a variable": lambda job: replace(job, vars={"lead": "shout"}),
    "a template": lambda job: replace(job, body=jobs.body_of(jobs.chat("{{ row.text }}"))),
    "a constant": lambda job: replace(job, body={**job.body, "temperature": 0}),
    "its type": lambda job: replace(job, vars={"lead": 1}),
    "the revision": lambda job: replace(job, revision=2),
    "the endpoint": lambda job: replace(job, endpoint="/v1/other"),
    "the name": lambda job: replace(job, name="other"),
    "a filter": lambda job: replace(job, inputs=(jobs.file_input("rows.csv", where="{{ row.id != 'a' }}"),)),
    "a limit": lambda job: replace(job, inputs=(jobs.file_input("rows.csv", limit=2),)),
    "a key": lambda job: replace(job, inputs=(jobs.file_input("rows.csv", key="{{ row.id }}"),)),
    "a file more": lambda job: _more(job, "rows2.csv", b"id,text\nz,last\n"),
    "a compressed one": lambda job: _more(job, "rows2.csv.gz", gzip.compress(b"id,text\nz,last\n")),
}


def _rewritten(job: Job, text: str) -> Job:
    (job.folder / "rows.csv").write_text(text)
    return job


def _more(job: Job, name: str, content: bytes) -> Job:
    (job.folder / name).write_bytes(content)
    return replace(job, inputs=(jobs.file_input("rows*"),))


def test_inputs_whose_bytes_do_not_say_all_are_rendered_anew(folder: Path, store: Store) -> None:
    (folder / "a.mp3").write_bytes(b"1234")
    with sqlite3.connect(folder / "app.sqlite") as database:
        database.execute("create table t (text)")
        database.execute("insert into t values ('one')")
    database.close()
    query = Sql("select text from rows order by 1", Span("job.yaml", 5))
    for entry in (jobs.file_input("a.mp3", format="file"), jobs.file_input("app.sqlite", table="t"),
                  Input(Span("job.yaml", 5), sql=query, tables=(QueryTable("rows", "rows.csv", Span("job.yaml", 6)),))):
        made = jobs.job(folder, entry, body=jobs.chat("about: {{ row }}"))
        assert surveyed(made, store, 1, silent, anew=False)[1] is None
        assert not (store.folder / "surveys").exists()
    assert surveyed(job_of(folder), store, 1, silent, anew=False)[1] is not None


@pytest.mark.parametrize("change", CHANGES)
def test_g1_whatever_changes_is_rendered_anew(folder: Path, store: Store, change: str) -> None:
    job = job_of(folder)
    kept(job, store)
    assert is_known(job, store)
    changed = CHANGES[change](job)
    found, mark = surveyed(changed, store, 1, silent, anew=False)
    assert mark is not None
    assert found == survey.survey(changed, workers=1)


def test_a_row_that_has_become_wrong_is_told(folder: Path, store: Store) -> None:
    job = job_of(folder)
    kept(job, store)
    (folder / "rows.csv").write_text("id,text\na,one\nb\n")
    with pytest.raises(InvalidInput):
        surveyed(job, store, 1, silent, anew=False)


def test_g1_what_is_damaged_counts_for_nothing(folder: Path, store: Store) -> None:
    job = job_of(folder)
    desired, mark = surveyed(job, store, 1, silent, anew=False)
    assert mark is not None
    whole = to_bytes(desired, mark)
    assert whole is not None
    for at in range(len(whole)):
        assert from_bytes(whole[:at], mark) is None, at
        assert from_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:], mark) is None, at
    assert from_bytes(whole, mark) == desired


@pytest.mark.parametrize("source", ["{% include 'more.txt' %}", "{% import 'more.txt' as more %}{{ row.text }}"])
def test_what_a_template_reads_from_files_keeps_it_from_being_known(folder: Path, store: Store, source: str) -> None:
    (folder / "more.txt").write_text("more")
    job = jobs.job(folder, jobs.file_input("rows.csv"), body=jobs.chat(source))
    assert surveyed(job, store, 1, silent, anew=False)[1] is None
    assert store.survey("job.test") is None


def test_an_input_that_changes_while_it_is_read_keeps_nothing(folder: Path, store: Store) -> None:
    job = job_of(folder)
    desired, mark = surveyed(job, store, 1, silent, anew=False)
    assert mark is not None
    _rewritten(job, "id,text\nx,changed\n")
    keep(job, store, desired, mark)
    assert store.survey("job.test") is None


def test_g7_a_fingerprint_is_the_same_under_any_hash_seed(folder: Path) -> None:
    code = ("import sys, pathlib; from batchctl.desired.render import fingerprint as f; from tests.act.test_surveying "
            "import job_of; f.WORTH = 0; print(f.fingerprint(job_of(pathlib.Path(sys.argv[1]))))")
    said = {subprocess.run([sys.executable, "-c", code, str(folder)], cwd=ROOT, check=True, capture_output=True,
                           env={**os.environ, "PYTHONHASHSEED": seed}).stdout for seed in ("0", "1", "2")}
    assert len(said) == 1
    assert said != {b"None\n"}


def test_small_jobs_are_rendered_and_nothing_is_kept_of_them(
    folder: Path, store: Store, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fingerprint, "WORTH", 4 * 2**20)
    assert surveyed(job_of(folder), store, 1, silent, anew=False)[1] is None
    assert not (store.folder / "surveys").exists()
