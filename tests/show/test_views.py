"""Views: exact screens, and hostile text that stays text in every one of them."""

from __future__ import annotations

import io
import json
import re
from array import array
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchctl.act.passes import JobReport
from batchctl.act.repairing import Repair
from batchctl.act.store_files import Garbage
from batchctl.act.verifying import Verified
from batchctl.decide.costs import Bill, Estimate
from batchctl.decide.known import KnownBatch, Phase
from batchctl.decide.plan import Action, Held, JobPlan, Kind
from batchctl.decide.standing import Standing
from batchctl.recorded.records import BatchRecord, JobRecord, Recorded, SinkRecord
from batchctl.show import figures, money
from batchctl.show.batches import Listed, batches_json, batches_text
from batchctl.show.bills import bill_json
from batchctl.show.colour import Palette, wants_colour
from batchctl.show.diagnostics import diagnostic_text
from batchctl.show.garbage import garbage_text
from batchctl.show.lock_text import lock_list, lock_show
from batchctl.show.outcome_text import outcome_text
from batchctl.show.plan_json import PlanContext, dumped, plan_document
from batchctl.show.plan_markdown import plan_markdown
from batchctl.show.plan_text import plan_text
from batchctl.show.progress import Progress
from batchctl.show.reports import Shown
from batchctl.show.safe import safe, width
from batchctl.show.status_json import status_json
from batchctl.show.status_markdown import status_markdown
from batchctl.show.status_text import status_text
from batchctl.show.terminal import Terminal
from batchctl.show.validation import Checked, checked_text
from batchctl.show.verified import repair_question, repair_text, verify_text
from batchctl.words.diagnostics import Diagnostic, Span
from batchctl.words.errors import Refusal
from batchctl.words.events import BatchState, Event, Notice, Step
from batchctl.words.outcomes import Tally
from batchctl.words.prices import Rates, dollars, places_of
from batchctl.words.remote import BatchError, Coordinates, Counts, RemoteBatch
from batchctl.words.usage import Usage
from tests.hostile import CONTROL, EVIL

ROOT = Path(__file__).parents[2]
SHARD = "ab" * 32


def shown(text: str = "job", **changes: object) -> Shown:
    """A job in which every string is `text`."""
    where = Coordinates(text, "openai", base_url=text)
    record = BatchRecord(SHARD, 1, 3, where, batch_id=text, created_at=0, status=text)
    remote = RemoteBatch(text, text, counts=Counts(3, 1, 1), errors=(BatchError(text, text, 3),), expires_at=86_400)
    actions = (
        Action(Kind.CREATE, "new", 1200, SHARD, 1, bytes=1_000_000, tokens=250_000, positions=array("I", [0, 1, 2])),
        Action(Kind.CREATE, "new", 516, SHARD, 1, bytes=204_000, tokens=51_000, positions=array("I", [5])),
        Action(Kind.FETCH, "completed", 300, batch_id=text),
        Action(Kind.WAIT, "live", 3, batch_id=text, status=text, change=False, remote=remote),
        Action(Kind.WRITE, "new", sink=text),
    )
    plan = JobPlan(
        text, 1716, Tally(1319, ok=1300, failed=12, waiting=7), actions, (Held("below-minimum", 2),), (text,),
        notes=(text,), digest="sha256:" + SHARD,
        standing=Standing(batches=(KnownBatch(record, Phase.LIVE, remote),), spent=3), window="24h", took_s=7300,
        estimate=Estimate(text, None, Fraction(8)), spent=Bill(Usage(1234, 56, 7), unpriced=frozenset((text,))),
        unanswered={"rejected": 12})
    failure = Refusal(text, status=400, notes=(text,))
    return Shown(JobReport(text, plan, (failure,), written=((text, 5),)), text, where, text, text)


def priced(**changes: Any) -> Shown:
    """The same with a price, a budget and nothing odd."""
    job = shown()
    assert job.plan is not None
    rates = Rates(Decimal("0.1"), Decimal("0.625"))
    plan = replace(
        job.plan, foreign=(), notes=(), held=(), standing=replace(job.plan.standing, batches=()),
        estimate=Estimate("job", rates, Fraction(300), at_most=True), max_cost=Decimal("2.50"), max_requests=5000,
        spent=Bill(Usage(1_200_000, 400_000), Decimal("0.37")), **changes)
    return replace(job, report=replace(job.report, plan=plan, failures=(), written=(("out.csv", 1319),)))


