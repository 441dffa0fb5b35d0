"""What sink templates see of an answer, and what they see where there is none: nothing, which renders as empty."""

from __future__ import annotations

from typing import Any

from jinja2 import ChainableUndefined

from batchctl.act.lines import ResultLine, json_of, parse, text_of
from batchctl.act.verdict import Judge
from batchctl.desired.templates.environment import NamingUndefined
from batchctl.desired.templates.records import Record
from batchctl.words.outcomes import Outcome, State

#: Names that only an answered row fills.
ANSWER_NAMES = frozenset({"response", "text", "json", "usage"})
#: Names that a row's end fills.
END_NAMES = frozenset({"error", "status", "attempts", "batch_id"})


class Nothing(ChainableUndefined):
    """What an answer does not have: every part of it, and whatever is computed from it, is nothing too.

    A missing column of `row` stays a mistake: it is the manifest's, where an absent part of an answer is the model's.
    """

    __slots__ = ()

    def __new__(cls, hint: str | None = None, obj: Any = None, name: str | None = None, *args: Any) -> Any:
        if isinstance(obj, Record):
            return NamingUndefined(hint, obj, name, *args)
        return super().__new__(cls)

    def _nothing(self, *args: Any, **kwargs: Any) -> Nothing:
        return self

    def _never(self, *args: Any) -> bool:
        return False

    def _no_number(self) -> Any:
        raise TypeError("there is no answer")

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _nothing  # type: ignore[assignment]
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = _nothing  # type: ignore[assignment]
    __mod__ = __rmod__ = __pow__ = __rpow__ = __neg__ = __pos__ = __call__ = _nothing  # type: ignore[assignment]
    __lt__ = __le__ = __gt__ = __ge__ = _never  # type: ignore[assignment]
    __int__ = __float__ = __complex__ = _no_number


#: What each of these names is where there is nothing of it.
NOTHING = {name: Nothing(name=name) for name in (*ANSWER_NAMES, *END_NAMES)}


def ending(state: State, outcome: int, line: bytes | None, batch_id: str | None, attempts: int, *,
           wants_json: bool = True, judge: Judge | None = None) -> dict[str, Any]:
    """The names that an answer fills: `response` (status_code, request_id, body), `text`, `json` (None unless it is
    wanted: most texts are none, and trying costs more than the rest), `usage`, `error` (code, message), `status`,
    `attempts`, `batch_id`; those that it lacks are None. Raises NotALine.

    An answer that is not what the schema asks for has all but `json`: it was paid for, and tells what went wrong.
    """
    parsed = parse(line) if line is not None else None
    if parsed is not None and judge is not None and outcome == Outcome.INVALID_OUTPUT:
        parsed = judge.told(parsed)
    answered = parsed is not None and (state is State.OK or outcome == Outcome.INVALID_OUTPUT)
    body = parsed.body if parsed is not None else None
    text = text_of(body) if answered else None
    return {
        "response": parsed.response if answered and parsed else None,
        "text": text,
        "json": _json(text) if wants_json and state is State.OK else None,
        "usage": body.get("usage") if answered and isinstance(body, dict) else None,
        "error": None if state is State.OK else _error(parsed, outcome),
        "status": state.name.lower(), "attempts": attempts, "batch_id": batch_id,
    }


def _json(text: str | None) -> Any:
    """`text` as JSON; None where it is none."""
    if text is None:
        return None
    try:
        return json_of(text)
    except ValueError:
        return None


def _error(parsed: ResultLine | None, outcome: int) -> dict[str, Any] | None:
    code = Outcome(outcome).reason if outcome else None
    if parsed is not None and parsed.error is not None:
        return {"code": parsed.error.get("code") or code, "message": parsed.error.get("message")}
    return {"code": code, "message": None} if code else None
