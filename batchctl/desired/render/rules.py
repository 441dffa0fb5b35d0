"""What a row can change in a request is found out once, so that a line need not be validated as a whole.

Each gap of the skeleton is probed with values of each kind: where all of a kind pass, no value of that kind can
make the request invalid, and rows are not looked at. Any other value has the whole request validated.
"""

from __future__ import annotations

from typing import Any

from batchctl.desired.job import BodyNode, Job, Template
from batchctl.desired.render import schema
from batchctl.desired.render.bodies import Gap, Path, with_gaps
from batchctl.desired.render.values import Rules, ValueKind
from batchctl.words.diagnostics import Diagnostic
from batchctl.words.dialects import BodyKind

#: Values that stand for their kind; extremes, so that a bound shows.
_PROBES: dict[ValueKind, tuple[Any, ...]] = {
    "text": ("\x00 {{ no word that an enumeration would have }}",),
    "empty": ("",),
    "integer": (-(10**40), -1, 0, 1, 10**40),
    "float": (-1e300, -0.5, 0.5, 1e300),
    "boolean": (True, False),
    "null": (None,),
}


def rules_of(job: Job) -> tuple[Rules, tuple[Diagnostic, ...]]:
    """The rules of a job's body, and what is wrong with it in every row."""
    skeleton, gaps = skeleton_of(job.body)
    wrong = schema.complaint(job.body_kind, skeleton)
    if wrong is not None:
        message = f"{job.endpoint} does not take this body: {wrong}"
        return {}, (Diagnostic("invalid-request", message, job.span),)
    known: dict[str, frozenset[ValueKind]] = {}
    rules: dict[Path, frozenset[ValueKind]] = {}
    for gap in gaps:
        around, path = _around(skeleton, gap.path)
        alike = repr((around, path))
        if alike not in known:
            known[alike] = _accepted(job.body_kind, around, path)
        rules[gap.path] = known[alike]
    return rules, ()


def skeleton_of(body: BodyNode) -> tuple[Any, list[Gap]]:
    """The body with UNKNOWN for what only rows tell, and the gaps where that is."""
    gaps: list[Gap] = []

    def unknown(gap: Gap) -> Any:
        text = _plain_text(gap.template)
        if text is not None:
            return text
        gaps.append(gap)
        return schema.UNKNOWN

    return with_gaps(body, unknown), gaps


def _plain_text(template: Template) -> str | None:
    """The text of a template that Jinja would leave as it is, told without Jinja."""
    source = template.source
    return None if "{" in source else source.removesuffix("\n")


def _around(node: Any, path: Path) -> tuple[Any, Path]:
    """Of a valid body as much as bears on one place in it, and the way to that place: lists with the one item,
    and mappings with their plain values, on which other demands may depend. A hundred messages are probed as one."""
    if not path:
        return node, ()
    inner, rest = _around(node[path[0]], path[1:])
    if isinstance(node, list):
        return [inner], (0, *rest)
    plain = {key: schema.UNKNOWN if isinstance(value, (dict, list)) else value for key, value in node.items()}
    return {**plain, path[0]: inner}, (path[0], *rest)


def _accepted(kind: BodyKind, skeleton: Any, path: Path) -> frozenset[ValueKind]:
    probes = {**_PROBES, "text": (*_PROBES["text"], *schema.condition_words())}
    return frozenset(
        name for name, values in probes.items()
        if all(schema.accepts(kind, _replaced(skeleton, path, value)) for value in values)
    )


def _replaced(node: Any, path: Path, value: Any) -> Any:
    if not path:
        return value
    step, rest = path[0], path[1:]
    copy = node.copy()
    copy[step] = _replaced(node[step], rest, value)
    return copy
