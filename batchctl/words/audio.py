"""Lines for audio endpoints: JSON in a batch, but the synchronous endpoints take a form and may answer with text."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_to_bytes

import orjson

AUDIO = ("/v1/audio/transcriptions", "/v1/audio/translations")

#: As httpx takes them: the field, and its file name (None for a plain field) with its content.
Part = tuple[str, tuple[str | None, str | bytes]]


def form(body: dict[str, Any]) -> list[Part]:
    """The fields of a line's body. A recording within a `data:` URL goes as a file, which every server takes."""
    return [part for name, value in body.items() for part in _parts(name, value)]


def _parts(name: str, value: object) -> Iterator[Part]:
    if value is None:
        return
    if isinstance(value, list):
        for item in value:
            yield f"{name}[]", (None, _text(item))
        return
    if name in ("url", "file") and isinstance(value, str) and (recording := _recording(value)) is not None:
        yield "file", recording
        return
    yield name, (None, _text(value))


def _text(value: object) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _recording(url: str) -> tuple[str, bytes] | None:
    """What a `data:` URL holds, named after its type: servers tell the format from the name."""
    head, comma, content = url.partition(",")
    if not comma or not head.startswith("data:"):
        return None
    kind, *options = head.removeprefix("data:").split(";")
    suffix = kind.rpartition("/")[2].removeprefix("x-") or "wav"
    try:
        raw = unquote_to_bytes(content)
        return f"recording.{suffix}", base64.b64decode(raw, validate=True) if "base64" in options else raw
    except binascii.Error:
        return None
