"""What `--var` gives is of the kind that the manifest declares."""

from __future__ import annotations

from typing import Any

import pytest

from batchctl.words.errors import InvalidInput

from .manifests import MINIMAL, job

DECLARED = MINIMAL + "vars: {number: 1, rate: 0.5, flag: true, word: a, list: [1], nothing: null}\n"


@pytest.mark.parametrize(
    ("given", "value"),
    [
        ({"number": "2"}, 2), ({"number": "0.5"}, 0.5), ({"rate": "1"}, 1), ({"flag": "false"}, False),
        ({"word": "2"}, "2"), ({"word": "false"}, "false"), ({"list": "x"}, "x"), ({"nothing": "2"}, "2"),
        ({"number": 7}, 7), ({"list": [2]}, [2]), ({"flag": [1]}, [1]),
    ],
)  # fmt: skip
def test_a_text_becomes_the_number_or_boolean_that_is_declared(given: dict[str, Any], value: Any) -> None:
    (name,) = given
    found = job(DECLARED, **given).vars[name]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("given", "words"),
    [({"number": "many"}, "is a number"), ({"flag": "no"}, "is true or false"), ({"flag": "1"}, "is true or false"),
     ({"number": "1e999"}, "is a number"), ({"rate": ""}, "is a number")],
)  # fmt: skip
def test_a_text_that_is_none_is_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        job(DECLARED, **given)
    (found,) = caught.value.findings
    assert found.code == "wrong-variable"
    assert words in found.message
