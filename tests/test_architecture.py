"""The shape of the code, kept by reading it: imports run one way, nothing grows without end, only views speak."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "batchctl"

#: From the innermost to the outermost: a layer imports itself and what stands before it.
LAYERS = ("words", "desired", "recorded", "remote", "decide", "act", "show", "shell")

#: Who may import what is heavy, dangerous or replaceable: modules or folders below the package.
OWNERS = {
    "httpx": ("remote/http.py", "server/"),
    "jinja2": ("desired/templates/", "desired/render/", "act/sinks/answers.py", "act/sinks/records.py",
               "show/report_page.py"),
    "click": ("shell/",),
    "rich": ("show/",),
    "starlette": ("server/",),
    "uvicorn": ("server/",),
    "jsonschema": ("desired/", "act/saved.py"),
    "jsonschema_rs": ("desired/answer_schema.py",),
    "yaml": ("desired/",),
    "filelock": ("recorded/runlock.py",),
    "pyarrow": ("desired/inputs/arrow_values.py", "desired/inputs/parquet_rows.py", "desired/inputs/duckdb_rows.py",
                "act/sinks/parquet.py"),
    "python_calamine": ("desired/inputs/excel_rows.py",),
    "duckdb": ("desired/inputs/duckdb_rows.py", "desired/inputs/duckdb_session.py"),
}

#: The two doors to the local server: the provider that joins it, and the command that is it.
SERVER_DOORS = ("remote/connect.py", "shell/")

#: Who writes files but for `recorded/durable.py`: modules or folders below the package, and why they may.
WRITERS = {
    "server/": "shares no code with the client; its own rules are in server/files.py",
    "recorded/store.py": "in a folder that has not its name yet, and is flushed before it gets it",
    "remote/download.py": "a part, flushed before it gets its name",
    "act/sinks/table.py": "scratch that no later run reads",
    "show/terminal.py": "the log file",
    "shell/exits.py": "the report of a bug",
}

MAX_MODULE = 400
MAX_FUNCTION = 70

MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "schemas" not in path.parts)
each_module = pytest.mark.parametrize("path", MODULES, ids=[str(path.relative_to(PACKAGE)) for path in MODULES])


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """Every module that is imported anywhere in the file, lazily too, with the line; relative ones resolved."""
    package = ["batchctl", *path.relative_to(PACKAGE).parts[:-1]]
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*start, *([node.module] if node.module else [])])
            yield from ((f"{module}.{alias.name}", node.lineno) for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("importlib.import_module", "__import__"):
            named = node.args[0] if node.args else None
            if isinstance(named, ast.Constant) and isinstance(named.value, str):
                yield named.value, node.lineno


def ours(path: Path) -> Iterator[tuple[str, int]]:
    """The parts of batchctl that a file imports."""
    for module, line in imports(path):
        parts = module.split(".")
        if parts[0] == "batchctl" and len(parts) > 1 and not parts[1].startswith("__"):
            yield parts[1], line


def test_the_package_has_the_layers_of_the_design_and_nothing_else() -> None:
    folders = {path.name for path in PACKAGE.iterdir() if path.is_dir() and any(path.rglob("*.py"))}
    assert folders <= {*LAYERS, "server"}
    assert {path.name for path in PACKAGE.glob("*.py")} == {"__init__.py", "__main__.py"}


@each_module
def test_imports_run_one_way(path: Path) -> None:
    layer = name_of(path).split("/")[0]
    if layer in ("__init__.py", "__main__.py"):
        return
    allowed = {"words"} if layer == "server" else set(LAYERS[: LAYERS.index(layer) + 1])
    if layer == "server" or name_of(path).startswith(SERVER_DOORS):
        allowed.add("server")
    wrong = [f"{name_of(path)}:{line} imports {module}" for module, line in ours(path) if module not in allowed]
    assert not wrong


def test_no_module_imports_one_that_imports_it() -> None:
    names = {".".join(("batchctl", *path.relative_to(PACKAGE).with_suffix("").parts)): path for path in MODULES}
    graph = {name: {found for module, _ in imports(path) for found in (module, module.rpartition(".")[0])
                    if found in names and found != name} for name, path in names.items()}
    try:
        tuple(TopologicalSorter(graph).static_order())
    except CycleError as circle:
        pytest.fail(" -> ".join(circle.args[1]))


@each_module
def test_each_third_party_package_has_its_owners(path: Path) -> None:
    wrong = [f"{name_of(path)}:{line} imports {module}" for module, line in imports(path)
             if (owners := OWNERS.get(module.split(".")[0])) and not name_of(path).startswith(owners)]
    assert not wrong


def test_the_planner_reads_no_clock_disk_or_network() -> None:
    forbidden = {"os", "time", "datetime", "pathlib", "random", "socket", "subprocess", "tempfile", "io", "secrets",
                 "asyncio", "threading"}
    wrong = [f"{name_of(path)}:{line} imports {module}" for path in MODULES
             if name_of(path).startswith(("decide/", "words/"))
             for module, line in imports(path) if module.split(".")[0] in forbidden]
    assert not wrong


@each_module
def test_g3_files_are_written_by_the_module_that_does_it_durably(path: Path) -> None:
    if name_of(path).startswith(("recorded/durable.py", *WRITERS)):
        return
    wrong = [f"{name_of(path)}:{node.lineno}" for node in ast.walk(tree_of(path))
             if isinstance(node, ast.Call) and _writes(node)]
    assert not wrong


def _writes(call: ast.Call) -> bool:
    """Whether a call opens a file for writing, or gives one its name."""
    called = ast.unparse(call.func)
    name = called.rpartition(".")[2]
    if name == "open":
        mode = next((one.value for one in (*call.args, *(keyword.value for keyword in call.keywords))
                     if isinstance(one, ast.Constant) and isinstance(one.value, str)
                     and set(one.value) <= set("rwxabt+") and one.value), "r")
        return not set("wax+").isdisjoint(str(mode)) or "O_WRONLY" in ast.unparse(call) or "O_RDWR" in ast.unparse(call)
    if name in ("write_text", "write_bytes", "mkstemp", "NamedTemporaryFile", "rename", "touch"):
        return True
    return called in ("os.replace", "shutil.move", "shutil.copyfile", "shutil.copy")


@each_module
def test_no_module_and_no_function_grows_without_end(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_MODULE
    wrong = [f"{name_of(path)}:{node.lineno} {node.name}" for node in ast.walk(tree_of(path))
             if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
             and (node.end_lineno or 0) - node.lineno >= MAX_FUNCTION]
    assert not wrong


@each_module
def test_only_views_and_commands_speak(path: Path) -> None:
    if name_of(path).startswith(("show/", "shell/", "server/")):
        return
    spoken = ("print", "click.echo", "click.secho", "sys.stdout", "sys.stderr", "sys.__stdout__", "sys.__stderr__",
              "input")
    wrong = [f"{name_of(path)}:{node.lineno}" for node in ast.walk(tree_of(path))
             if (isinstance(node, ast.Call) and ast.unparse(node.func) in spoken)
             or (isinstance(node, ast.Attribute) and ast.unparse(node) in spoken)]
    assert not wrong


@each_module
def test_every_module_says_what_it_is(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    if not source.strip():
        assert path.name == "__init__.py"
        return
    docstring = ast.get_docstring(tree_of(path))
    assert docstring
    assert docstring.splitlines()[0].rstrip().endswith((".", ":")), "the first line is a sentence"


@each_module
def test_every_public_class_says_what_it_is(path: Path) -> None:
    wrong = [f"{name_of(path)}:{node.lineno} {node.name}" for node in tree_of(path).body
             if isinstance(node, ast.ClassDef) and not node.name.startswith("_") and not ast.get_docstring(node)]
    assert not wrong


@each_module
def test_data_is_frozen_or_says_by_its_slots_that_it_changes(path: Path) -> None:
    wrong = [f"{name_of(path)}:{node.lineno} {node.name}" for node in ast.walk(tree_of(path))
             if isinstance(node, ast.ClassDef) for mark in node.decorator_list
             if "dataclass" in ast.unparse(mark) and "slots=True" not in ast.unparse(mark)]
    assert not wrong
