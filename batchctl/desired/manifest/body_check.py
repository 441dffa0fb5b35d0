"""What every request of a job gets wrong, told at its place in the manifest before any row is read."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from batchctl.desired.job import Job
from batchctl.desired.manifest.context import Context
from batchctl.desired.manifest.tree import Mapping, Node, Sequence, below

if TYPE_CHECKING:
    from batchctl.desired.render.schema import Complaint

_TYPE_NAMES = {
    "string": "a text", "integer": "a whole number", "number": "a number", "boolean": "true or false",
    "object": "a mapping", "array": "a list", "null": "null",
}  # fmt: skip
#: What `prompt` calls the parts that it makes of a body.
_SOURCES = {"input": "user", "prompt": "user", "instructions": "system"}


def report(made: Job, document: Mapping, context: Context) -> None:
    """Reports what the endpoint does not take, whatever the rows hold. Where a part of the request was reported as
    broken, what it would be is not known, and nothing is told."""
    # These import jsonschema, which takes a tenth of a second that `--help` need not wait for.
    from batchctl.desired.render.rules import skeleton_of
    from batchctl.desired.render.schema import complaints

    if any(_has_broken(node) for node in map(document.get, ("model", "prompt", "body")) if node is not None):
        return
    skeleton, _ = skeleton_of(made.body)
    for complaint in complaints(made.body_kind, skeleton):
        message = f"{made.endpoint} does not take this body: {complaint}"
        context.findings.error("invalid-request", _place(complaint, document), message, _advice(complaint))


def _has_broken(node: Node) -> bool:
    if node.broken:
        return True
    if isinstance(node, Mapping):
        return any(_has_broken(value) for _, value in node.entries.values())
    return isinstance(node, Sequence) and any(map(_has_broken, node.items))


def _place(complaint: Complaint, document: Mapping) -> Node:
    """The part of `body` or of `prompt` that a place in the body was made of, as far down as there is one."""
    written, prompt = document.get("body"), document.get("prompt")
    path = complaint.path
    if path and isinstance(written, Mapping) and written.get(str(path[0])) is not None:
        return below(written, path)
    if path and isinstance(prompt, Mapping):
        return _in_prompt(prompt, path)
    for key in ("body", "prompt", "endpoint", "name"):
        found = document.key(key)
        if found is not None:
            return found
    return document


def _in_prompt(prompt: Mapping, path: tuple[str | int, ...]) -> Node:
    messages = prompt.get("messages")
    if messages is not None:
        return below(messages, path[1:])
    if path[0] == "messages" and len(path) > 1:
        written = [key for key in ("system", "user") if key in prompt.entries]
        return below(prompt, (written[int(path[1])],))
    return below(prompt, (_SOURCES.get(str(path[0]), ""),))


def _advice(complaint: Complaint) -> str:
    wanted: Any = complaint.wanted
    match complaint.keyword:
        case "required":
            missing = [name for name in wanted if repr(name) in complaint.message]
            return "add " + " or ".join(f'"{name}"' for name in missing or wanted)
        case "enum":
            names = [str(name).lower() if isinstance(name, bool) else str(name) for name in wanted if name is not None]
            close = get_close_matches(complaint.message[:80].partition("'")[2].partition("'")[0], names, n=1)
            return f'did you mean "{close[0]}"?' if close else "write one of: " + ", ".join(names)
        case "type":
            types = [wanted] if isinstance(wanted, str) else wanted
            return "write " + " or ".join(_TYPE_NAMES[name] for name in types if name != "null")
        case "maximum":
            return f"write {wanted} or less"
        case "minimum":
            return f"write {wanted} or more"
        case "minLength" | "minItems":
            return "give a value, or remove the key"
        case _:
            return "see what the provider's documentation says of it"
