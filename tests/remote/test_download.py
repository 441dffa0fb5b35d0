"""Downloads: continued where they broke off, and never taken for whole when they are not."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from batchctl.remote.download import download
from batchctl.words.errors import Refusal, Unavailable
from tests.remote.http import Scripted, Step, answer, text

CONTENT = bytes(range(256)) * 40


def broken_after(count: int, status: int = 200, start: int = 0, **headers: str) -> Step:
    """An answer that breaks off after so many bytes."""
    def blocks() -> Iterator[bytes]:
        yield CONTENT[start : start + count]
        raise httpx.ReadError("reset")

    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda request: httpx.Response(status, headers=named, content=blocks())


def rest(start: int, **headers: str) -> httpx.Response:
    return text(CONTENT[start:], 206, content_range=f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}", **headers)


def got(tmp_path: Path, *steps: Step) -> tuple[int, bytes, Scripted]:
    script = Scripted(*steps)
    target = tmp_path / "target"
    size = download(script.http, "file-1", target)
    return size, target.read_bytes(), script


def ranges(script: Scripted) -> list[str | None]:
    return [request.headers.get("range") for request in script.asked]


def test_a_whole_file_is_one_call(tmp_path: Path) -> None:
    size, content, script = got(tmp_path, text(CONTENT))
    assert (size, content) == (len(CONTENT), CONTENT)
    assert script.calls == ["GET /v1/files/file-1/content"]
    assert script.asked[0].headers["accept-encoding"] == "identity"


def test_what_broke_off_is_continued_where_the_server_can(tmp_path: Path) -> None:
    _, content, script = got(tmp_path, broken_after(1000), broken_after(500, 206, 1000, content_range="bytes 1000-1/2"),
                             rest(1500))
    assert content == CONTENT
    assert ranges(script) == [None, "bytes=1000-", "bytes=1500-"]


def test_a_server_that_ignores_the_range_starts_again(tmp_path: Path) -> None:
    _, content, _ = got(tmp_path, broken_after(1000), text(CONTENT))
    assert content == CONTENT


@pytest.mark.parametrize("content_range", ["bytes 999-1/2", "bytes 0-1/2", "bytes */5", "", "items 1000-1/2"])
def test_g4_a_wrong_range_is_never_glued_on(tmp_path: Path, content_range: str) -> None:
    wrong = text(b"wrong", 206, content_range=content_range)
    _, content, script = got(tmp_path, broken_after(1000), wrong, text(CONTENT))
    assert content == CONTENT
    assert ranges(script) == [None, "bytes=1000-", None]


@pytest.mark.parametrize("count", [1000, len(CONTENT)])
def test_a_server_that_refuses_the_range_is_asked_for_the_whole(tmp_path: Path, count: int) -> None:
    _, content, script = got(tmp_path, broken_after(count), answer({}, 416), text(CONTENT))
    assert content == CONTENT
    assert ranges(script) == [None, f"bytes={count}-", None]


def test_a_range_that_was_never_asked_for_and_is_refused_is_not_asked_again(tmp_path: Path) -> None:
    script = Scripted(answer({}, 416))
    with pytest.raises(Refusal):
        download(script.http, "f", tmp_path / "t")
    assert len(script.asked) == 1


def test_g4_a_part_of_what_is_compressed_is_never_glued_on(tmp_path: Path) -> None:
    def part(request: httpx.Request) -> httpx.Response:
        named = {"content-encoding": "gzip", "content-range": "bytes 1000-1/2"}
        return httpx.Response(206, headers=named, content=gzip.compress(CONTENT[1000:]))

    _, content, script = got(tmp_path, broken_after(1000), part, text(CONTENT))
    assert content == CONTENT
    assert ranges(script) == [None, "bytes=1000-", None]


def test_g4_a_part_that_nobody_asked_for_is_not_the_whole(tmp_path: Path) -> None:
    _, content, _ = got(tmp_path, text(b"part", 206, content_range="bytes 10-13/99"), text(CONTENT))
    assert content == CONTENT


def test_g4_a_body_shorter_than_announced_is_not_whole(tmp_path: Path) -> None:
    def short(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-length": str(len(CONTENT))}, content=iter([CONTENT[:-1]]))

    _, content, script = got(tmp_path, short, text(CONTENT))
    assert content == CONTENT
    assert len(script.asked) == 2


@pytest.mark.parametrize("step", [answer({}, 500), answer({}, 503), answer({}, 429), text("", 408),
                                  httpx.ConnectError("x"), httpx.ReadTimeout("x"), text("", 204)])
def test_transient_failures_are_tried_again(tmp_path: Path, step: Step) -> None:
    _, content, script = got(tmp_path, step, step, text(CONTENT))
    assert content == CONTENT
    assert len(script.waits) == 2


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_the_wait_that_a_busy_server_asks_for_is_kept(tmp_path: Path, status: int) -> None:
    _, _, script = got(tmp_path, answer({}, status, retry_after="7"), text(CONTENT))
    assert script.waits == [7]


def no_ranges(request: httpx.Request) -> httpx.Response:
    """Breaks off, and refuses to go on from there."""
    return answer({}, 416) if "range" in request.headers else httpx.Response(200, content=cut_off())


def cut_off() -> Iterator[bytes]:
    yield CONTENT[:10]
    raise httpx.ReadError("reset")


@pytest.mark.parametrize("step", [answer({}, 500), broken_after(10), answer({}, 429), no_ranges])
def test_it_ends_when_it_stays_incomplete(tmp_path: Path, step: Step) -> None:
    script = Scripted(step)
    with pytest.raises((Unavailable, Refusal)):
        download(script.http, "f", tmp_path / "t")
    assert len(script.asked) == 6


@pytest.mark.parametrize("step", [answer({}, 404), answer({}, 401), answer({}, 403), text("", 302, location="/x"),
                                  answer({}, 429, retry_after="1000000000"),
                                  answer({}, 503, retry_after="1000000000")])
def test_what_will_not_change_is_not_asked_again(tmp_path: Path, step: Step) -> None:
    script = Scripted(step)
    with pytest.raises((Refusal, Unavailable)):
        download(script.http, "f", tmp_path / "t")
    assert len(script.asked) == 1


def test_g9_a_file_id_cannot_lead_to_another_path(tmp_path: Path) -> None:
    script = Scripted(text(b""))
    assert download(script.http, "../../x?y", tmp_path / "t") == 0
    assert script.calls == ["GET /v1/files/..%2F..%2Fx%3Fy/content"]


def test_an_id_that_fits_no_address_is_an_unavailable_file(tmp_path: Path) -> None:
    script = Scripted(text(CONTENT))
    with pytest.raises(Unavailable, match="too long"):
        download(script.http, "f" * 70_000, tmp_path / "target")
    assert script.asked == []
