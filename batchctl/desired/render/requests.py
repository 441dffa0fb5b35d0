"""From a row to its request: the body spliced together, its digest, and the line that asks for it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, NamedTuple

from jinja2.runtime import Context

from batchctl.desired.inputs.row import Row, RowError
from batchctl.desired.job import Job, Template
from batchctl.desired.render.bodies import Gap, path_text, spliced
from batchctl.desired.render.gaps import GapFiller, units_of
from batchctl.desired.render.selection import check_where, key_text, truth
from batchctl.desired.render.shared import shared_names
from batchctl.desired.render.values import Rules
from batchctl.desired.templates.compiling import Compiled, TemplateFailed, Templates
from batchctl.desired.templates.records import RowRecord
from batchctl.words.diagnostics import Diagnostic
from batchctl.words.dialects import BodyKind
from batchctl.words.digest import canonical_json, custom_id, request_digest, request_id, request_prefix
from batchctl.words.errors import InvalidInput

#: What the templates of a request may see.
NAMES = frozenset(("row", "vars", "job"))

#: Requests whose whole validation is remembered, and the most bytes of each that vary.
_REMEMBERED = 4096
_SHORT = 1024


class Rendered(NamedTuple):
    """One request. `line` ends with a newline; `units` counts embedding inputs."""

    identity: bytes
    digest: bytes
    line: bytes
    key: str | None
    units: int


class Target(NamedTuple):
    """An endpoint that requests go to, and what they have from it."""

    endpoint: str
    kind: BodyKind
    prefix: bytes
    tail: bytes


class RequestRenderer:
    """Renders the rows of one job; compiled once per process.

    `rules` are those of `rules_of(job)`; without them they are made here. Raises InvalidInput with every mistake
    that can be told without a row.
    """

    def __init__(self, job: Job, rules: Rules | None = None) -> None:
        self._job = job
        self._own_target = self._to(job.endpoint, job.body_kind)
        self._targets = {job.endpoint: self._own_target}
        self._shared = shared_names(job)
        self._templates = Templates(job.folder, NAMES)
        findings: tuple[Diagnostic, ...] = ()
        if rules is None:
            from batchctl.desired.render.rules import rules_of  # jsonschema takes 100 ms; workers are given rules

            rules, findings = rules_of(job)
        self._row_endpoint = self._compiled(job.row_endpoint)
        self._keys = [self._compiled(entry.key) for entry in job.inputs]
        self._wheres = [self._compiled(entry.where) for entry in job.inputs]
        for where in self._wheres:
            if where is not None:
                check_where(where, self._templates)
        self._pieces, self._fillers = self._body(rules)
        self._units = self._static_units()
        self._input = next((filler for filler in self._fillers if filler.gap.path == ("input",)), None)
        self._limits = job.provider.dialect.limits
        self._context = self._templates.context(self._shared)
        self._valid: dict[tuple[str | bytes, ...], None] = {}
        findings += tuple(self._templates.findings)
        if findings:
            raise InvalidInput(findings)

    def accepts(self, row: Row) -> bool:
        """Whether the `where` of the row's input lets it in. Raises RowError."""
        where = self._wheres[row.input_index]
        if where is None:
            return True
        try:
            return truth(where, self._context_of(row))
        except (TemplateFailed, RowError) as error:
            raise self._about(row, error.finding) from None

    def render(self, row: Row) -> Rendered:
        """The request that a row asks. Raises RowError with a finding that names template and row."""
        try:
            return self._render(row)
        except (TemplateFailed, RowError) as error:
            raise self._about(row, error.finding) from None

    def _render(self, row: Row) -> Rendered:
        context = self._context_of(row)
        pieces = self._pieces.copy()
        undecided = False
        at = 1
        for filler in self._fillers:
            pieces[at], valid = filler.fill(context)
            undecided = undecided or not valid
            at += 2
        body = b"".join(pieces)
        target = self._own_target if self._row_endpoint is None else self._target(self._row_endpoint, context)
        if undecided or target.kind != self._job.body_kind:
            self._validate(target, pieces, body)
        template = self._keys[row.input_index]
        key = None if template is None else key_text(template, context)
        digest = request_digest(target.prefix, key, body)
        identity = request_id(digest)
        line = b"".join((b'{"body":', body, b',"custom_id":"', custom_id(key, identity).encode(), target.tail))
        if len(line) > self._limits.refused_bytes:
            raise RowError(self._too_large(len(line)))
        units = self._units
        if not units:
            units = self._input.units(context) if self._input is not None else 1
        most = self._limits.max_inputs
        if most is not None and units > most:
            raise RowError(self._too_many(units, most))
        return Rendered(identity, digest, line, key, units)

    def _context_of(self, row: Row) -> Context:
        """What the templates of a row see: the same context each time, with another row in it, as making one costs as
        much as a template."""
        self._context.parent["row"] = RowRecord(row.data)
        return self._context

    def _to(self, endpoint: str, kind: BodyKind) -> Target:
        tail = b'","method":"POST","url":' + canonical_json(endpoint) + b"}\n"
        return Target(endpoint, kind, request_prefix(endpoint, self._job.revision), tail)

    def _target(self, template: Compiled, context: Context) -> Target:
        """The endpoint that a row chooses. Raises RowError for one that the provider does not have."""
        endpoint = template.evaluate(context)
        found = self._targets.get(endpoint) if isinstance(endpoint, str) else None
        if found is None:
            dialect = self._job.provider.dialect
            kind = dialect.body_kind(endpoint) if isinstance(endpoint, str) else None
            if kind is None:
                message = f"the dialect {dialect.name} has no endpoint {endpoint!r:.80}"
                label = "the endpoints are: " + ", ".join(known for known, _ in dialect.endpoints)
                raise RowError(Diagnostic("unknown-endpoint", message, template.template.place(1), label))
            found = self._targets[endpoint] = self._to(endpoint, kind)
        return found

    def _about(self, row: Row, finding: Diagnostic) -> RowError:
        """The error of a row. A template that failed may have left a context in the middle of something."""
        self._context = self._templates.context(self._shared)
        return RowError(replace(finding, notes=(*finding.notes, f"while rendering {row}")))

    def _compiled(self, template: Template | None) -> Compiled | None:
        return None if template is None else self._templates.compile(template, keep_type=True)

    def _body(self, rules: Rules) -> tuple[list[bytes], list[GapFiller]]:
        """The static pieces with an empty place for each gap between them, and what fills the gaps."""
        statics, gaps = spliced(self._job.body)
        pieces = [statics[0]]
        fillers: list[GapFiller] = []
        for gap, static in zip(gaps, statics[1:], strict=True):
            filler = self._filler(gap, rules)
            if filler is not None:
                fillers.append(filler)
            pieces += [b"", static]
        return pieces, fillers

    def _filler(self, gap: Gap, rules: Rules) -> GapFiller | None:
        compiled = self._templates.compile(gap.template, keep_type=True)
        return None if compiled is None else GapFiller(gap, compiled, rules.get(gap.path, frozenset()))

    def _static_units(self) -> int:
        """Embedding inputs of every request, where the manifest alone decides; else 0."""
        if self._job.body_kind != "embeddings":
            return 1
        node: Any = self._job.body.get("input")
        return 0 if isinstance(node, Template) else units_of(node)

    def _validate(self, target: Target, pieces: list[bytes], body: bytes) -> None:
        """The whole schema on the whole body, for what the rules cannot decide. Raises RowError."""
        varying = (target.kind, *pieces[1::2])
        if varying in self._valid:
            return
        from batchctl.desired.render import schema  # as above: most jobs never need it here

        complaint = schema.complaint(target.kind, json.loads(body))
        if complaint is not None:
            raise RowError(self._invalid(target, complaint))
        if len(self._valid) < _REMEMBERED and sum(map(len, pieces[1::2])) <= _SHORT:
            self._valid[varying] = None

    def _invalid(self, target: Target, complaint: str) -> Diagnostic:
        """The finding for an invalid body, at the template that made the named part of it."""
        message = f"{target.endpoint} does not take this body: {complaint}"
        for filler in self._fillers:
            if complaint.startswith(path_text(filler.gap.path)):
                return filler.finding("invalid-request", message)
        return Diagnostic("invalid-request", message, self._job.span)

    def _too_large(self, size: int) -> Diagnostic:
        limit = self._job.provider.dialect.limits.refused_bytes
        message = f"the request has {size:,} bytes; {self._job.provider.where.name} takes files of {limit:,}"
        return Diagnostic("request-too-large", message, self._job.span)

    def _too_many(self, units: int, most: int) -> Diagnostic:
        name = self._job.provider.where.name
        message = f"the request asks for {units:,} inputs; {name} takes {most:,} in a batch"
        return Diagnostic("request-too-large", message, self._job.span)


__all__ = ["NAMES", "Rendered", "RequestRenderer", "RowError"]
