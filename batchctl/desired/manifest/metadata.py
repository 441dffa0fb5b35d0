"""`batch.metadata`: what every batch carries at the provider beside batchctl's own tag, within the dialect's bounds."""

from __future__ import annotations

from batchctl.desired.manifest.context import Context, is_text, section
from batchctl.desired.manifest.tree import Mapping, Node, Sequence
from batchctl.words.dialects import Dialect
from batchctl.words.remote import TAG_ATTEMPT, TAG_JOB, TAG_SHARD, MetadataValue

_TAGS = (TAG_JOB, TAG_SHARD, TAG_ATTEMPT)
_RESERVED = "batchctl_"


def metadata(given: Mapping, dialect: Dialect | None, context: Context) -> tuple[tuple[str, MetadataValue], ...]:
    """The pairs in the order of the manifest; what is reserved or too much is reported."""
    written = section(given, "metadata")
    if written is None:
        return ()
    for name, (key, _) in written.entries.items():
        if name.startswith(_RESERVED):
            message = f"names that start with {_RESERVED} are batchctl's own"
            context.findings.error("reserved-metadata", key, message, "give it another name")
    if dialect is not None and written.entries:
        _check(given, written, dialect, context)
    values = ((name, _value(node)) for name, (_, node) in written.entries.items())
    return tuple((name, value) for name, value in values if value is not None)


def _value(node: Node) -> MetadataValue | None:
    if is_text(node):
        return node.text
    if isinstance(node, Sequence) and not node.broken:
        return tuple(item.text for item in node.items if is_text(item))
    return None


def _check(given: Mapping, written: Mapping, dialect: Dialect, context: Context) -> None:
    bounds, findings = dialect.metadata, context.findings
    if not bounds.supported:
        message = f"the dialect {dialect.name} has no metadata"
        findings.error("metadata-limit", given.key("metadata"), message, "remove it")
        return
    room = max(bounds.max_pairs - len(_TAGS), 0)
    if len(written.entries) > room:
        message = f"batch.metadata has {len(written.entries)} entries; the provider has room for {room}"
        note = f"it takes {bounds.max_pairs}, and batchctl needs {len(_TAGS)} of them to know its batches again"
        findings.error("metadata-limit", given.key("metadata"), message, "remove some", notes=(note,))
    for name, (key, node) in written.entries.items():
        if not 0 < len(name) <= bounds.max_key:
            message = f"a name of metadata must have 1 to {bounds.max_key} characters"
            findings.error("metadata-limit", key, message, "shorten it")
        _check_value(node, dialect, context)


def _check_value(node: Node, dialect: Dialect, context: Context) -> None:
    if isinstance(node, Sequence) and not dialect.metadata.lists:
        message = f"the dialect {dialect.name} takes no lists in metadata"
        context.findings.error("metadata-limit", node, message, "write one text, such as the items joined by commas")
    for item in node.items if isinstance(node, Sequence) else (node,):
        if is_text(item) and len(item.text) > dialect.metadata.max_value:
            message = f"a value of metadata must have at most {dialect.metadata.max_value} characters"
            context.findings.error("metadata-limit", item, message, "shorten it")
