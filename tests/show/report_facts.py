"""Facts of jobs that never ran, as plain data: a large one as they are in practice, and one that means harm."""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal
from typing import Any

from batchctl.act.report.distribution import distribution
from batchctl.act.report.facts import Answers, Asked, Failure, JobFacts, Ran, Sample
from batchctl.decide.costs import Bill
from batchctl.words.outcomes import Tally
from batchctl.words.remote import Coordinates
from batchctl.words.usage import Usage

DAY_S = 86_400
BEGUN_AT = 1_762_000_000

REVIEWS = (
    ("Quiet and quick", "Boils a litre in three minutes, and you can still hear the radio.", "positive"),
    ("Stopped after a week", "The switch broke on day six. The shop wanted me to pay for the return.", "negative"),
    ("Übertrifft alles", "Schnell, leise, schön. Klare Empfehlung!", "positive"),
    ("Zu klein", "Schöne Farbe, aber zwei Tassen und er ist leer.\nWer so etwas kauft?", "negative"),
    ("快くて静か", "三分で一リットルが沸きます。", "positive"),
)


def end(**changes: Any) -> dict[str, Any]:
    return {"response": None, "text": None, "json": None, "usage": None, "error": None, "status": "ok", "attempts": 1,
            "batch_id": "batch_1", **changes}


def said(text: str, **changes: Any) -> dict[str, Any]:
    return end(text=text, response={"status_code": 200, "body": {"choices": [{"finish_reason": "stop"}]}}, **changes)


def body(title: str, text: str) -> dict[str, Any]:
    return {"model": "gpt-5.4-nano", "temperature": 0, "messages": [
        {"role": "system", "content": "You label product reviews. Answer with one word, positive or negative."},
        {"role": "user", "content": f"{title}\n{text}"}]}


def failed(code: str, message: str, number: int) -> Sample:
    title, text, _ = REVIEWS[number % len(REVIEWS)]
    return Sample(f"r-{number:04}-0123456789abcdef0123", body(title, text), end(
        error={"code": code, "message": message}, status="failed", attempts=3))


def usual() -> JobFacts:
    """Twenty batches, some failures, and answers of all lengths."""
    rng = random.Random(7)
    letters = distribution(int(rng.lognormvariate(4.5, 0.6)) for _ in range(20_000))
    tokens = distribution(int(rng.lognormvariate(3.2, 0.6)) + 1 for _ in range(20_000))
    waited = distribution(int(rng.gammavariate(4, 2400)) for _ in range(20_000))
    worked = distribution(int(rng.lognormvariate(6.3, 0.5)) for _ in range(20_000))
    batches = [Ran(f"batch_{rng.getrandbits(96):024x}", "openai", 1 + (number > 9), 2000 if number < 10 else 120,
                   1980 if number < 10 else 117, ("completed", "completed", "expired")[number % 3 if number < 6 else 0],
                   BEGUN_AT + number * 2400, BEGUN_AT + number * 3100 + rng.randrange(4000, 30_000), True)
               for number in range(12)]
    batches.append(Ran("batch_live00000000000000000001", "openai", 3, 40, None, "not ended yet",
                       BEGUN_AT + 50_000, None, False))
    samples = tuple(Sample(f"r-{number:04}-0123456789abcdef0123", body(title, text), said(label))
                    for number, (title, text, label) in enumerate(REVIEWS))
    long = Sample("r-0999-0123456789abcdef0123", body("Long", "lorem ipsum dolor sit amet " * 200),
                  said("An answer\nof several lines,\n\n- with a list\n- in it\n" + "word " * 100))
    return JobFacts(
        name="review-sentiment",
        asked=Asked(
            manifest="jobs/review-sentiment.yaml", where=Coordinates("openai", "openai", "https://api.openai.com/v1"),
            model="gpt-5.4-nano", endpoint="/v1/chat/completions", window="24h", revision=2,
            description="Positive or negative, for the weekly dashboard.",
            labels=(("team", "insights"), ("cost-centre", "4711")), inputs=("reviews/*.csv.gz",),
            prompt=(("system", "You label product reviews. Answer with one word, positive or negative.\n"),
                    ("user", "{{ row.title }}\n{{ row.text }}\n")),
            parameters=(("max_completion_tokens", "8"), ("temperature", "0")), requests=20_319),
        tally=Tally(rows=20_412, ok=20_210, failed=97, expired=52, cancelled=0, waiting=40, held=8, lost=5),
        answers=Answers(20_117, 0, 20_117, Usage(1_912_334, 60_214, 180_224, 21_000), letters, tokens, waited, worked),
        spent=Bill(Usage(1_930_111, 61_004, 180_224), Decimal("0.2351"), estimated=True),
        failures=(
            Failure("rejected", 61, (("context_length_exceeded", 48), ("invalid_prompt", 13)), (
                failed("context_length_exceeded", "This model's maximum context length is 8192 tokens. However, your "
                       "messages resulted in 11807 tokens.", 3),
                failed("invalid_prompt", "The prompt was flagged as potentially violating the usage policy.", 4))),
            Failure("expired", 52, (), ()),
            Failure("server_error", 36, (("server_error", 36),), (
                failed("server_error", "The server had an error.", 5),)),
            Failure("lost", 5)),
        batches=tuple(batches), samples=(*samples, long))


#: Each would do something if it came to life: `owned` is what the browser is asked about afterwards.
HOSTILE = (
    "<script>window.owned = 1; document.title = 'owned'</script>",
    "\"><img src=x onerror=\"window.owned = 1\"><svg onload=\"window.owned = 1\">",
    "</pre></dd></style></title></textarea><script>window.owned = 1</script>",
    "<a href=\"javascript:window.owned = 1\">click</a><meta http-equiv=refresh content=\"0;url=https://evil.invalid/\">",
    "<style>* { display: none !important }</style><link rel=stylesheet href=https://evil.invalid/x.css>",
    "{{ 7*7 }}{% include '/etc/passwd' %}", "\u202eevil\u202c \x1b]0;owned\x07 \x00 \ud800 \u200b&amp;",
    "x" * 5000, "https://evil.invalid/?q=" + "y" * 300,
)


def hostile() -> JobFacts:
    """The usual job with harm at every place that a row, a model, a provider or a manifest fills."""
    usual_ = usual()
    every = "".join(HOSTILE[:7])
    samples = tuple(Sample(f"r{number}-0123456789abcdef0123", {"messages": [{"role": text, "content": text}]},
                           said(text, attempts=2)) for number, text in enumerate(HOSTILE))
    return replace(
        usual_, name="hostile",
        asked=replace(usual_.asked, manifest=every, model=every, endpoint=every, window=every, description=every,
                      where=Coordinates(every, "openai", every, upstream=every), labels=((every, every),),
                      inputs=(every, every), prompt=((every, every),), parameters=((every, every),)),
        failures=(Failure("rejected", 3, ((every, 3),), tuple(
            replace(sample, end=end(error={"code": text, "message": text}, status="failed"))
            for sample, text in zip(samples, HOSTILE, strict=True))),),
        batches=tuple(replace(batch, batch_id=every, status=every) for batch in usual_.batches[:3]),
        samples=samples, notes=(every,), spent=Bill(usual_.spent.usage, unpriced=frozenset((every,))))


def empty() -> JobFacts:
    """A job that was never applied."""
    nothing = distribution(())
    return replace(usual(), name="new", tally=Tally(rows=3, waiting=3), failures=(), batches=(), samples=(),
                   spent=Bill(), answers=Answers(0, 0, 0, Usage(), nothing, nothing, nothing, nothing))
