"""A request and its answer as labelled texts, as people read them; what is no text is told in short."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

#: Where a body holds what is asked, beside `messages`.
_ASKING = ("instructions", "input", "prompt", "url", "file")
#: Of what is shown as JSON, as many characters.
_LONGEST_JSON = 400

Piece = tuple[str, str]


def asked(body: Mapping[str, Any]) -> list[Piece]:
    """What a request's body says to the model: messages by role, else the parameters that hold a prompt."""
    messages = body.get("messages")
    pieces = list(_messages(messages)) if isinstance(messages, list) else []
    for name in _ASKING:
        value = body.get(name)
        if isinstance(value, list) and any(isinstance(item, dict) and "role" in item for item in value):
            pieces += _messages(value)
        elif value is not None:
            pieces.append((name, _words(value)))
    if pieces:
        return pieces
    return [("body", _json({name: value for name, value in body.items() if name != "model"}))]


def answered(end: Mapping[str, Any]) -> list[Piece]:
    """What came back, from the names that templates of sinks see."""
    error = end["error"]
    if error is not None:
        said = ": ".join(str(error[name]) for name in ("code", "message") if error.get(name))
        answer = [("answer", end["text"])] if end["text"] else []
        return [*answer, ("error", said or "no answer")]
    response = end["response"] or {}
    body = response.get("body")
    pieces = [("answer", end["text"] if end["text"] is not None else _json(body))]
    if (reason := _finish(body)) not in (None, "stop"):
        pieces.append(("finish", str(reason)))
    return pieces


def _messages(messages: list[Any]) -> Iterator[Piece]:
    for message in messages:
        if isinstance(message, dict):
            rest = {name: value for name, value in message.items() if name not in ("role", "content")}
            content = message.get("content")
            text = _words(content) if content is not None else _json(rest)
            yield str(message.get("role", "message")), text
        else:
            yield "message", _words(message)


def _words(content: Any) -> str:
    """Text as it is, text parts one below the other, and anything else by its kind."""
    if isinstance(content, str):
        return _short_data(content)
    if isinstance(content, list) and all(isinstance(part, str | dict) for part in content):
        return "\n".join(_part(part) for part in content)
    return _json(content)


def _part(part: str | dict[str, Any]) -> str:
    if isinstance(part, str):
        return part
    text = part.get("text")
    return text if isinstance(text, str) else f"[{part.get('type', 'part')}] {_json(part)}"


def _short_data(text: str) -> str:
    """A `data:` URL holds nothing that anybody reads."""
    head, comma, content = text.partition(",")
    return f"{head},… ({len(content):,} characters)" if comma and head.startswith("data:") else text


def _finish(body: Any) -> Any:
    choices = body.get("choices") if isinstance(body, dict) else None
    first = choices[0] if isinstance(choices, list) and choices else None
    return first.get("finish_reason") if isinstance(first, dict) else None


def _json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_JSON else f"{text[:_LONGEST_JSON]}… ({len(text):,} characters)"
