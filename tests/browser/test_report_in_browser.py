"""A report as a browser shows it: alone, on a phone, in the dark and on paper."""

from __future__ import annotations

import re

import pytest

from camcore.auditing.report import write_report
from tests.auditing.planted_run import planted_run

pytest_plugins = ("visits",)  # the fixtures, from the file beside this one
pytestmark = pytest.mark.browser

# Colours of the page, and of what charts consist of.
_SHOWN = """() => ({
    paper: getComputedStyle(document.body).backgroundColor,
    ink: getComputedStyle(document.body).color,
    charts: [...document.querySelectorAll(".chart svg")].map((own) => own.clientWidth > 200),
    text: [...document.querySelectorAll(".chart text")].map((own) => getComputedStyle(own).fill),
    areas: [...document.querySelectorAll(".chart path")].map((own) => getComputedStyle(own).fill),
})"""
# Texts of charts that stick out of their pictures.
_OPEN_ALL = "document.querySelectorAll('details').forEach((own) => { own.open = true; })"
_CUT = """() => [...document.querySelectorAll(".chart text")].filter((own) => {
    const text = own.getBoundingClientRect();
    const chart = own.closest("svg").getBoundingClientRect();
    return text.left < chart.left || text.right > chart.right || text.bottom > chart.bottom;
}).map((own) => own.textContent)"""


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    return write_report(planted_run(tmp_path_factory.mktemp("report") / "run"))


@pytest.fixture
def opened(chromium, report):
    """Open the report in a window; requests and messages of the browser are kept."""
    contexts = []

    def open_(width: int = 1200, scheme: str = "light"):
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True
        )
        contexts.append(context)
        page = context.new_page()
        page.heard = []
        page.on("console", lambda message: page.heard.append(message.text))
        page.on("request", lambda request: page.heard.append(request.url[:40]))
        page.goto(report.as_uri())
        return page

    yield open_
    for context in contexts:
        context.close()


@pytest.mark.parametrize("width", [390, 1200])
def test_it_fits_and_asks_for_nothing(opened, report, width):
    page = opened(width)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.evaluate(_OPEN_ALL)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert all(
        heard.startswith("data:") or heard == report.as_uri()[:40] for heard in page.heard
    ), page.heard
    broken = "[...document.images].filter((own) => own.complete && !own.naturalWidth).length"
    assert page.evaluate(broken) == 0


@pytest.mark.parametrize("width", [390, 1200])
def test_charts_hold_their_texts(opened, width):
    page = opened(width)
    page.evaluate(_OPEN_ALL)
    assert page.evaluate(_CUT) == []


@pytest.mark.parametrize(
    ("scheme", "paper", "ink", "own"),
    [
        ("light", "rgb(255, 255, 255)", "rgb(29, 35, 41)", "rgb(0, 114, 178)"),
        ("dark", "rgb(20, 24, 28)", "rgb(228, 233, 238)", "rgb(86, 180, 233)"),
    ],
)
def test_charts_and_page_follow_the_scheme(opened, scheme, paper, ink, own):
    page = opened(scheme=scheme)
    page.evaluate(_OPEN_ALL)
    shown = page.evaluate(_SHOWN)
    assert (shown["paper"], shown["ink"]) == (paper, ink)
    assert len(shown["charts"]) == 10
    assert all(shown["charts"])
    assert ink in shown["text"]
    assert own in shown["areas"]


def test_paper_is_white_even_in_the_dark(opened):
    page = opened(scheme="dark")
    page.emulate_media(media="print")
    shown = page.evaluate(_SHOWN)
    assert shown["paper"] == "rgb(255, 255, 255)"
    assert shown["ink"] == "rgb(0, 0, 0)"
    assert "rgb(0, 114, 178)" in shown["areas"]
    assert page.pdf(format="A4").startswith(b"%PDF")


def test_the_first_screen_has_the_sentence_the_picture_and_the_table(opened):
    page = opened()
    bottom = page.locator("table").first.bounding_box()
    assert page.locator(".verdict").bounding_box()["y"] < 200
    assert page.locator(".opening img").count() == 3
    assert bottom["y"] < 900, "the table begins on the first screen"
    assert not page.locator("details[open]").count()


def test_a_link_of_the_table_opens_what_is_folded(opened):
    page = opened()
    link = page.locator("table a").first
    section = page.locator(f"[id='{link.get_attribute('href')[1:]}']")
    assert not section.is_visible()
    link.click()
    section.wait_for(state="visible", timeout=5000)
    assert page.locator("details[open]").count() == 1


def test_it_prints_on_few_pages(opened):
    page = opened()
    closed = _pages(page.pdf(format="A4"))
    assert closed <= 4
    page.evaluate(_OPEN_ALL)
    assert _pages(page.pdf(format="A4")) > closed, "what is open is printed"


def _pages(pdf: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", pdf))
