"""Templates that stand in files of their own: `{file: prompt.j2}`."""

from __future__ import annotations

from batchctl.desired.job import Template
from batchctl.desired.manifest.context import Context, is_text, text
from batchctl.desired.manifest.named_files import read_named
from batchctl.desired.manifest.tree import Mapping, Node
from batchctl.desired.manifest.values import text_value
from batchctl.words.diagnostics import Span

#: Bytes of a template file.
MAX_TEMPLATE = 2**20


def prompt_text(node: Node | None, context: Context) -> str | Template | None:
    """A text of a prompt, written in place or as `{file: PATH}`; None where it cannot be used."""
    if is_text(node):
        return text_value(node, context.source)
    if isinstance(node, Mapping) and not node.broken:
        return _from_file(node, context)
    return None


def _from_file(node: Mapping, context: Context) -> Template | None:
    written = text(node, "file")
    content = read_named(written, context, "template", "template-file", MAX_TEMPLATE) if written else None
    if written is None or content is None:
        return None
    first = content.split("\n", 1)[0].rstrip("\r")
    return Template(content, Span(context.shown(written), 1, 1, max(len(first), 1)), line_offsets=True)
