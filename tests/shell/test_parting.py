"""The command that goes on with a run that was broken off."""

from __future__ import annotations

import pytest

from batchctl.shell.parting import parting
from batchctl.shell.session import Session
from batchctl.show.awaited import Awaited


@pytest.mark.parametrize(("given", "told"), [
    (["apply", "--var", "key=canary", "-f", "a b.yaml"], "batchctl apply --var 'key=…' -f 'a b.yaml'"),
    (["apply", "--var=key=canary=1", "--wait"], "batchctl apply '--var=key=…' --wait"),
    (["apply", "--var-file", "canary.yaml"], "batchctl apply --var-file canary.yaml"),
])
def test_g8_it_names_variables_without_their_values(given: list[str], told: str) -> None:
    session = Session(projects=(), files=(), variables={}, warnings=(), selection=False)
    assert parting(session, Awaited(), given).splitlines()[-1] == f"To go on: {told}"