def test_the_plan_is_a_line_an_action_with_the_totals_last() -> None:
    assert plan_text([shown()]) == """\
job  job · job · 24h · rows 1,319: 1,300 ok, 12 failed, 7 waiting
  + create  1,716 requests in 2 batches, ~301k tokens, cost unknown  new, ~2 h as before
  ↓ fetch   300 requests in job                                      completed
  … wait    3 requests in job                                        job, by 1970-01-02 00:00Z
  » write   job                                                      new
  ! held    2 requests: fewer than the provider takes in one batch
  ! no price is known for "job" in a batch: add prices to the manifest
  ! left alone, as they hold nothing that is wanted: job
  ! job: line 3: job
  ! job

Plan: 2 create, 1 wait, 1 fetch, 1 write. New requests: 1,716 (1.2 MB, ~301k tokens, cost unknown). Digest 3a3e475455f2.
"""


def test_a_plan_says_what_it_costs_and_what_is_left_of_the_budget() -> None:
    text = plan_text([priced(took_s=None)])
    assert "1,716 requests in 2 batches, ~301k tokens, up to ~$0.35  new\n" in text
    assert "  budget    $0.37 of $2.50 spent, 3 of 5,000 requests sent\n" in text
    assert text.endswith("New requests: 1,716 (1.2 MB, ~301k tokens, up to ~$0.35). Digest 3a3e475455f2.\n")
    assert "| new | within 24h of apply, by 1970-01-02 00:00Z |" in plan_markdown([priced(took_s=None)])
    assert r"budget \$0.37 of \$2.50 spent" in plan_markdown([priced()])


def test_money_is_exact_in_json_and_null_where_it_is_not_known() -> None:
    context = PlanContext(("job.yaml",), None, {}, True, False, False, False)
    document = plan_document([priced(), shown()], {}, context)
    known, unknown = document["jobs"]
    assert known["estimate"]["cost"] == "0.35185"
    assert known["spent"]["cost"] == "0.37"
    assert known["budget"] == {"max_requests": 5000, "requests": 3, "max_cost": "2.5"}
    assert (unknown["estimate"]["cost"], unknown["estimate"]["unpriced"]) == (None, ["job"])
    assert document["totals"]["estimate"]["cost"] is None
    assert bill_json(Bill(cost=Decimal("1E-7")))["cost"] == "0.0000001"
    assert bill_json(Bill(cost=Decimal("1E+3")))["cost"] == "1000"


def test_the_end_of_an_apply_sums_up_what_was_answered_used_and_written() -> None:
    text = outcome_text([priced(), priced()])
    assert "  wrote     out.csv, 1,319 records\n  used      1,200,000 tokens in, 400,000 out, $0.37\n" in text
    assert text.index("\n  not ok    12 rows: rejected; `batchctl results` shows why\n") < text.index("wrote")
    several = outcome_text([priced(unanswered={"rate_limit": 10, "invalid_output": 2})])
    assert "  not ok    12 rows: 10 rate limit, 2 invalid output; `batchctl results` shows why\n" in several
    assert text.endswith("\n2 jobs, rows 2,638: 2,600 ok, 24 failed, 14 waiting; "
                         "2,400,000 tokens in, 800,000 out, $0.74\n")
    assert "jobs" not in outcome_text([priced()])


def test_the_end_of_an_apply_of_many_jobs_is_one_screen_with_what_is_not_well() -> None:
    def done(number: int) -> Shown:
        plan = JobPlan("x", 6, Tally(6, ok=6), spent=Bill(Usage(10, 1)))
        return Shown(JobReport(f"job-{number}", plan, written=((f"{number}.csv", 6),)), "job.yaml")

    jobs = [*(done(number) for number in range(20)), priced(), *(done(number) for number in range(20, 40))]
    assert outcome_text(jobs) == outcome_text(jobs, lines=1000)
    assert outcome_text(jobs).count("wrote  ") == 41, "a pipe gets all"
    text = outcome_text(jobs, lines=24)
    assert text.count("\n") <= 24
    assert text.startswith("job  job · job · rows 1,319: 1,300 ok, 12 failed, 7 waiting\n  not ok    12 rows: reject")
    assert "\n40 jobs are done: 240 rows ok, wrote 40 files with 240 records; `batchctl status` shows each\n" in text
    assert "\n41 jobs, rows 1,559: 1,540 ok, 12 failed, 7 waiting; " in text


