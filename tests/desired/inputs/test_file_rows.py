"""Files that are a row each: what the row says, and which files are refused."""

from __future__ import annotations

import base64
import bz2
import os
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest

from batchctl.desired.inputs import file_rows
from batchctl.desired.inputs.files import files_of
from batchctl.desired.inputs.reading import JobReader, rows
from batchctl.desired.job import Job
from batchctl.words.diagnostics import Diagnostic
from tests.desired.jobs import file_input, job


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


PNG = (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
       + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b""))
JPEG = b"\xff\xd8\xff\xe0" + b"\0" * 20 + b"\xff\xd9"
GIF = b"GIF89a" + b"\1\0\1\0\0\0\0" + b",\0\0\0\0\1\0\1\0\0\2\1D\0;"
WEBP = b"RIFF" + (20).to_bytes(4, "little") + b"WEBPVP8 " + b"\0" * 12


def read(made: Job) -> tuple[list[dict[str, Any]], list[Diagnostic]]:
    blocks = list(JobReader(made, 0, 1, lambda place: None).blocks())
    return ([row.data for block in blocks for row in block.rows],
            [finding for block in blocks for finding in block.findings])


def test_each_text_is_a_row_in_the_order_of_the_paths(tmp_path: Path) -> None:
    (tmp_path / "docs" / "b").mkdir(parents=True)
    (tmp_path / "docs" / "z.txt").write_bytes("\ufeffZürich {{ 7*7 }}\r\n".encode())
    (tmp_path / "docs" / "b" / "a.v1.txt").write_text("")
    (tmp_path / "docs" / "b" / "c.txt.bz2").write_bytes(bz2.compress(b"packed"))
    found, problems = read(job(tmp_path, file_input("docs/**/*.txt*", format="text")))
    assert problems == []
    assert found == [
        {"path": "docs/b/a.v1.txt", "name": "a.v1.txt", "stem": "a.v1", "text": ""},
        {"path": "docs/b/c.txt.bz2", "name": "c.txt.bz2", "stem": "c", "text": "packed"},
        {"path": "docs/z.txt", "name": "z.txt", "stem": "z", "text": "Zürich {{ 7*7 }}\r\n"},
    ]


@pytest.mark.parametrize(("content", "media_type"), [
    (PNG, "image/png"), (JPEG, "image/jpeg"), (GIF, "image/gif"), (WEBP, "image/webp"), (JPEG + b"more", "image/jpeg")])
def test_an_image_is_a_data_url_of_the_type_that_it_is_whatever_its_name_says(
    tmp_path: Path, content: bytes, media_type: str
) -> None:
    (tmp_path / "a.jpg").write_bytes(content)
    (row,), _ = read(job(tmp_path, file_input("a.jpg", format="image")))
    start, _, data = row.pop("data_url").partition(",")
    assert (start, base64.b64decode(data)) == (f"data:{media_type};base64", content)
    assert row == {"path": "a.jpg", "name": "a.jpg", "stem": "a", "media_type": media_type, "bytes": len(content)}


@pytest.mark.parametrize(("content", "code", "words"), [
    (b"", "input-format", "is empty"), (b"<svg/>", "input-format", "no image that models take"),
    (b"%PDF-1.7", "input-format", "looks like a PDF document"), (PNG[:-5], "input-damaged", "a PNG image that was cut"),
    (WEBP[:-1], "input-damaged", "cut off"), (JPEG[:-1], "input-damaged", "cut off"),
    (GIF[:-1], "input-damaged", "cut off")])
def test_what_is_no_whole_image_is_told_with_the_file_and_the_others_are_read(
    tmp_path: Path, content: bytes, code: str, words: str
) -> None:
    (tmp_path / "a.png").write_bytes(content)
    (tmp_path / "b.png").write_bytes(PNG)
    found, (problem,) = read(job(tmp_path, file_input("*.png", format="image")))
    assert [row["name"] for row in found] == ["b.png"]
    assert (problem.code, problem.message.startswith("a.png: "), words in problem.message) == (code, True, True)
    assert problem.notes
    assert problem.span is not None
    assert (problem.span.file, problem.span.line) == ("job.yaml", 5)


def test_a_file_is_told_by_name_and_size_alone(tmp_path: Path) -> None:
    (tmp_path / "a.mp3.gz").write_bytes(b"12345")
    found, _ = read(job(tmp_path, file_input("*.gz", format="file")))
    assert found == [{"path": "a.mp3.gz", "name": "a.mp3.gz", "stem": "a.mp3", "bytes": 5}]


def test_too_large_files_are_refused_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_rows, "MAX_TEXT", 5)
    monkeypatch.setattr(file_rows, "MAX_IMAGE", 2**20)
    (tmp_path / "a.txt").write_text("123456")
    (tmp_path / "b.png").write_bytes(PNG + b"\0" * 2**20)
    for name, kind in (("a.txt", "text"), ("b.png", "image")):
        _, (problem,) = read(job(tmp_path, file_input(name, format=kind)))
        assert (problem.code, len(problem.notes)) == ("input-too-large", 1)


def test_a_text_that_is_something_else_is_told_what_it_looks_like(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"%PDF-1.7 ...")
    (tmp_path / "b.txt").write_bytes(b"caf\xe9")
    _, problems = read(job(tmp_path, file_input("*.txt", format="text")))
    assert [problem.code for problem in problems] == ["input-format", "input-encoding"]
    assert "looks like a PDF document, not like text" in problems[0].message


def test_a_link_out_of_the_project_is_no_row(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "a.txt").symlink_to(tmp_path / "secret")
    _, (problem,) = files_of(job(tmp_path / "project", file_input("*.txt", format="text")))
    assert problem.code == "input-refused"


def test_a_renamed_file_gives_another_digest_as_its_row_differs(tmp_path: Path) -> None:
    def digest() -> str:
        reader = JobReader(job(tmp_path, *(file_input(f"*.{kind}", format=kind) for kind in ("text", "image", "file"))),
                           0, 1, lambda place: None, digested=True)
        list(reader.blocks())
        return reader.digest()

    for name, content in (("a.text", b"x"), ("a.image", PNG), ("a.file", b"1")):
        (tmp_path / name).write_bytes(content)
    seen = {digest()}
    for kind in ("text", "image", "file"):
        os.rename(tmp_path / f"a.{kind}", tmp_path / f"b.{kind}")
        seen.add(digest())
    (tmp_path / "b.text").write_bytes(b"y")
    seen.add(digest())
    assert len(seen) == 5


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_where_the_rows_go_does_not_depend_on_the_number_of_workers(tmp_path: Path, workers: int) -> None:
    for number in range(2100):
        (tmp_path / f"{number:04}.txt").write_text(f"text {number}")
    made = job(tmp_path, file_input("*.txt", format="text", limit=2050))
    found = [row for worker in range(workers) for row in rows(made, worker, workers, lambda place: None)]
    assert sorted((row.number, row.data["text"]) for row in found) == [(n, f"text {n}") for n in range(2050)]


@pytest.mark.parametrize(("name", "kind"), [("a.txt", "text"), ("a.jpeg", "image"), ("a.mp3", "file")])
def test_files_that_could_be_a_row_each_are_told_how_to_say_so(tmp_path: Path, name: str, kind: str) -> None:
    (tmp_path / name).write_bytes(b"")
    _, (problem,) = files_of(job(tmp_path, file_input(name)))
    assert problem.notes == (f'for one row a file write "format: {kind}"',)
