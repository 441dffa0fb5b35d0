"""Names all that a survey comes from, so that one that was kept is known to be the one that would be made."""

from __future__ import annotations

import hashlib
import platform
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from importlib.metadata import version
from pathlib import Path

import batchctl
from batchctl.desired.inputs.files import SourceFile, files_of
from batchctl.desired.job import Job, Template
from batchctl.desired.manifest.published import schema_path
from batchctl.words.digest import text_digest

#: Bytes of input below which rendering takes no longer than knowing that nothing has changed.
WORTH = 4 * 2**20

#: What rendering is done with, beside batchctl itself.
_LIBRARIES = ("jinja2", "markupsafe", "orjson", "jsonschema")
#: The parts of batchctl that say what a row becomes.
_CODE = ("desired", "words")
#: Inputs of which the bytes of their files are all that they say, and the manifest's own rows. A query, say, may ask
#: what day it is.
_PLAIN = frozenset({"rows", "csv", "jsonl", "json", "parquet", "text", "image"})
#: What the tags of Jinja that read other files begin with.
_READS_FILES = re.compile(r"\{%[-+]?\s*(?:include|import|from|extends)\b")
_TEMPLATE = "template "


def fingerprint(job: Job) -> str | None:
    """A digest over the job as it is declared and where, the bytes of its inputs, and the code that renders them. None
    where a survey is made as soon, where its templates read files that no manifest names, and where its inputs cannot
    be read. Raises OSError for a file that goes away meanwhile, PackageNotFoundError where the parts of this program do
    not say of which version they are."""
    files, findings = files_of(job)
    if findings or sum(file.size for file in files) < WORTH or any(_is_more(file) for file in files):
        return None
    parts = tuple(_parts(job))
    if any(part.startswith(_TEMPLATE) and _READS_FILES.search(part) for part in parts):
        return None
    return text_digest(*_code(), *(part.encode("utf-8", "surrogatepass") for part in parts),
                       *(part for file in files for part in _content(file)))


def _is_more(file: SourceFile) -> bool:
    return file.format not in _PLAIN


def _parts(value: object) -> Iterator[str]:
    """A tree of plain data as one text after another, whatever the order of its sets."""
    if isinstance(value, Template):
        yield f"{_TEMPLATE}{value.source}"
        yield from _parts((value.origin, value.line_offsets))
    elif is_dataclass(value) and not isinstance(value, type):
        yield f"{type(value).__name__}("
        for each in fields(value):
            yield f"{each.name}="
            yield from _parts(getattr(value, each.name))
        yield ")"
    elif isinstance(value, Mapping):
        yield from ("{", *(part for pair in value.items() for one in pair for part in _parts(one)), "}")
    elif isinstance(value, tuple | list):
        yield from ("[", *(part for one in value for part in _parts(one)), "]")
    elif isinstance(value, frozenset | set):
        yield from ("<", *sorted(map(repr, value)), ">")
    else:
        yield repr(value)


def _content(file: SourceFile) -> Iterator[bytes]:
    yield repr((file.shown, file.input_index, file.format, file.compression)).encode("utf-8", "surrogatepass")
    if file.format == "parquet":
        yield version("pyarrow").encode()  # it says what the values of a column are
    if file.path is not None:
        with open(file.path, "rb") as opened:
            yield hashlib.file_digest(opened, "sha256").digest()


def _code() -> Iterator[bytes]:
    """Of what is installed from a checkout the version says little: the files are read."""
    yield f"survey 1 {sys.byteorder} {platform.python_version()} {batchctl.__version__}".encode()
    yield " ".join(f"{name} {version(name)}" for name in _LIBRARIES).encode()
    yield schema_path("requests.v1.schema.json").read_bytes()
    package = Path(batchctl.__file__).parent
    for part in _CODE:
        for path in sorted((package / part).rglob("*.py")):
            yield path.read_bytes()
