"""`report`: a page made of the lockfile and the store, where it may be written, and what it leaves alone."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.shell.conftest import MANIFEST, Project
from tests.shell.test_preview import model

ROWS = "id,text\n" + "".join(f"r{row},[[echo:status=429]] {row}\n" if row % 5 == 0 else f"r{row},text {row}\n"
                             for row in range(20))


def page(project: Project, *arguments: str, **environ: str) -> str:
    ended = project.program("report", "-o", "report.html", *arguments, **environ)
    assert ended.code == 0, ended.err
    return (project.folder / "report.html").read_text(encoding="utf-8")


def test_a_report_counts_every_row_and_shows_failures_by_reason_with_examples(project: Project) -> None:
    project.write("rows.csv", ROWS)
    project.write("job.yaml", MANIFEST + "retry: {max_attempts: 1}\n")
    assert project.program("apply", "--auto-approve").code == 3
    text = page(project)
    assert "<strong>16</strong> of <strong>20</strong> rows answered (80.0 %)" in text
    assert 'rate limit <span class="quiet">4 rows</span>' in text
    assert '<td><code>echo_failure</code></td><td class="figure">4</td>' in text
    assert "echo: asked to fail with 429" in text
    assert "echo: text 1<" in text
    assert "{{ row.text }}" in text
    assert text.count('<article class="sample">') == 3 + 6


def test_a_report_needs_no_network_no_key_and_no_apply(project: Project) -> None:
    project.write("job.yaml", MANIFEST.replace("provider: local", "provider: openai"))
    text = page(project, OPENAI_API_KEY="")
    assert "<strong>0</strong> of <strong>3</strong> rows answered" in text
    assert not (project.folder / ".batchctl").exists()
    assert not (project.folder / "job.lock.json").exists()


def test_G7_the_same_state_gives_the_same_bytes_wherever_and_whenever(project: Project) -> None:
    project.write("rows.csv", ROWS)
    project.program("apply", "--auto-approve")
    before = page(project, PYTHONHASHSEED="1", TZ="UTC", LANG="C")
    assert page(project, PYTHONHASHSEED="2", TZ="Pacific/Kiritimati", LANG="C.UTF-8", COLUMNS="200") == before
    inner = project.folder / "inner"
    inner.mkdir()
    there = Project(inner).program("report", "-f", "../job.yaml", "-o", str(inner / "report.html"))
    assert there.code == 0, there.err
    assert (inner / "report.html").read_text() == before


def test_a_report_of_several_jobs_and_of_one_of_them(project: Project) -> None:
    project.write("job.yaml", MANIFEST + "---\n" + MANIFEST.replace("labels", "second"))
    assert 'href="#job-second"' in page(project)
    text = page(project, "second")
    assert 'id="job-second"' in text
    assert "job-labels" not in text
    ended = project("report", "-o", "report.html", "third")
    assert (ended.code, ended.err) == (64, 'error[usage]: there is no job "third"\n  = there is labels, second\n')


def test_answers_that_are_not_in_the_store_are_counted_and_said_to_be_missing(project: Project) -> None:
    project.program("apply", "--auto-approve")
    shutil.rmtree(project.folder / ".batchctl" / "results")
    text = page(project)
    assert "<strong>3</strong> of <strong>3</strong> rows answered" in text
    assert "3 of the answers are not in the store of this clone" in text


def test_rows_that_ask_the_same_count_each_for_itself(project: Project) -> None:
    project.write("job.yaml", MANIFEST.replace('    key: "{{ row.id }}"\n', "") + "retry: {max_attempts: 1}\n")
    same = "".join(f"r{row},[[echo:status=400]]\n" for row in range(6)) + "x,fine\n"
    project.write("rows.csv", "id,text\n" + same)
    project.program("apply", "--auto-approve")
    text = page(project)
    assert "<strong>1</strong> of <strong>7</strong> rows answered" in text
    assert 'rejected <span class="quiet">6 rows</span>' in text
    assert '<td class="figure">6</td>' in text


def test_tokens_and_times_come_from_the_answers(project: Project) -> None:
    with model() as (made, base):
        local = f'provider: {{dialect: local, upstream: "{base}"}}'
        project.write("job.yaml", MANIFEST.replace("provider: local", local))

        def timed(text: str) -> tuple[int, dict[str, str], bytes]:
            status, headers, content = made.said(text)
            body = json.loads(content)
            body["usage"]["total_time"] = 0.25
            return status, headers, json.dumps(body).encode()

        made.answer = timed
        assert project.program("apply", "--auto-approve").code == 0
    text = page(project)
    assert '<th scope="row">input</th><td class="figure">30</td><td class="figure">10.0</td>' in text
    assert "of it cached" not in text
    assert "Time that the model took</strong><span class=\"summary\">median 250 ms" in text
    assert "Length of answers, in characters" in text


def test_what_the_batches_cost_is_told_where_prices_are_known(project: Project) -> None:
    project.write("job.yaml", MANIFEST + "prices: {echo-1: {input: 1000, output: 1000}}\n")
    project.program("apply", "--auto-approve")
    text = page(project)
    assert '<p class="lead">$0.0' in text
    assert "for all batches of revision 1</span>" in text


def test_G9_an_answer_that_means_harm_is_text(project: Project) -> None:
    with model() as (made, base):
        local = f'provider: {{dialect: local, upstream: "{base}"}}'
        project.write("job.yaml", MANIFEST.replace("provider: local", local))
        made.answer = lambda text: made.said(text, "</pre><script>alert(1)</script>\u202e\x00")
        project.program("apply", "--auto-approve")
    text = page(project)
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\\u202e␀" in text


@pytest.mark.parametrize(("name", "why"), [
    ("job.yaml", "is also a manifest"), ("rows.csv", "is also an input"), ("out/labels.jsonl", "is also a sink"),
    ("prompt.j2", "is also a template file"), ("job.lock.json", "has the name of a lockfile"), ("out", "is a folder"),
    (".batchctl/x.html", "lies in .batchctl"), ("../x.html", "leads out of the project"),
    ("link.html", "is also an input"), ("elsewhere/x.html", "leads out of the project"),
    ("~/x.html", "is not expanded")])
def test_a_report_is_written_over_nothing_that_the_manifests_name(project: Project, name: str, why: str,
                                                                  tmp_path_factory: pytest.TempPathFactory) -> None:
    (project.folder / "prompt.j2").write_text("{{ row.text }}")
    project.write("job.yaml", MANIFEST.replace('{user: "{{ row.text }}"}', "{user: {file: prompt.j2}}"))
    project.program("apply", "--auto-approve")
    (project.folder / "link.html").symlink_to("rows.csv")
    (project.folder / "elsewhere").symlink_to(tmp_path_factory.mktemp("elsewhere"))
    before = {path: path.read_bytes() for path in project.folder.rglob("*")
              if path.is_file() and "server" not in path.parts}
    ended = project("report", "-o", name)
    assert (ended.code, why in ended.err) == (64, True), ended.err
    assert all(path.read_bytes() == content for path, content in before.items())


def test_a_report_is_not_written_over_a_lockfile_of_another_name(project: Project) -> None:
    assert project.program("apply", "--auto-approve", "--lockfile", "ids.json").code == 0
    ended = project("report", "--lockfile", "ids.json", "-o", "ids.json")
    assert (ended.code, "is also a lockfile" in ended.err) == (64, True), ended.err


def test_outside_the_project_a_report_goes_where_an_absolute_path_says(
        project: Project, tmp_path_factory: pytest.TempPathFactory) -> None:
    target = tmp_path_factory.mktemp("elsewhere") / "new" / "report.html"
    assert project("report", "-o", str(target)).code == 0
    assert target.read_text().startswith("<!DOCTYPE html>")


def test_G3_a_report_that_cannot_be_made_leaves_the_old_one(project: Project) -> None:
    page(project)
    (project.folder / "job.lock.json").write_text("<<<<<<< ours\n")
    ended = project("report", "-o", "report.html")
    assert ended.code == 1
    assert (project.folder / "report.html").read_text().startswith("<!DOCTYPE html>")
    assert [path.name for path in Path(project.folder).glob(".*.tmp")] == []
