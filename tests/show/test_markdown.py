"""Markdown as GitHub reads it: parsed by a CommonMark parser with GitHub's extensions, hostile text stays text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from batchctl.decide.changed import Changed, Example, Replaced
from batchctl.decide.parts import Asked
from batchctl.show.markdown import Section, code, comment, fenced, fitted, folded, table, words
from batchctl.show.plan_markdown import plan_markdown
from batchctl.show.plan_text import plan_text
from batchctl.show.reports import Shown
from batchctl.show.status_markdown import status_markdown
from tests.hostile import CONTROL, EVIL
from tests.show.test_views import priced, shown

HOSTILE = (
    *EVIL, "<!-- x", "-->", "--><img src=x>", "@octocat", "a@evil.test", "https://evil.test/a", "http://evil.test",
    "www.evil.test", "ftp://evil.test", "//evil.test", "<https://evil.test>", "[x]: https://evil.test", "#1", "GH-1",
    "``` x", "~~~", "a\\|b", "a\\\\|b", "`|`", "\\`x\\`", "`a` <img src=x> `b`", "&lt;img&gt;", "&#64;octocat", "$x$",
    "<code>", "</code><img src=x>", "<details>", "- x", "+ x", "# x", "1. x", "1) x",
    "     x", "=", "---", "|---|", "**x**", "x\\", "`", "``", "```", "````",
)

#: All the HTML that batchctl itself writes, and what is no data in it.
OURS = re.compile(r"<!-- batchctl:plan [^<>]*-->\n?|</?details>\n?|<summary>[\w ,·:-]*</summary>\n?|</?code>|<br>")


def parsed(text: str) -> list[Token]:
    """Every token of the text, those within others too."""
    parser = MarkdownIt("gfm-like", {"html": True, "linkify": True})
    # As GitHub: what has no scheme and no "www." is no link.
    parser.linkify.set({"fuzzy_link": False, "fuzzy_email": True, "fuzzy_ip": False})
    parser.linkify.add("www.", {"validate": re.compile(r"\S+")})
    return list(_all(parser.parse(text)))


def _all(tokens: Sequence[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _all(token.children or [])


def outline(text: str) -> list[str]:
    """What the document is made of, without what it says."""
    return [token.type for token in parsed(text) if not token.type.startswith(("text", "code_inline", "html_inline",
                                                                              "softbreak"))]


def harmless(text: str) -> None:
    """Nothing links, loads, mentions, or is HTML of others."""
    for token in parsed(text):
        assert token.type not in ("link_open", "image"), token
        if token.type.startswith("html"):
            assert not OURS.sub("", token.content).strip(), token.content
        if token.type == "text":
            # GitHub looks for these in what has been rendered.
            assert not re.search(r"@\w|#\d|https?://|www\.\w|\w@\w", token.content), token.content


def test_the_parser_sees_what_would_be_harmful() -> None:
    """Else the tests below would prove nothing."""
    for evil in ("https://evil.test", "www.evil.test", "a@evil.test", "![x](y)", "[x](y)", "@octocat", "#1",
                 "<img src=x>", "<https://evil.test>"):
        with pytest.raises(AssertionError):
            harmless(f"x {evil} y")


@pytest.mark.parametrize("evil", HOSTILE, ids=ascii)
def test_G9_hostile_text_is_no_markup_in_any_piece_of_markdown(evil: str) -> None:
    for made, calm in ((words(evil), words("calm")), (code(evil), code("calm"))):
        for around in ("- {}", "**x** {} y", "| a | b |\n|---|---|\n| {} | x |\n| y | z |"):
            harmless(around.format(made))
            assert outline(around.format(made)) == outline(around.format(calm)), made
    block = "\n".join(fitted([folded("x", fenced([evil, f" {evil}", f"+{evil}"], "diff"))], "").splitlines())
    harmless(f"{block}\n\nafter")
    assert outline(f"{block}\n\nafter") == outline("<details>\n<summary>x</summary>\n\n```\na\n```\n\n</details>\n\na")


@pytest.mark.parametrize("evil", HOSTILE, ids=ascii)
def test_G9_hostile_text_is_no_markup_in_markdown(evil: str) -> None:
    for view in (plan_markdown, status_markdown):
        text = view([shown(evil)])
        harmless(text)
        assert outline(text) == outline(view([shown("calm")])), text


def with_diff(text: str) -> Shown:
    """The same with an earlier request in which every string is `text`, on a line of its own too."""
    earlier, now = (Asked(text, text, {"messages": [{"role": text, "content": f"{word}\n{text}\n\n{text}"}],
                                       "x": {text: [text]}}) for word in ("old", "new"))
    parts = Replaced((f"body.{text}", "text"), 3, Example(earlier, now))
    changed = Changed(3, 1716, 3, replaced=(parts,), example=parts.example)
    job = shown(text)
    assert job.plan is not None
    actions = tuple(replace(action, reason="changed") if action.kind == "create" else action
                    for action in job.plan.actions)
    return replace(job, changed=changed, report=replace(job.report, plan=replace(job.plan, actions=actions)))


@pytest.mark.parametrize("evil", HOSTILE, ids=ascii)
def test_G9_a_hostile_request_in_a_diff_is_no_markup_and_drives_no_terminal(evil: str) -> None:
    text = plan_markdown([with_diff(evil)], diff=True)
    harmless(text)
    assert outline(text) == outline(plan_markdown([with_diff("calm")], diff=True)), text
    assert not CONTROL.search(text)
    assert not CONTROL.search(plan_text([with_diff(evil)], diff=True))
    unexplained = plan_markdown([replace(with_diff("calm"), changed=Changed(1, 1, why=evil))], diff=True)
    harmless(unexplained)


@pytest.mark.parametrize("evil", HOSTILE, ids=ascii)
def test_G9_nothing_ends_a_comment_but_its_end(evil: str) -> None:
    made = comment(f"batchctl:plan {evil}>")
    assert re.fullmatch(r"<!-- [A-Za-z0-9 :,./_%-]* -->", made)
    assert "--" not in made[4:-3]


def test_a_code_span_shows_backticks_and_pipes_as_they_are() -> None:
    for text in ("a`b", "``", "`a`", "a\\b", "a b"):
        (span,) = [token for token in parsed("\n".join(table(["x"], [[code(text)]]))) if token.type == "code_inline"]
        assert span.content == text
    for text in ("a|b", "a\\|b", "`|`", "a\\\\|b"):
        inline = [token for token in parsed("\n".join(table(["x"], [[code(text)]]))) if token.type == "inline"][-1]
        assert "".join(child.content for child in inline.children or [] if child.type != "html_inline") == text


def test_a_plan_is_one_line_a_job_with_all_its_actions_behind_a_click() -> None:
    text = plan_markdown([priced(took_s=None)])
    assert text.startswith("<!-- batchctl:plan job -->\n### batchctl plan\n\n**Plan: 2 create, ")
    assert ("| `job` job · job | + 2 create, ↓ 1 fetch, » 1 write, … 1 wait | 1,716 (\\~301k tokens, up to \\~\\$0.35) "
            "| new | within 24h of apply, by 1970-01-02 00:00Z |\n") in text
    visible, _, click = text.partition("<details>")
    assert "budget" in visible
    assert "| `job` | ↓ fetch | `300 requests in job` | completed |" in click


def test_a_markdown_plan_fits_a_comment_says_what_was_cut_and_stays_whole() -> None:
    for jobs in ([shown("x" * 100_000)], [shown("🐟" * 9000)], [shown(f"job-{number}") for number in range(90)],
                 [shown(f"job-{number}") for number in range(3000)]):
        text = plan_markdown(jobs)
        assert len(text.encode("utf-16-le")) // 2 < 65_536
        assert text.count("<details>") == text.count("</details>")
        harmless(text)
    assert re.search(r"[\d,]+ lines were cut; `batchctl plan` shows them all\.", text)


def test_what_is_cut_is_counted_and_nothing_is_left_open() -> None:
    text = fitted([Section(["x" * 59_000]), folded("more", Section(["y" * 500] * 5)), Section(["z"])], "see there")
    assert text.count("y" * 500) == 1
    assert text.index("</details>") < text.index("5 lines were cut; see there")
    assert "z" not in text
