"""What every source of text promises, whatever its format and its compression."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
from collections.abc import Callable

import pytest
import zstandard

from .conftest import Reader

Rows = list[dict[str, str]]

ROWS: Rows = [
    {"id": str(number), "text": text}
    for number, text in enumerate(
        [
            "plain",
            'a "quoted" word',
            "two\nlines",
            "a, comma",
            '5" pipe',
            "",
            " spaced ",
            "Zürich ✓ 𝄞",
            "{{ 7*7 }}",
            "a\u2028b",
            "\ttab",
            "'=1+1",
        ]
        * 40
    )
]


def as_csv(rows: Rows) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, ["id", "text"])
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def as_jsonl(rows: Rows) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def as_json(rows: Rows) -> bytes:
    return json.dumps(rows, indent=1).encode()


COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress, "zst": zstandard.ZstdCompressor(write_checksum=True).compress, "bz2": bz2.compress,
    "xz": lzma.compress,
}  # fmt: skip
WRITERS: dict[str, Callable[[Rows], bytes]] = {"csv": as_csv, "jsonl": as_jsonl, "json": as_json}

pytestmark = pytest.mark.parametrize("suffix", WRITERS)


def test_every_record_comes_back_as_it_was_written(reader: Reader, suffix: str) -> None:
    chunk = reader.all(f"a.{suffix}", WRITERS[suffix](ROWS))
    assert [record.data for record in chunk.records] == ROWS
    assert [record.row for record in chunk.records] == list(range(1, len(ROWS) + 1))
    assert (chunk.consumed, chunk.findings) == (len(ROWS), [])


@pytest.mark.parametrize("step", [1, 7, 64])
def test_skipping_and_reading_in_turn_gives_the_same_records_as_reading_all(
    reader: Reader, suffix: str, step: int
) -> None:
    everything = reader.all(f"a.{suffix}", WRITERS[suffix](ROWS)).records
    with reader.source(f"a.{suffix}") as source:
        for start in range(0, len(ROWS), 2 * step):
            assert source.skip(step) == min(step, len(ROWS) - start)
            assert source.read(step).records == everything[start + step : start + 2 * step]


def test_at_the_end_fewer_records_are_read_and_then_none(reader: Reader, suffix: str) -> None:
    with reader.source(f"a.{suffix}", WRITERS[suffix](ROWS[:3])) as source:
        assert source.read(2).consumed == 2
        assert source.read(2).consumed == 1
        assert source.read(2).consumed == 0
        assert source.skip(2) == 0


@pytest.mark.parametrize("compression", COMPRESSORS)
def test_compressed_files_read_like_plain_ones(reader: Reader, suffix: str, compression: str) -> None:
    plain = WRITERS[suffix](ROWS)
    half = len(plain) // 2
    compress = COMPRESSORS[compression]
    parts = compress(plain[:half]) + compress(plain[half:])
    assert [record.data for record in reader.all(f"a.{suffix}.{compression}", parts).records] == ROWS


@pytest.mark.parametrize("compression", COMPRESSORS)
def test_a_truncated_compressed_file_is_a_finding_and_no_shorter_input(
    reader: Reader, suffix: str, compression: str
) -> None:
    content = COMPRESSORS[compression](WRITERS[suffix](ROWS))[:-9]
    (finding,) = reader.problems(f"a.{suffix}.{compression}", content)
    assert finding.code == "input-compressed"


@pytest.mark.parametrize("compression", COMPRESSORS)
def test_a_damaged_compressed_file_is_a_finding(reader: Reader, suffix: str, compression: str) -> None:
    content = COMPRESSORS[compression](WRITERS[suffix](ROWS))
    half = len(content) // 2
    (finding,) = reader.problems(f"a.{suffix}.{compression}", content[:half] + b"\0" * 50 + content[half + 50 :])
    assert finding.code == "input-compressed"


def test_a_byte_order_mark_is_no_part_of_the_data(reader: Reader, suffix: str) -> None:
    chunk = reader.all(f"a.{suffix}", b"\xef\xbb\xbf" + WRITERS[suffix](ROWS[:2]))
    assert [record.data for record in chunk.records] == ROWS[:2]


def test_bytes_that_are_not_utf8_are_told_with_line_and_offset(reader: Reader, suffix: str) -> None:
    content = WRITERS[suffix](ROWS[:2]).replace(b"plain", b"pl\xe9in")
    (finding,) = reader.problems(f"a.{suffix}", content)
    offset = content.index(b"\xe9")
    assert finding.code == "input-encoding"
    assert f"offset {offset:,}" in finding.message
    assert finding.span is not None
    assert finding.span.line == content[:offset].count(b"\n") + 1


def test_utf16_is_refused_with_what_to_do(reader: Reader, suffix: str) -> None:
    content = WRITERS[suffix](ROWS[:2]).decode().encode("utf-16")
    (finding,) = reader.problems(f"a.{suffix}", content)
    assert "UTF-16; save it as UTF-8" in finding.message