def test_a_status_says_what_was_used_and_what_failed() -> None:
    assert status_text([priced(), priced()]).endswith("; 2,400,000 tokens in, 800,000 out, $0.74\n")
    for view in (status_text, status_markdown):
        assert "12 rows: rejected; " in view([priced()])
        assert "1,200,000 tokens in, 400,000 out, " in view([priced()])
        assert "1,234 tokens in (7 of them cached), 56 out, cost unknown" in view([shown()])


@pytest.mark.parametrize(("bill", "said"), [
    (Bill(), "$0"), (Bill(cost=Decimal("0.41")), "$0.41"), (Bill(cost=Decimal("0.41"), estimated=True), "~$0.41"),
    (Bill(cost=Decimal("0.41"), estimated=True, at_most=True), "up to ~$0.41"),
    (Bill(estimated=True, at_most=True), "$0"), (Bill(unpriced=frozenset("m")), "cost unknown"),
    (Bill(cost=Decimal("0.41"), unpriced=frozenset("m")), "$0.41 + more"),
    (Bill(cost=Decimal("0.41"), estimated=True, open_ended=True), "~$0.41 + answers"),
])
def test_a_cost_says_how_sure_it_is(bill: Bill, said: str) -> None:
    assert money.cost(bill) == said


@pytest.mark.parametrize(("costs", "said"), [
    (["0.014", "0.014"], ["$0.02", "$0.01"]), (["0.005", "0.006"], ["<$0.01", "$0.01"]),
    (["0.0021", "0.5"], ["<$0.01", "$0.50"]), (["0.0021", "0.0014"], ["$0.0021", "$0.0014"]),
    (["0", "1.005"], ["$0", "$1.01"]), (["0.0021"], ["$0.0021"]), ([], []),
])
def test_the_amounts_of_lines_add_up_to_their_total(costs: list[str], said: list[str]) -> None:
    exact = [Decimal(cost) for cost in costs]
    total = sum(exact, Decimal(0))
    shares = money.shares(exact)
    assert [money.share(cost, amount, total) for cost, amount in zip(exact, shares, strict=True)] == said
    assert dollars(sum(shares, Decimal(0))) == dollars(total)


@given(st.lists(st.decimals("0", "1000", places=6), max_size=12))
def test_no_amount_is_off_by_more_than_its_last_digit(costs: list[Decimal]) -> None:
    shares, total = money.shares(costs), sum(costs, Decimal(0))
    unit = Decimal(1).scaleb(-places_of(total))
    assert sum(shares, Decimal(0)) == total.quantize(unit, ROUND_HALF_UP)
    assert all(abs(share - cost) < unit for share, cost in zip(shares, costs, strict=True))


def test_the_lines_of_a_plan_add_up_to_what_its_last_line_says() -> None:
    one = priced(took_s=None)
    assert one.plan is not None
    cheap = replace(one.plan, actions=tuple(replace(action, requests=1, tokens=44_000) if action.kind == "create" else
                                            action for action in one.plan.actions),
                    estimate=Estimate("job", Rates(Decimal("0.1")), Fraction(0)))
    jobs = [replace(one, report=replace(one.report, plan=cheap)) for _ in range(3)]
    text = plan_text(jobs, each=True)
    assert [text.count(amount) for amount in ("~$0.01  new", "~<$0.01", " <$0.01  new", "~$0.03)")] == [3, 0, 3, 1]


@pytest.mark.parametrize(("seconds", "said"), [(5, "5 s"), (300, "5 min"), (7300, "2 h"), (200_000, "2 d")])
def test_a_duration_is_told_in_its_largest_unit(seconds: int, said: str) -> None:
    assert figures.rough(seconds) == said


def outcome(*actions: Action, tally: Tally | None = None, **changes: object) -> str:
    """All but the title of what apply says of a job."""
    rows = tally or Tally(3, waiting=3)
    plan = JobPlan("job", rows.rows, rows, actions, **changes)  # type: ignore[arg-type]
    return outcome_text([Shown(JobReport("job", plan), "job.yaml")]).partition("\n")[2]


def test_an_apply_says_what_is_left_and_how_to_go_on() -> None:
    wait = Action(Kind.WAIT, "live", 3, batch_id="b", status="in_progress")
    assert outcome(wait) == (
        "  1 batch running; `batchctl apply` again fetches what is done, and --wait waits for it\n")
    assert outcome(Action(Kind.FETCH, "completed", 3, batch_id="b")) == (
        "  results to be fetched or written: run `batchctl apply` again\n")
    assert outcome(wait, Action(Kind.CANCEL, "unwanted", 3, batch_id="b")) == (
        "  1 batch cancelling; `batchctl apply` fetches what was answered\n")
    assert outcome(Action(Kind.WAIT, "unreachable", 3, batch_id="b"), notes=("look",)) == "  ! look\n"
    assert outcome(tally=Tally(3, ok=1, failed=2)) == "  not ok    2 rows; `batchctl results` shows why\n"
    assert outcome(tally=Tally(0)) == "  nothing is running\n"
    assert outcome(tally=Tally(3, ok=3)) == ""


