"""Reads every answer of a job that counts, once, and keeps sums, counts and a few whole lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Mapping
from contextlib import ExitStack, suppress
from typing import Any, BinaryIO

from batchctl.act.lines import NotALine, ResultLine, parse, text_of
from batchctl.act.report.distribution import Measure
from batchctl.act.report.facts import Answers
from batchctl.decide.finding import NOBODY
from batchctl.decide.standing import Standing
from batchctl.recorded.answers import ERROR_FILE, OUTPUT_FILE, Answer
from batchctl.recorded.store import Store, StoredResults
from batchctl.words.ids import IdIndex, IdList
from batchctl.words.outcomes import Outcome
from batchctl.words.usage import Usage, usage_of

#: Codes of failures that are told apart; a server that makes up a new one for each request fills no memory.
_CODES = 200
#: An answer that is said to be made longer than this after its batch has another clock, in seconds.
_LONGEST_WAIT_S = 60 * 86_400


class Walk:
    """`kept` are the lines of the requests that were chosen, by position; `codes` those of failures by our reason."""

    def __init__(self, weights: Mapping[int, int] | None, chosen: Container[int]) -> None:
        """`weights` are rows by position, where more than one row asks a request."""
        self.kept: dict[int, bytes] = {}
        self.codes: dict[str, Counter[str]] = {}
        self._weights = weights or {}
        self._chosen = chosen
        self._letters, self._tokens, self._waited, self._worked = Measure(), Measure(), Measure(), Measure()
        self._usage = Usage()
        self._ok = self._counted = 0

    def over(self, ids: IdList, now: Standing, store: Store) -> None:
        """Answers of batches whose files are not here, or are damaged, are passed over."""
        index = IdIndex(ids)
        for place in sorted(set(now.answer) - {NOBODY}):
            record = now.batches[place].record
            stored = store.results(record)
            if stored is None:
                continue
            for answer, line in _lines(stored):
                at = index.find(answer.id)
                if at is not None and now.answer[at] == place:
                    self._take(at, line, record.created_at, invalid=now.outcome[at] == Outcome.INVALID_OUTPUT)

    def answers(self, ok: int) -> Answers:
        """`ok` of the requests are answered, whether their lines are here or not."""
        return Answers(ok, ok - self._ok, self._counted, self._usage, self._letters.distribution(),
                       self._tokens.distribution(), self._waited.distribution(), self._worked.distribution())

    def _take(self, at: int, line: bytes, created_at: int | None, *, invalid: bool) -> None:
        try:
            parsed = parse(line)
        except NotALine:
            return
        if at in self._chosen:
            self.kept[at] = line
        if invalid:
            return  # paid for, but no answer that counts; no server gave it a code
        if parsed.outcome is Outcome.OK:
            self._answered(parsed, created_at)
        else:
            self._failed(parsed, self._weights.get(at, 1))

    def _failed(self, parsed: ResultLine, rows: int) -> None:
        codes = self.codes.setdefault(parsed.outcome.reason, Counter())
        code = str((parsed.error or {}).get("code") or "no code")[:100]
        codes[code if code in codes or len(codes) < _CODES else "other codes"] += rows

    def _answered(self, parsed: ResultLine, created_at: int | None) -> None:
        self._ok += 1
        body = parsed.body
        text = text_of(body)
        if text is not None:
            self._letters.add(len(text))
        if not isinstance(body, dict):
            return
        usage = usage_of(body.get("usage"))
        if usage is not None:
            self._counted += 1
            self._usage += usage
            if usage.output_tokens:
                self._tokens.add(usage.output_tokens)
        made_at = _number(body.get("created", body.get("created_at")))
        if made_at and created_at is not None and 0 <= made_at - created_at <= _LONGEST_WAIT_S:
            self._waited.add(round(made_at - created_at))
        seconds = _worked_s(body)
        if seconds is not None:
            self._worked.add(round(seconds * 1000))


def _lines(stored: StoredResults) -> Iterator[tuple[Answer, bytes]]:
    """The lines of one batch, in the order of its files."""
    with ExitStack() as stack:
        files: dict[int, BinaryIO] = {}
        for file in (OUTPUT_FILE, ERROR_FILE):
            with suppress(OSError):
                files[file] = stack.enter_context(open(stored.path(file), "rb"))
        for answer in stored.index:
            opened = files.get(answer.file)
            if opened is not None:
                opened.seek(answer.offset)
                yield answer, opened.read(answer.length)


def _worked_s(body: Mapping[str, Any]) -> float | None:
    """How long the model took, in seconds: Groq says so in `usage`, Cerebras in `time_info` (their SDKs' types)."""
    for name in ("usage", "time_info"):
        part = body.get(name)
        seconds = _number(part.get("total_time")) if isinstance(part, Mapping) else None
        if seconds is not None and 0 <= seconds < _LONGEST_WAIT_S:
            return seconds
    return None


def _number(raw: Any) -> float | None:
    return raw if isinstance(raw, int | float) and not isinstance(raw, bool) and raw == raw else None
