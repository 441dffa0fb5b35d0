"""Makes a Job of a checked document."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from batchctl.desired.job import Job, Provider
from batchctl.desired.manifest import answer_schemas, bodies, body_check, prices, settings
from batchctl.desired.manifest.context import Context, is_text, number, section, text
from batchctl.desired.manifest.inputs import inputs
from batchctl.desired.manifest.providers import provider
from batchctl.desired.manifest.sinks import sinks
from batchctl.desired.manifest.tree import Mapping
from batchctl.desired.manifest.values import data
from batchctl.words.dialects import LOCAL
from batchctl.words.remote import Coordinates

_UNKNOWN_PROVIDER = Provider(Coordinates("", ""), LOCAL)


def job(document: Mapping, context: Context) -> Job:
    """The job that a document declares. Where `context.findings` has errors it is good only for finding more."""
    where = provider(document, context)
    dialect = where.dialect if where else None
    endpoint, kind = settings.endpoint(document, dialect, context)
    before = context.findings.errors
    model = bodies.model(document, kind, context)
    body = bodies.body(document, kind, model, context)
    body, answer_schema = answer_schemas.resolved(document, body, kind, dialect, context)
    body_is_known = kind is not None and context.findings.errors == before
    name = text(document, "name")
    at = name or document
    description = text(document, "description")
    made = Job(
        name=name.text if name else "", manifest=context.manifest, root=context.root,
        provider=where or _UNKNOWN_PROVIDER, model=model, endpoint=endpoint, body_kind=kind or "other",
        completion_window=settings.window(document, dialect, context), inputs=inputs(document, context),
        body=body, sinks=sinks(document, context),
        span=context.source.span(at.start, at.end), row_endpoint=settings.row_endpoint(document, dialect, context),
        answer_schema=answer_schema,
    )  # fmt: skip
    if body_is_known:
        body_check.report(made, document, context)
    at_vendor = dialect is not None and made.provider.where.base_url == dialect.base_url
    made = replace(
        made, revision=number(document, "revision") or 1, vars=_vars(document, context),
        batch=settings.batch(document, dialect, context), retry=settings.retry(document),
        budget=prices.budget(document), prices=prices.prices(document, dialect, at_vendor),
        description=description.text if description else "", labels=_labels(document),
    )  # fmt: skip
    if where is not None and body_is_known:
        prices.check_ceiling(made, document, context)
    return made


def _vars(document: Mapping, context: Context) -> dict[str, Any]:
    written = section(document, "vars")
    return data(written, context.findings) if written else {}


def _labels(document: Mapping) -> dict[str, str]:
    written = section(document, "labels")
    entries = written.entries.items() if written else ()
    return {name: node.text for name, (_, node) in entries if is_text(node)}