def test_why_requests_are_held_is_told_in_the_same_words_everywhere() -> None:
    words = "fewer than the provider takes in one batch"
    for view in (plan_text, outcome_text, status_text, status_markdown, plan_markdown):
        assert words in view([shown()]), view


def test_a_plan_without_actions_says_so() -> None:
    report = JobReport("job", JobPlan("job", 1, Tally(1, ok=1)))
    assert plan_text([Shown(report, "job.yaml")]).endswith("\nNo changes.\n")


def documents(evil: str) -> dict[str, str]:
    """Every view of every value, with `evil` wherever a string goes."""
    job = shown(evil)
    context = PlanContext((evil,), evil, {"v": evil}, True, False, False, False)
    record = job.report.plan.standing.batches[0].record  # type: ignore[union-attr]
    jobs = JobRecord((record,), {evil: SinkRecord(evil, evil)})
    found = Diagnostic(evil, evil, Span(evil, 1, 2, 3), evil, evil, (evil,))
    batch = RemoteBatch(evil, evil)
    return {
        "plan": plan_text([job], each=True), "plan markdown": plan_markdown([job]),
        "plan json": dumped(plan_document([job], {evil: jobs}, context)),
        "status": status_text([job]), "status markdown": status_markdown([job]), "status json": status_json([job]),
        "outcome": outcome_text([job]), "diagnostics": diagnostic_text([found, found]),
        "lock list": lock_list([Recorded({evil: jobs})]), "lock show": lock_show(evil, jobs),
        "verify": verify_text([Verified(evil, evil, "ok", evil, evil)]),
        "repair": repair_text([damaged := Verified(evil, evil, "corrupt", evil)], [Repair(damaged, False, evil)]),
        "repair question": repair_question([damaged]),
        "garbage": garbage_text([Garbage(Path("x"), evil, 1, evil)], dry_run=True),
        "batches": batches_text([Listed(evil, batch, evil, True)]), "batches json": batches_json(
            [Listed(evil, batch, evil, True)]),
        "validation": checked_text([Checked(evil, 1, 1)]),
        "progress": progressed(Step(evil, "create", evil, evil), Notice(evil, "warning", evil),
                               BatchState(evil, evil, evil, 1, 1, 3)),
    }


def progressed(*events: Event) -> str:
    screen = io.StringIO()
    progress = Progress(Terminal({}, stdin=io.StringIO(), stdout=io.StringIO(), stderr=screen))
    for event in events:
        progress(event)
    return screen.getvalue()


@pytest.mark.parametrize("evil", EVIL, ids=ascii)
def test_G9_hostile_text_cannot_drive_the_terminal_through_any_view(evil: str) -> None:
    calm = documents("calm")
    for name, text in documents(evil).items():
        assert not CONTROL.search(text), name
        if "json" not in name and name != "diagnostics":
            assert text.count("\n") == calm[name].count("\n"), f"{name} has other lines"


def test_json_views_keep_hostile_text_as_it_is() -> None:
    for evil in EVIL:
        assert json.loads(documents(evil)["status json"])["jobs"][0]["job"] == evil


def test_diagnostics_mark_wide_and_unsafe_text_where_it_stands() -> None:
    found = Diagnostic("c", "m", Span("f", 12, 4, 2), "here", "名\x1bx: ab")
    assert diagnostic_text([found]) == """\
error[c]: m
  --> f:12:4
    |
 12 | 名␛x: ab
    |     ^^ here
""".replace("  --> f", "   --> f")


def test_a_very_long_line_is_cut_around_the_mark() -> None:
    text = diagnostic_text([Diagnostic("c", "m", Span("f", 1, 5001, 3), "here", "a" * 5000 + "bad" + "c" * 5000)])
    assert "bad" in text
    assert max(map(len, text.splitlines())) < 160


