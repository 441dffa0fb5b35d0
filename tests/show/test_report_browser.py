"""The page of a report in a real browser: nothing in it runs, nothing is fetched, and it fits a phone."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from batchctl.show.report_page import report_page
from tests.show.report_facts import empty, hostile, usual

BROWSER = next(filter(None, map(shutil.which, (
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"))), None)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="no Chromium or Chrome on the PATH: the page was not seen by a browser"),
]

WIDTHS = (320, 360, 768, 1280)
PAGES = ("usual", "hostile", "several")

#: Holds a page in frames of several widths, and tells what came of it once all have loaded.
STAND = """<!DOCTYPE html><title>stand</title><body>
<script>
const widths = %s, made = [];
let left = widths.length;
for (const width of widths) {
  const frame = document.createElement("iframe");
  frame.style.cssText = `border: 0; width: ${width}px; height: 800px`;
  frame.onload = () => {
    const page = frame.contentDocument, root = page.documentElement;
    const seen = (what) => [...page.querySelectorAll(what)].filter((one) => {
      const box = one.getBoundingClientRect();
      return box.width > 0.2 && box.height > 0.2;
    }).length;
    made.push({
      width, scrolls: root.scrollWidth, fits: root.clientWidth, title: page.title,
      owned: frame.contentWindow.owned ?? null, scripts: page.scripts.length, images: page.images.length,
      bars: seen("svg.bars rect"), allBars: page.querySelectorAll("svg.bars rect").length,
      shares: seen("svg.shares rect"), spans: seen(".span svg rect"), heading: seen("h1"),
      styled: getComputedStyle(page.body).marginTop === "0px",
    });
    if (--left === 0) {
      const out = document.createElement("pre");
      out.id = "out";
      out.textContent = JSON.stringify(made);
      document.body.append(out);
    }
  };
  frame.src = "%s.html";
  document.body.append(frame);
}
</script></body>"""


@dataclass(frozen=True)
class Hall:
    """Where the pages are served from, and all that a browser asked for."""

    folder: Path
    origin: str
    asked: list[str]


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    folder = tmp_path_factory.mktemp("pages")
    for name, jobs in zip(PAGES, ([usual()], [hostile()], [usual(), hostile(), empty()]), strict=True):
        (folder / f"{name}.html").write_bytes(report_page(jobs).encode())
        (folder / f"stand-{name}.html").write_text(STAND % (json.dumps(WIDTHS), name))
    asked: list[str] = []

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            asked.append(self.path)

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Hall(folder, f"http://127.0.0.1:{server.server_port}", asked)
        server.shutdown()


def browser(folder: Path, *arguments: str) -> str:
    """Runs the browser without a window, with a profile of its own, and without reaching out by itself."""
    assert BROWSER is not None
    # Within a container of root's there is no sandbox to be had; elsewhere it stays.
    alone = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    done = subprocess.run(
        [BROWSER, "--headless=new", *alone, "--disable-gpu", "--hide-scrollbars", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", f"--user-data-dir={folder / 'profile'}",
         "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--virtual-time-budget=10000", *arguments],
        capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_every_width_shows_its_charts_and_runs_nothing(hall: Hall, name: str, tmp_path: Path) -> None:
    hall.asked.clear()
    shown = browser(tmp_path, "--dump-dom", f"{hall.origin}/stand-{name}.html")
    found = re.search(r'<pre id="out">(.*?)</pre>', shown, re.DOTALL)
    assert found, shown[-2000:]
    measured: list[dict[str, Any]] = json.loads(html.unescape(found[1]))
    assert sorted(one["width"] for one in measured) == sorted(WIDTHS)
    for one in measured:
        assert one["scrolls"] <= one["fits"], one
        assert (one["owned"], one["scripts"], one["images"]) == (None, 0, 0), one
        assert one["title"].endswith("· batchctl report"), one
        assert one["styled"], one
        assert one["heading"] >= 1, one
        assert one["bars"] == one["allBars"] > 40, one
        assert one["shares"] >= 6, one
        assert one["spans"] >= 6, one
    assert {path for path in hall.asked if path != "/favicon.ico"} == {f"/stand-{name}.html", f"/{name}.html"}


@pytest.mark.parametrize(("name", "arguments"), [
    ("desktop", ("--window-size=1280,2000",)), ("narrow", ("--window-size=500,2000",)),
    ("dark", ("--window-size=1280,2000", "--blink-settings=preferredColorScheme=0"))])
def test_a_screen_of_it_can_be_looked_at(hall: Hall, name: str, arguments: tuple[str, ...], tmp_path: Path) -> None:
    picture = tmp_path / f"{name}.png"
    browser(tmp_path, *arguments, f"--screenshot={picture}", f"{hall.origin}/usual.html")
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size > 50_000, "a page, and not a blank one"
    print(f"{name}: {picture}")


def test_it_is_printed_on_a_few_pages(hall: Hall, tmp_path: Path) -> None:
    paper = tmp_path / "report.pdf"
    browser(tmp_path, "--no-pdf-header-footer", f"--print-to-pdf={paper}", f"{hall.origin}/usual.html")
    assert paper.read_bytes().startswith(b"%PDF")
    assert 3 <= len(re.findall(rb"/Type\s*/Page\b", paper.read_bytes())) <= 12
