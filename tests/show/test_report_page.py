"""The page of a report: what data cannot do to it, and what it says without colours, pictures or a script."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

import batchctl.show
from batchctl.act.report.distribution import distribution
from batchctl.show import charts
from batchctl.show.report_page import report_page
from tests.show.report_facts import BEGUN_AT, HOSTILE, empty, hostile, usual

STYLE = (Path(batchctl.show.__file__).parent / "report_page.css").read_text()

#: Elements that the template writes; whatever else there is came from data.
ELEMENTS = frozenset((
    "html", "head", "meta", "title", "style", "body", "main", "nav", "ul", "li", "a", "header", "footer", "section",
    "article", "h1", "h2", "h3", "h4", "p", "dl", "dt", "dd", "div", "pre", "code", "strong", "span", "table", "thead",
    "tbody", "tr", "th", "td", "figure", "figcaption", "svg", "rect", "line", "details", "summary"))


class Page(HTMLParser):
    """What a browser would see."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attributes)))
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attributes)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.mark.parametrize("jobs", [[usual()], [hostile()], [empty()], [hostile(), usual(), empty()]],
                         ids=["usual", "hostile", "empty", "all"])
def test_G9_nothing_that_data_says_becomes_markup(jobs: list[object]) -> None:
    page = Page(report_page(jobs))  # type: ignore[arg-type]
    assert {tag for tag, _ in page.elements} <= ELEMENTS
    assert page.open == []
    for tag, attributes in page.elements:
        assert not any(name.startswith("on") or name in ("style", "src", "srcset", "action") for name in attributes)
        if "href" in attributes:
            assert tag == "a"
            assert re.fullmatch(r"#job-[a-z0-9-]+", attributes["href"] or "")
    identities = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(identities) == len(set(identities))


def test_G9_hostile_text_is_shown_as_it_is_and_what_hides_in_it_too() -> None:
    text = report_page([hostile()])
    shown = "".join(Page(text).words)
    for harm in HOSTILE[:6]:
        assert harm in shown
    assert not re.search("[\u202e\u200b\x00\x1b]", text)
    assert "\\u202eevil\\u202c ␛]0;owned␇ ␀ \\ud800" in shown
    assert "x" * 2000 + "… (5,000 characters in all)" in shown
    assert text.encode()


def test_the_policy_of_the_page_allows_its_own_style_and_nothing_else() -> None:
    text = report_page([usual()])
    policy = next(attributes["content"] for tag, attributes in Page(text).elements
                  if attributes.get("http-equiv") == "Content-Security-Policy")
    style = text.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert not re.search(r"url\(|@import|expression", style)


def test_every_picture_has_words() -> None:
    page = Page(report_page([usual()]))
    named = {attributes["id"] for _, attributes in page.elements if "id" in attributes}
    pictures = [attributes for tag, attributes in page.elements if tag == "svg"]
    assert len(pictures) > 10
    for attributes in pictures:
        if attributes.get("aria-hidden") != "true":
            assert attributes["role"] == "img"
            assert attributes.get("aria-label") or attributes["aria-labelledby"] in named
    shown = " ".join(Page(report_page([usual()])).words)
    for words in ("20,210", "20,412", "context_length_exceeded", "1,912,334", "median", "expired", "2025-11-01"):
        assert words in shown


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """As WCAG 2.2 defines it."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_text_and_charts_stand_out_in_light_in_dark_and_on_paper() -> None:
    palettes = [dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6})", block))
                for block in re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)]
    assert len(palettes) == 3
    for palette in palettes:
        for ground in ("paper", "card", "track"):
            assert all(contrast(palette[text], palette[ground]) >= 4.5 for text in ("ink", "quiet", "link", "failed"))
        for fill in ("bar", "ok", "failed", "expired", "cancelled", "waiting", "held", "lost"):
            assert contrast(palette[fill], palette["paper"]) >= 3, (fill, palette["paper"])


def test_the_same_facts_give_the_same_page() -> None:
    assert report_page([usual(), hostile()]) == report_page([usual(), hostile()])


def test_bars_count_everything_and_stay_few() -> None:
    for numbers in ([5], [0, 0, 0], [1, 2, 3] * 50, range(10_000), [1] * 999 + [10**9], [10**6, 10**6 + 3]):
        made = charts.bars("x", distribution(numbers), str)
        assert made is not None
        assert sum(bar.count for bar in made.bars) == len(numbers)
        assert len(made.bars) <= 27
        assert all(bar.height == 0 or bar.height >= 1.5 for bar in made.bars)
    assert charts.bars("x", distribution(()), str) is None


def test_shares_fill_the_width_and_leave_nobody_out() -> None:
    made = charts.shares((("ok", 999_999), ("failed", 1), ("lost", 0)))
    assert [share.name for share in made] == ["ok", "failed"]
    assert sum(share.width for share in made) == pytest.approx(charts.WIDTH, abs=0.1)
    assert [share.percent for share in made] == ["> 99.9 %", "< 0.1 %"]


def test_a_time_line_keeps_within_its_ends_whatever_a_provider_says() -> None:
    batches = [*usual().batches, *(batch for batch in hostile().batches)]
    odd = [batches[0].__class__("b", "openai", 1, 1, 1, "completed", created, ended, True)
           for created, ended in ((BEGUN_AT, BEGUN_AT - 999), (None, None), (0, 1 << 52), (-5, None))]
    for some in (batches, odd, odd[:1], odd[1:2]):
        line = charts.time_line(some, 60)
        for span in line.spans if line is not None else ():
            assert 0 <= span.x <= charts.WIDTH
            assert span.x + span.width <= charts.WIDTH + 0.1
