"""Whether an answer is what its job's schema asks for: one that is not is a failure, with a sentence that says why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from batchctl.act.lines import ResultLine, json_of, text_of
from batchctl.desired.answer_schema import AnswerSchema, schema_digest
from batchctl.desired.job import Job
from batchctl.recorded.records import BatchRecord
from batchctl.words.ids import IdIndex, IdList
from batchctl.words.outcomes import Outcome

_SHOWN = 200

#: Why an answer has no end, by the words of chat completions and of responses.
_CUT = {"length": "cut off by length", "max_tokens": "cut off by length", "max_output_tokens": "cut off by length",
        "content_filter": "stopped by the content filter"}  # fmt: skip


class Judge:
    """The schema of one job, compiled once. Of several choices it looks at the first, as `text` does."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._schema = AnswerSchema(schema)

    def outcome(self, line: ResultLine) -> Outcome:
        """How a line went, with what it says looked at."""
        failed = line.outcome is Outcome.OK and self.complaint(line.body) is not None
        return Outcome.INVALID_OUTPUT if failed else line.outcome

    def told(self, line: ResultLine) -> ResultLine:
        """The line as a failure where its answer is invalid."""
        complaint = self.complaint(line.body) if line.outcome is Outcome.OK else None
        if complaint is None:
            return line
        return line._replace(outcome=Outcome.INVALID_OUTPUT,
                             error={"code": Outcome.INVALID_OUTPUT.reason, "message": complaint})

    def complaint(self, body: Any) -> str | None:
        """What is wrong with the answer in a response's body; None for one that matches, and for calls of tools,
        which no schema of answers is about."""
        text = text_of(body)
        if not text:
            if any(_calls(body)):
                return None
            refusal = next(_refusals(body), None)
            return f"the model refused: {refusal[:_SHOWN]}" if refusal else _because(body, "the answer has no text")
        try:
            value = json_of(text)
        except ValueError as error:
            refusal = next(_refusals(body), None)
            if refusal:
                return f"the model refused: {refusal[:_SHOWN]}"
            return _because(body, f"the answer is not JSON: {error}"[:_SHOWN])
        complaint = self._schema.complaint(value)
        if complaint is None and _end_of(body) is not None and not isinstance(value, (dict, list)):
            return _because(body, "the answer may be incomplete")  # a number has no end of its own
        return complaint if complaint is None else _because(body, f"the answer does not match the schema: {complaint}")


@dataclass(frozen=True, slots=True)
class Judging:
    """How a batch's answers are looked at: by whom, and the digest of the schema, None where there is none."""

    judge: Judge | None = None
    schema: str | None = None

    @classmethod
    def by(cls, schema: Mapping[str, Any] | None) -> Judging:
        return UNJUDGED if schema is None else cls(Judge(schema), schema_digest(schema))

    def outcome(self, line: ResultLine) -> Outcome:
        """How a line went."""
        return line.outcome if self.judge is None else self.judge.outcome(line)


UNJUDGED = Judging()


def judging_of(job: Job | None, wanted: IdList, record: BatchRecord, ids: IdList | None) -> Judging:
    """How the answers of a batch with these requests are looked at, None where nobody can tell them. All requests of a
    batch ask for one schema, and it is today's where one of them is wanted, or where they were looked at so before."""
    judging = Judging.by(job.answer_schema if job is not None else None)
    if judging.schema is None or ids is None or judging.schema == record.answer_schema:
        return judging
    index = IdIndex(wanted)
    return judging if any(identity in index for identity in ids) else UNJUDGED


def _because(body: Any, complaint: str) -> str:
    end = _end_of(body)
    return complaint if end is None else f"{end}; {complaint}"


def _end_of(body: Any) -> str | None:
    """What kept an answer from being whole."""
    details = body.get("incomplete_details") if isinstance(body, dict) else None
    reason = details.get("reason") if isinstance(details, dict) else _first_choice(body).get("finish_reason")
    return _CUT.get(reason) if isinstance(reason, str) else None


def _first_choice(body: Any) -> dict[str, Any]:
    choices = body.get("choices") if isinstance(body, dict) else None
    return choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}


def _items(body: Any) -> Iterator[dict[str, Any]]:
    output = body.get("output") if isinstance(body, dict) else None
    return (item for item in output if isinstance(item, dict)) if isinstance(output, list) else iter(())


def _calls(body: Any) -> Iterator[Any]:
    message = _first_choice(body).get("message")
    if isinstance(message, dict) and (message.get("tool_calls") or message.get("function_call")):
        yield message
    yield from (item for item in _items(body) if str(item.get("type")).endswith("_call"))


def _refusals(body: Any) -> Iterator[str]:
    message = _first_choice(body).get("message")
    if isinstance(message, dict) and isinstance(message.get("refusal"), str) and message["refusal"]:
        yield message["refusal"]
    for item in _items(body):
        parts = item.get("content")
        for part in parts if isinstance(parts, list) else ():
            if isinstance(part, dict) and part.get("type") == "refusal" and isinstance(part.get("refusal"), str):
                yield part["refusal"]