@pytest.mark.parametrize(("choice", "environ", "terminal", "coloured"), [
    ("always", {"NO_COLOR": "1"}, False, True), ("never", {"FORCE_COLOR": "1"}, True, False),
    ("auto", {"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False), ("auto", {"FORCE_COLOR": "1"}, False, True),
    ("auto", {"TERM": "dumb"}, True, False), ("auto", {}, True, True), ("auto", {}, False, False),
    ("auto", {"NO_COLOR": ""}, True, True),
])
def test_colour_goes_by_flag_then_environment_then_terminal(
        choice: str, environ: dict[str, str], terminal: bool, coloured: bool) -> None:
    assert wants_colour(choice, environ, terminal) is coloured


def test_colour_only_repeats_what_the_text_says() -> None:
    plain = plan_text([shown()])
    coloured = plan_text([shown()], Palette(True))
    assert coloured != plain
    assert re.sub("\x1b\\[[0-9;]*m", "", coloured) == plain


def test_figures_are_as_people_read_them() -> None:
    assert figures.tally(Tally(1319, ok=1300, failed=12, waiting=7)) == "rows 1,319: 1,300 ok, 12 failed, 7 waiting"
    assert [figures.size(number) for number in (1, 999, 1_200_000, 3 * 10**9)] == [
        "1 byte", "999 bytes", "1.2 MB", "3.0 GB"]
    assert figures.moment(None) == figures.moment(10**30) == "-"


def test_safe_text_is_one_line_whose_width_is_known() -> None:
    assert safe("a\tb\r\n\x1b\x7f\x9b\u202e") == "a␉b␍␊␛␡\\x9b\\u202e"
    assert width("名e\u0301") == 3


def test_only_views_write_to_the_terminal() -> None:
    for path in sorted((ROOT / "batchctl").rglob("*.py")):
        inside = path.relative_to(ROOT / "batchctl").parts[0]
        if inside in ("show", "server") or "child.py" in path.name:
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            assert not re.search(r"\bprint\(|click\.(echo|secho)\(|sys\.std(out|err)\.write", line), f"{path}:{number}"


def test_g9_results_on_a_screen_show_every_control_character_and_to_a_pipe_are_as_they_are() -> None:
    class Screen(io.StringIO):
        def isatty(self) -> bool:
            return True

    line = "".join(EVIL).replace("\ud800", "").replace("\n", "") + "\n"
    for made, is_shown in ((Screen(), False), (io.StringIO(), True)):
        Terminal({}, stdout=made).out_bytes(line.encode())
        assert made.getvalue().endswith("\n")
        assert (CONTROL.search(made.getvalue()) is not None) is is_shown


@pytest.mark.parametrize("columns", [60, 80, 100, 200])
def test_lists_of_batches_fit_the_screen_and_cut_no_id(columns: int) -> None:
    identity = "batch_68f2a1c44e8c8190b7d1f0a2b3c4d5e6"
    job = shown("n" * 48)
    assert job.plan is not None
    batches = tuple(replace(one, record=replace(one.record, batch_id=identity), remote=replace(
        one.remote, id=identity, status="in_progress", errors=(), counts=Counts(50_000, 12_345, 0)))
        for one in job.plan.standing.batches)
    plan = replace(job.plan, standing=replace(job.plan.standing, batches=batches))
    status = [line for line in status_text([replace(job, report=replace(job.report, plan=plan))],
                                           columns=columns).splitlines() if identity in line]
    remote = RemoteBatch(identity, "in_progress", created_at=0, counts=Counts(50_000, 12_345, 0))
    listed = batches_text([Listed("openai", remote, "n" * 48, True)], columns=columns).splitlines()[0]
    assert len(status) == 1
    for line in (*status, listed):
        assert len(line) <= max(columns, 66)
        assert "in_progress" in line
    assert ("1970-01-01" in status[0], "1970-01-01" in listed) == (columns > 80, columns > 100)


def test_what_is_deleted_fits_the_screen() -> None:
    found = [Garbage(Path("x"), f".batchctl/shards/{'ab' * 32}.jsonl", 1, "its batch has ended; can be made again")]
    for columns in (80, 100, 120):
        assert max(map(len, garbage_text(found, dry_run=True, columns=columns).splitlines())) <= columns
    assert found[0].shown in garbage_text(found, dry_run=True)


def test_what_is_piped_is_cut_nowhere() -> None:
    where = Terminal({}, stdin=io.StringIO(), stdout=io.StringIO(), stderr=io.StringIO())
    assert (where.room, where.columns) == (None, 80)
    assert Terminal({"COLUMNS": "120"}, stdin=io.StringIO(), stdout=io.StringIO()).room == 120
    line = batches_text([Listed("openai", RemoteBatch("b" * 90, "in_progress"), "n" * 48, True)], columns=where.room)
    assert "openai  " + "n" * 48 in line
