"""Which files a job may read, and in which order."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
from pathlib import Path

import pytest
import zstandard

from batchctl.desired.inputs.files import files_of, locate
from batchctl.desired.inputs.row import SourceFailed, place_of
from batchctl.desired.inputs.streams import open_content, open_stored
from tests.desired.jobs import file_input, job, rows_input

from .conftest import Reader


def codes(folder: Path, path: str, root: Path | None = None, **more: object) -> list[str]:
    return [finding.code for finding in files_of(job(folder, file_input(path, **more), root=root))[1]]  # type: ignore[arg-type]


def test_a_glob_reads_its_files_in_sorted_order(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv", "B.csv", "c.txt"):
        (tmp_path / name).write_text("x\n")
    (tmp_path / "d.csv").mkdir()
    files, _ = files_of(job(tmp_path, file_input("*.csv")))
    assert [file.shown for file in files] == ["B.csv", "a.csv", "b.csv"]


def test_a_file_named_like_a_glob_is_that_file(tmp_path: Path) -> None:
    (tmp_path / "a[1].csv").write_text("x\n")
    (tmp_path / "a1.csv").write_text("x\n")
    files, _ = files_of(job(tmp_path, file_input("a[1].csv")))
    assert [file.shown for file in files] == ["a[1].csv"]


def test_a_glob_without_a_match_is_a_mistake(tmp_path: Path) -> None:
    assert codes(tmp_path, "*.csv") == ["input-refused"]


@pytest.mark.parametrize("written", ["../x.csv", "~/x.csv", "file:///etc/passwd", "s3://b/x.csv", "a\0b.csv", ""])
def test_paths_that_lead_elsewhere_are_refused(tmp_path: Path, written: str) -> None:
    assert codes(tmp_path, written) == ["input-refused"]


def test_a_symlink_out_of_the_project_is_refused_by_name_and_by_glob(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (tmp_path / "secret.csv").write_text("x\n")
    (project / "a.csv").symlink_to(tmp_path / "secret.csv")
    assert codes(project, "a.csv") == ["input-refused"]
    assert codes(project, "*.csv") == ["input-refused"]


def test_what_lies_outside_can_be_named_by_an_absolute_path(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("x\n")
    (tmp_path / "project").mkdir()
    assert codes(tmp_path / "project", str(tmp_path / "x.csv")) == []


def test_missing_files_directories_fifos_and_devices_are_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.csv")
    (tmp_path / "dir.csv").mkdir()
    assert codes(tmp_path, "missing.csv") == ["input-missing"]
    assert codes(tmp_path, "fifo.csv") == ["input-refused"]
    assert codes(tmp_path, "dir.csv") == ["input-refused"]
    assert codes(tmp_path, "/dev/zero", format="csv") == ["input-refused"]


def test_a_file_that_became_a_fifo_or_a_link_is_refused_when_opened(reader: Reader, tmp_path: Path) -> None:
    file = reader.file("a.csv", b"x\n")
    (tmp_path / "a.csv").rename(tmp_path / "b.csv")
    (tmp_path / "a.csv").symlink_to("b.csv")
    with pytest.raises(SourceFailed, match="cannot be read"):
        open_stored(file)
    (tmp_path / "a.csv").unlink()
    os.mkfifo(tmp_path / "a.csv")
    with pytest.raises(SourceFailed, match="no regular file"):
        open_stored(file)


def test_an_unknown_suffix_needs_a_format(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x\n")
    assert codes(tmp_path, "a.txt") == ["input-format"]
    assert codes(tmp_path, "a.txt", format="csv") == []


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.csv.gz", b"x\n1\n"), ("a.csv.zst", b"x\n1\n"), ("a.csv.bz2", b""), ("a.csv.xz", b"BZh9"),
     ("a.csv", gzip.compress(b"x\n1\n", mtime=0)), ("a.csv", bz2.compress(b"")), ("a.csv", lzma.compress(b"x"))],
)  # fmt: skip
def test_suffix_and_content_must_agree_on_compression(reader: Reader, name: str, content: bytes) -> None:
    with pytest.raises(SourceFailed, match=r"is not|is (gzip|bzip2|xz) data"):
        reader.all(name, content)


def test_a_bomb_stops_long_before_it_is_unpacked(reader: Reader) -> None:
    packed = zstandard.ZstdCompressor().compress(b"[" + b" " * 2**20 * 200)
    file = reader.file("a.json.zst", packed)
    with open_stored(file) as stored, open_content(file, stored, by_lines=False) as content:
        content.read(80 * 2**20 // 2)
        with pytest.raises(SourceFailed, match="grows more than 1,000 times"):
            content.read(60 * 2**20)


def test_a_line_without_an_end_stops_before_memory_does(reader: Reader) -> None:
    from batchctl.desired.inputs import streams

    before, streams.MAX_LINE = streams.MAX_LINE, 2**21
    try:
        chunk = reader.all("a.jsonl", b'{"a":1}\n' + b"x" * (5 * 2**20))
    finally:
        streams.MAX_LINE = before
    assert chunk.findings[-1].code == "input-too-large"


def test_a_place_is_told_as_file_and_row(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x\n")
    made = job(tmp_path, rows_input({"x": 1}), file_input("a.csv"))
    assert locate(made, place_of(1, 17)) == "row 17 of a.csv"
    assert locate(made, place_of(0, 0)) == "the start of job.yaml"
