"""The request body of a job: its model, what `prompt` makes, and `body` over it."""

from __future__ import annotations

from batchctl.desired.job import BodyNode, Template
from batchctl.desired.manifest.context import Context, section, text
from batchctl.desired.manifest.prompts import CONTENT, prompt_body
from batchctl.desired.manifest.tree import Mapping, Scalar
from batchctl.desired.manifest.values import body_value, is_dynamic
from batchctl.words.dialects import BodyKind

#: Kinds of request that name no model where the provider chooses one.
_MODEL_OPTIONAL = frozenset({"moderations", "images", "other"})


def model(document: Mapping, kind: BodyKind | None, context: Context) -> str:
    """The job's model, or "" where it needs none; what `body` says of it is checked too."""
    node = text(document, "model")
    if node is not None and is_dynamic(node.text):
        context.findings.error("not-a-template", node, "the model is not a template", "write one model's name")
    _check_body_model(document, node, context)
    inside = section(document, "body")
    given = "model" in document.entries or (inside is not None and "model" in inside.entries)
    if not given and kind is not None and kind not in _MODEL_OPTIONAL:
        at = document.key("endpoint") or document.key("name") or document
        label = 'add "model" at the top level, for example model: gpt-4o-mini'
        context.findings.error("missing-key", at, '"model" is missing', label)
    return node.text if node else ""


def body(document: Mapping, kind: BodyKind | None, chosen_model: str, context: Context) -> dict[str, BodyNode]:
    """The whole body as a tree. `chosen_model` is what `model` gave.

    Without a kind, which was reported, the body is read only for its mistakes: chat takes every form of prompt.
    """
    prompt = section(document, "prompt")
    written = section(document, "body")
    made: dict[str, BodyNode] = {"model": chosen_model} if chosen_model else {}
    if prompt is not None:
        made |= prompt_body(prompt, kind or "chat", context)
    if written is not None:
        value = body_value(written, context.findings)
        made |= value if isinstance(value, dict) else {}
        _refuse_streaming(written, value, context)
    if kind is not None:
        _check_asked(document, kind, context)
    return made


def _check_body_model(document: Mapping, top: Scalar | None, context: Context) -> None:
    written = section(document, "body")
    inside = written.get("model") if written else None
    if written is None or inside is None:
        return
    same = top is not None and isinstance(inside, Scalar) and inside.value == top.value
    if not same and not (top is None and "model" in document.entries):
        label = "move it to the top level" if top is None else f'remove it; the job\'s model is "{top.text}"'
        context.findings.error("model-in-body", written.key("model"), "model belongs at the top level", label)


def _refuse_streaming(written: Mapping, value: BodyNode, context: Context) -> None:
    asked = value.get("stream", False) if isinstance(value, dict) else False
    if asked is True or isinstance(asked, str | Template):
        label = "remove it"
        context.findings.error("stream-in-body", written.key("stream"), "a batch cannot stream its answers", label)


def _check_asked(document: Mapping, kind: BodyKind, context: Context) -> None:
    """`prompt` or `body` must say what is asked; a value that was reported as broken counts."""
    if "prompt" in document.entries:
        return
    written = document.get("body")
    keys = CONTENT.get(kind, ())
    if written is None:
        known = 'add "prompt"' if keys else 'add "body"'
        at = document.key("name") or document
        context.findings.error("nothing-asked", at, "the job does not say what is asked", known)
    elif isinstance(written, Mapping) and not written.broken:
        asked = any(key in written.entries for key in keys) if keys else bool(written.entries)
        if not asked:
            label = f'add "prompt", or "{keys[0]}" under "body"' if keys else "write the request's parameters here"
            context.findings.error("nothing-asked", document.key("body"), "the job does not say what is asked", label)
