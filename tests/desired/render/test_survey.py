"""The survey of a job: the same for any number of workers, exact about repeats, and complete about mistakes."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from array import array
from pathlib import Path
from typing import Any

import pytest

from batchctl.desired.inputs.files import SourceFile
from batchctl.desired.inputs.formats import SourceKind
from batchctl.desired.render import pool, repeats
from batchctl.desired.render.lines import InputChanged, lines
from batchctl.desired.render.rules import rules_of
from batchctl.desired.render.survey import Desired, survey, workers_for
from batchctl.desired.render.tasks import SurveyTask
from batchctl.words.errors import ExitCode, InvalidInput
from batchctl.words.events import Event, Rendering
from batchctl.words.tokens import BYTES_PER_TOKEN
from tests.desired.jobs import chat, file_input, job, rows_input


def write_rows(folder: Path, count: int = 3000) -> None:
    cells = (f'{number},"a ""b"", {number}\nİ ß",{number % 7}\n' for number in range(count))
    (folder / "a.csv").write_text("id,text,n\n" + "".join(cells), encoding="utf-8")


def all_lines(made: Any, desired: Desired, workers: int = 1) -> bytes:
    wanted = array("I", range(len(desired.ids)))
    return b"".join(line for _, line in lines(made, desired, wanted, workers=workers))


INPUTS = [
    {"key": "{{ row.id }}"},
    {"where": "{{ row.n | int > 2 }}"},
    {"limit": 1500},
    {"where": "{{ row.n | int > 2 }}", "limit": 1300},
]


@pytest.mark.parametrize("settings", INPUTS)
def test_workers_change_nothing(tmp_path: Path, settings: dict[str, Any]) -> None:
    write_rows(tmp_path)
    (tmp_path / "b.jsonl").write_text(
        "".join(json.dumps({"id": f"b{n}", "text": f"t{n}", "n": n}) + "\n" for n in range(1100))
    )
    made = job(tmp_path, file_input("a.csv", **settings), file_input("b.jsonl"), rows_input({"text": "x", "n": 1}))
    one = survey(made, workers=1)
    text = all_lines(made, one)
    assert one.rows == len(text.splitlines()) > 1100
    assert list(one.lengths) == [len(line) + 1 for line in text.split(b"\n")[:-1]]
    for workers in (2, 3):
        assert survey(made, workers=workers) == one
        assert all_lines(made, one, workers) == text


def test_limit_counts_rows_after_where_and_over_all_files_of_an_input(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.csv").write_text("text\n" + "".join(f"{name}{n}\n" for n in range(10)))
    made = job(
        tmp_path, file_input("*.csv", where="{{ row.text not in ('a1', 'b0') }}", limit=11), rows_input({"text": "end"})
    )
    contents = [
        json.loads(line)["body"]["messages"][0]["content"] for line in all_lines(made, survey(made)).splitlines()
    ]
    assert contents == ["a0", *(f"a{n}" for n in range(2, 10)), "b1", "b2", "end"]


@pytest.mark.parametrize(
    "setting",
    [
        {"PYTHONHASHSEED": "0"},
        {"PYTHONHASHSEED": "1"},
        {"LANG": "C", "LC_ALL": "C"},
        {"LANG": "tr_TR.UTF-8", "LC_ALL": "tr_TR.UTF-8"},
        {"TZ": "Pacific/Kiritimati"},
    ],
)
def test_hash_seed_locale_and_time_zone_change_nothing(tmp_path: Path, setting: dict[str, str]) -> None:
    write_rows(tmp_path, 50)
    made = job(
        tmp_path,
        file_input("a.csv"),
        body=chat("{{ row.text | upper }} {{ row | tojson }} {{ vars.a }}"),
        vars={"a": {"x": 1, "y": 2}},
    )
    root = Path(__file__).parents[3]
    script = (
        "import sys; from pathlib import Path; from tests.desired.jobs import *\n"
        "from tests.desired.render.test_survey import all_lines, survey\n"
        "made = job(Path(sys.argv[1]), file_input('a.csv'), vars={'a': {'x': 1, 'y': 2}},"
        " body=chat('{{ row.text | upper }} {{ row | tojson }} {{ vars.a }}'))\n"
        "sys.stdout.buffer.write(all_lines(made, survey(made)))\n"
    )
    there = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        cwd=root,
        check=True,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(root), **setting},
    ).stdout
    assert there == all_lines(made, survey(made))


def test_equal_requests_are_sent_once_and_known_for_every_row(tmp_path: Path) -> None:
    texts = ["a", "b", "a", "c", "b", "a"]
    made = job(tmp_path, rows_input(*({"text": text} for text in texts)))
    desired = survey(made)
    assert desired.rows == 6
    assert desired.row_request == array("I", [0, 1, 0, 2, 1, 0])
    assert len(desired.ids) == len(desired.lengths) == 3
    given = dict(lines(made, desired, array("I", [0, 2])))
    assert [json.loads(line)["body"]["messages"][0]["content"] for line in given.values()] == ["a", "c"]


def test_distinct_requests_need_no_map(tmp_path: Path) -> None:
    assert survey(job(tmp_path, rows_input({"text": "a"}, {"text": "b"}))).row_request is None


def test_a_key_that_comes_twice_names_both_rows(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,text\n1,x\n2,y\n")
    (tmp_path / "b.jsonl").write_text('{"id": 3, "text": "z"}\n\n{"id": 2, "text": "other"}\n')
    made = job(tmp_path, file_input("a.csv", key="{{ row.id }}"), file_input("b.jsonl", key="{{ row.id }}"))
    with pytest.raises(InvalidInput) as caught:
        survey(made, workers=2)
    (finding,) = caught.value.findings
    assert finding.code == "duplicate-key"
    assert "row 2 of a.csv (line 3) and row 2 of b.jsonl (line 3)" in finding.message


def test_a_key_that_comes_twice_is_found_whichever_workers_read_its_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONHASHSEED", raising=False)
    (tmp_path / "a.csv").write_text("id,text\n" + "".join(f"{number % 1500},x\n" for number in range(1501)))
    with pytest.raises(InvalidInput) as caught:
        survey(job(tmp_path, file_input("a.csv", key="{{ row.id }}")), workers=2)
    (finding,) = caught.value.findings
    assert "row 1 of a.csv (line 2) and row 1501 of a.csv (line 1502)" in finding.message


def test_keys_of_equal_hash_but_different_text_are_no_mistake(tmp_path: Path) -> None:
    from batchctl.desired.render.keys import duplicate_keys
    from batchctl.desired.render.rules import rules_of

    made = job(
        tmp_path,
        rows_input({"id": "a", "text": ""}, {"id": "b", "text": ""}, {"id": "a", "text": ""}, key="{{ row.id }}"),
    )
    rules, _ = rules_of(made)
    assert duplicate_keys(made, rules, array("Q", [5, 5, 6]), workers=1) == ()
    assert len(duplicate_keys(made, rules, array("Q", [5, 5, 5]), workers=1)) == 1


def test_rows_without_a_key_may_be_equal_beside_rows_with_one(tmp_path: Path) -> None:
    made = job(
        tmp_path, rows_input({"id": 1, "text": "x"}, key="{{ row.id }}"), rows_input({"text": "x"}, {"text": "x"})
    )
    desired = survey(made)
    assert desired.row_request == array("I", [0, 1, 1])


def test_the_same_mistake_in_many_rows_is_shown_once_with_some_of_its_rows(tmp_path: Path) -> None:
    write_rows(tmp_path, 12_000)
    with pytest.raises(InvalidInput) as caught:
        survey(job(tmp_path, file_input("a.csv"), body=chat("{{ row.txt }}")), workers=2)
    missing, last = caught.value.findings
    assert missing.code == "template-undefined"
    assert len(missing.notes) == 3
    assert missing.notes[0] == "while rendering row 1 of a.csv (line 2)"
    assert (last.code, last.message) == ("more-mistakes", "stopped after 1,000 rows with mistakes; there may be more")


def test_a_mistake_of_every_row_hides_no_other_one(tmp_path: Path) -> None:
    write_rows(tmp_path, 2500)
    with (tmp_path / "a.csv").open("a") as file:
        file.write("ragged\n")
    text = "{{ row.other if row.id == '500' else row.txt }}"
    with pytest.raises(InvalidInput) as caught:
        survey(job(tmp_path, file_input("a.csv"), body=chat(text)))
    found = " ".join(finding.message for finding in caught.value.findings)
    assert [finding.code for finding in caught.value.findings].count("template-undefined") == 2
    assert 'no column "txt"' in found
    assert 'no column "other"' in found
    assert "row 2501 has 1 cells" in found


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_mistakes_come_in_input_order_and_stop_at_twenty(tmp_path: Path, workers: int) -> None:
    good = "".join(f"{n}\n" for n in range(1200))
    (tmp_path / "a.csv").write_text("text\n" + good + "x,y\n" * 3 + good + "z,z,z\n" * 30)
    with pytest.raises(InvalidInput) as caught:
        survey(job(tmp_path, file_input("a.csv")), workers=workers)
    messages = [finding.message for finding in caught.value.findings]
    assert len(messages) == 21
    assert [int(message.split("row ")[1].split()[0]) for message in messages[:-1]] == [
        1201,
        1202,
        1203,
        *range(2404, 2421),
    ]


def test_mistakes_in_several_files_are_all_told(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,text\n")
    (tmp_path / "b.csv").write_bytes(b"text\n\xff\n")
    (tmp_path / "c.json").write_text('[{"text": 1},]')
    inputs = [file_input(name) for name in ("a.csv", "b.csv", "c.json")]
    with pytest.raises(InvalidInput) as caught:
        survey(job(tmp_path, *inputs), workers=2)
    assert [finding.code for finding in caught.value.findings] == ["csv-header", "input-encoding", "json-syntax"]


def test_the_inputs_digest_is_over_the_bytes_as_stored_and_over_all_of_them(tmp_path: Path) -> None:
    import hashlib

    from batchctl.words.digest import text_digest

    content = b"text\n" + b"".join(b"%d\n" % n for n in range(400_000))
    (tmp_path / "a.csv").write_bytes(content)
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(content))
    made = job(tmp_path, file_input("a.csv", limit=3), file_input("b.csv.gz", limit=2000), rows_input({"text": "ü"}))
    expected = [hashlib.sha256((tmp_path / name).read_bytes()).digest() for name in ("a.csv", "b.csv.gz")]
    assert survey(made, workers=2).inputs_digest == text_digest(*expected, '[{"text":"ü"}]'.encode())


def test_a_job_without_rows_is_a_warning(tmp_path: Path) -> None:
    desired = survey(job(tmp_path, rows_input({"text": "a"}, where="{{ false }}")))
    assert (desired.rows, len(desired.ids)) == (0, 0)
    assert [(warning.code, warning.severity) for warning in desired.warnings] == [("no-rows", "warning")]


def test_embedding_inputs_are_given_for_each_request(tmp_path: Path) -> None:
    rows = [{"v": ["a", "b"]}, {"v": "c"}, {"v": ["a", "b"]}]
    made = job(tmp_path, rows_input(*rows), kind="embeddings", body={"model": "m", "input": "{{ row.v }}"})
    assert survey(made).units == array("I", [2, 1])
    assert survey(job(tmp_path, rows_input({"text": "a"}))).units is None


@pytest.mark.parametrize("workers", [1, 2])
def test_what_is_around_the_prompt_is_told_by_the_first_request_of_all(tmp_path: Path, workers: int) -> None:
    rows = "".join(f"{number},{'word ' * (1 + number % 7)}\n" for number in range(5000))
    (tmp_path / "a.csv").write_text("id,text\n" + rows)
    desired = survey(job(tmp_path, file_input("a.csv"), body=chat("{{ row.text }}")), workers=workers)
    assert len(desired.lengths) == 7
    read = sum(desired.lengths) - 7 * desired.envelope
    assert read // BYTES_PER_TOKEN == pytest.approx(sum(7 + 5 * (1 + number) // 4 for number in range(7)), rel=0.1)


def test_progress_is_told_and_ends_with_the_number_of_rows(tmp_path: Path) -> None:
    write_rows(tmp_path)
    told: list[Event] = []
    times = iter(range(10**6))
    survey(job(tmp_path, file_input("a.csv")), emit=told.append, clock=lambda: float(next(times)))
    assert told[-1] == Rendering("test", 3000, 3000, done=True)
    assert [event.rows for event in told if isinstance(event, Rendering)] == [1024, 2048, 3000, 3000]


def test_an_input_that_changes_between_survey_and_lines_is_refused(tmp_path: Path) -> None:
    write_rows(tmp_path, 2000)
    made = job(tmp_path, file_input("a.csv"))
    desired = survey(made)
    content = (tmp_path / "a.csv").read_text()
    for changed in (
        content.replace("1500", "15-0"),
        content[: len(content) // 2].rsplit("\n", 2)[0] + "\n",
        "text\n1,2\n",
    ):
        (tmp_path / "a.csv").write_text(changed)
        with pytest.raises(InputChanged) as caught:
            all_lines(made, desired, 2)
        assert caught.value.exit_code == ExitCode.REFUSED


def test_an_included_file_that_is_gone_by_then_is_refused_too(tmp_path: Path) -> None:
    (tmp_path / "part.txt").write_text("{{ row.text }}")
    made = job(tmp_path, rows_input({"text": "a"}), body=chat("{% include 'part.txt' %}"))
    desired = survey(made)
    (tmp_path / "part.txt").unlink()
    with pytest.raises(InputChanged, match="cannot include"):
        all_lines(made, desired)


def test_a_row_that_never_ends_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text\n" + "x\n" * 50 + "x" * 300 + "\n")
    loops = "".join("{% for c in row.text %}" for _ in range(9)) + "".join("{% endfor %}" for _ in range(9))
    with pytest.raises(InvalidInput) as caught:
        survey(job(tmp_path, file_input("a.csv"), body=chat("{{ row.text }}" + loops)), row_timeout_s=0.5)
    (finding,) = caught.value.findings
    assert (finding.code, finding.message) == ("row-timeout", "row 51 of a.csv is not rendered within 0.5 s")
    assert "loops" in finding.notes[0]


def test_a_row_that_takes_all_memory_is_named(tmp_path: Path) -> None:
    bomb = "{% set a = row.text * 60000 %}" + "{% set a = a ~ a %}" * 14 + "{{ a | length }}"
    with pytest.raises(InvalidInput) as caught:
        survey(job(tmp_path, rows_input({"text": ""}, {"text": "x" * 200}), body=chat(bomb)))
    (finding,) = caught.value.findings
    assert finding.code == "template-memory"
    assert finding.notes == ("while rendering row 2 of job.yaml (line 5)",)


def test_small_inputs_and_those_that_cannot_be_shared_get_one_worker() -> None:
    def workers(kind: SourceKind, size: int, asked: int | None = None) -> int:
        small = SourceFile(0, 0, "a.csv", Path("a.csv"), "csv", size=1)
        return workers_for([small, SourceFile(1, 1, "b", Path("b"), kind, size=size)], asked)

    assert workers("csv", 4 * 2**20 - 2) == 1
    assert workers("csv", 2**30) == workers("parquet", 2**30) == min(os.cpu_count() or 1, 8)
    assert workers("csv", 1, asked=5) == 5
    for alone in ("sqlite", "duckdb", "query", "excel"):
        assert workers(alone, 2**30) == workers(alone, 2**30, asked=5) == 1  # type: ignore[arg-type]


@pytest.mark.parametrize("at_once", [1, 3, 2**20])
def test_repeats_are_found_in_any_number_of_passes(monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    monkeypatch.setattr(repeats, "_AT_ONCE", at_once)
    assert repeats.repeated(array("Q", [9, 1, 5, 1, 2, 9, 9])) == {1, 9}
    assert repeats.repeated(array("Q", range(100))) == set()


def test_ids_with_an_equal_start_stay_apart() -> None:
    first, second = b"12345678ab", b"12345678cd"
    ids, positions = repeats.unique(bytearray(first + second + first))
    assert list(ids) == [first, second]
    assert positions == array("I", [0, 1, 0])
    assert repeats.unique(bytearray(first + second))[1] is None


@pytest.mark.slow
def test_rows_that_are_together_larger_than_a_workers_memory_are_read(tmp_path: Path) -> None:
    """Of a block of a thousand rows, and of what was found valid before, not all is held at once."""
    letters = "".join(chr(97 + number * number % 26) for number in range(500_000))
    with gzip.open(tmp_path / "a.jsonl.gz", "wt", compresslevel=1) as file:
        for number in range(500):
            file.write(json.dumps({"texts": [f"{number} {letters}", "x"]}) + "\n")
    made = job(
        tmp_path, file_input("a.jsonl.gz"), kind="embeddings", body={"model": "m", "input": "{{ row.texts }}"}
    )
    task = SurveyTask(made, rules_of(made)[0], units=True, keyed=False)
    frames = list(pool.run(task, workers=1, memory_bytes=192 * 2**20))
    assert sum(frame.header["rows"] for frame in frames if not frame.end) == 500
