"""What `prompt` becomes in a request body: that depends on the endpoint's kind."""

from __future__ import annotations

from batchctl.desired.job import BodyNode, Template
from batchctl.desired.manifest.context import Context, items, text
from batchctl.desired.manifest.template_files import prompt_text
from batchctl.desired.manifest.tree import Mapping, Node, Sequence
from batchctl.desired.manifest.values import body_value
from batchctl.words.dialects import BodyKind

#: Kinds that take one text, and the key that it stands under.
_ONE_TEXT: dict[BodyKind, str] = {
    "embeddings": "input", "moderations": "input", "completions": "prompt", "images": "prompt",
}  # fmt: skip

#: Keys of a body any of which says what is asked.
CONTENT: dict[BodyKind, tuple[str, ...]] = {
    "chat": ("messages",), "responses": ("input", "prompt"), "embeddings": ("input",), "moderations": ("input",),
    "completions": ("prompt",), "images": ("prompt",),
}  # fmt: skip


def prompt_body(prompt: Mapping, kind: BodyKind, context: Context) -> dict[str, BodyNode]:
    """The part of the request body that `prompt` makes."""
    if kind == "chat":
        return {"messages": _messages(prompt, context)}
    if kind == "responses":
        return _responses(prompt, context)
    if kind in _ONE_TEXT:
        return _one_text(prompt, kind, context)
    label = 'write the request under "body" instead'
    context.findings.error("prompt-unsupported", _key(prompt, context), f"requests of this endpoint ({kind}) take "
                           "no prompt", label)  # fmt: skip
    return {}


def _messages(prompt: Mapping, context: Context) -> BodyNode:
    if "messages" in prompt.entries:
        return tuple(_message(item, context) for item in items(prompt, "messages") if isinstance(item, Mapping))
    texts = {"system": _text(prompt, "system", context), "user": _text(prompt, "user", context)}
    return tuple({"role": role, "content": content} for role, content in texts.items() if content is not None)


def _message(message: Mapping, context: Context) -> BodyNode:
    role = text(message, "role")
    content = message.get("content")
    if isinstance(content, Sequence):
        parts = None if content.broken else body_value(content, context.findings)
    else:
        parts = prompt_text(content, context)
    return {"role": role.text if role else "", "content": parts}


def _responses(prompt: Mapping, context: Context) -> dict[str, BodyNode]:
    if "messages" in prompt.entries:
        return {"input": _messages(prompt, context)}
    body: dict[str, BodyNode] = {"input": _text(prompt, "user", context)}
    if "system" in prompt.entries:
        body["instructions"] = _text(prompt, "system", context)
    return body


def _one_text(prompt: Mapping, kind: BodyKind, context: Context) -> dict[str, BodyNode]:
    for key in ("system", "messages"):
        node = prompt.key(key)
        if node is not None:
            message = f'requests of this endpoint ({kind}) have no place for "{key}"'
            context.findings.error("prompt-unsupported", node, message, 'write one text under "user"')
    return {_ONE_TEXT[kind]: _text(prompt, "user", context)}


def _text(prompt: Mapping, key: str, context: Context) -> str | Template | None:
    return prompt_text(prompt.get(key), context)


def _key(prompt: Mapping, context: Context) -> Node:
    return next((key for key, _ in prompt.entries.values()), prompt)
