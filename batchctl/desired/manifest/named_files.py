"""Texts that stand in files of their own, which a manifest names: `{file: PATH}`."""

from __future__ import annotations

from batchctl.desired.manifest.context import Context
from batchctl.desired.manifest.reading import Unreadable, read_regular
from batchctl.desired.manifest.tree import Scalar


def read_named(written: Scalar, context: Context, kind: str, code: str, limit: int) -> str | None:
    """The text of the file that `written` names, of at most `limit` bytes. `kind` is what it holds, in a word. None
    after a mistake was reported with `code`."""
    path = context.path(written)
    if path is None:
        return None
    try:
        content = read_regular(path, limit).decode("utf-8-sig")
    except Unreadable as error:
        context.findings.error(code, written, f'the {kind} "{written.text}" {error}', error.advice)
        return None
    except UnicodeDecodeError as error:
        message = f'the {kind} "{written.text}" is not UTF-8 (byte {error.start})'
        context.findings.error(code, written, message, "save it as UTF-8")
        return None
    context.read[path] = f"a {kind} file"
    return content
