"""The part of a body that a manifest's `prompt` says more plainly."""

from __future__ import annotations

from typing import Any

from batchctl.words.dialects import BodyKind

#: Kinds that take one text, and where.
_ONE_TEXT: dict[BodyKind, str] = {
    "embeddings": "input", "moderations": "input", "completions": "prompt", "images": "prompt", "responses": "input",
}  # fmt: skip


def prompt_of(kind: BodyKind, body: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """`prompt`, empty where the body is better left as it is, and the rest of the body. In `body`, what differs is a
    template already."""
    if kind == "chat":
        prompt, used = _messages(body.get("messages")), ["messages"]
    else:
        name = _ONE_TEXT.get(kind)
        if name is None or not _says_something(body.get(name)):
            return {}, body
        prompt, used = {"user": body[name]}, [name]
        if kind == "responses" and _says_something(body.get("instructions")):
            prompt, used = {"system": body["instructions"], **prompt}, [*used, "instructions"]
    return (prompt, {key: value for key, value in body.items() if key not in used}) if prompt else ({}, body)


def _messages(messages: Any) -> dict[str, Any]:
    """A system and a user text, or a user text alone, each message without anything else."""
    if not isinstance(messages, list) or any(
            not isinstance(message, dict) or message.keys() != {"role", "content"} for message in messages):
        return {}
    roles = [message["role"] for message in messages]
    contents = [message["content"] for message in messages]
    plain = roles in (["user"], ["system", "user"]) and all(map(_says_something, contents))
    return dict(zip(roles, contents, strict=True)) if plain else {}


def _says_something(value: Any) -> bool:
    return isinstance(value, str) and bool(value)
