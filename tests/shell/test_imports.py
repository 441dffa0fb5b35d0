"""What a command does not use it does not load: a small plan starts in the time that it needs."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.shell.conftest import Project, environment

_RUN = """\
import sys
from batchctl.shell.cli import run
from batchctl.show.terminal import Terminal
code = run(sys.argv[1:], Terminal())
print(*sys.modules, file=sys.stderr)
sys.exit(code)
"""


@pytest.mark.parametrize(("arguments", "spared"), [
    (["--help"], {"yaml", "jsonschema", "asyncio", "importlib.metadata"}),
    (["plan"], {"jinja2", "httpx", "rich", "asyncio", "starlette"}),
    (["plan", "--offline"], {"jinja2", "httpx", "rich", "asyncio"}),
    (["apply", "--auto-approve"], {"jinja2", "rich", "pygments", "starlette"}),
])
def test_a_command_loads_only_what_it_uses(project: Project, arguments: list[str], spared: set[str]) -> None:
    done = subprocess.run([sys.executable, "-c", _RUN, *arguments], cwd=project.folder, capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, env=environment({}), timeout=60)
    assert done.returncode == 0, done.stderr
    assert not spared & set(done.stderr.split())
