"""The presenter's view: every step is one screen, and a clicker turns it."""

from __future__ import annotations

import re

import pytest

from pages.parts.learn.steps import STEPS
from pages.parts.learn.teachers_note import sheet

pytest_plugins = ("visits",)  # the fixtures, from the file beside this one
pytestmark = pytest.mark.browser

SCREENS = {"projector": (1280, 720), "old projector": (1024, 768)}
_STEP = "[class*='st-key-learn-step-']"
_MEASURE = """() => {
    const step = document.querySelector("[class*='st-key-learn-step-']");
    const box = step.getBoundingClientRect();
    return [box.top, box.bottom, step.scrollWidth - step.clientWidth, step.innerText.length];
}"""


@pytest.fixture
def slide(visitor):
    """Open a step on a projector."""

    def open_slide(step: str, *, asks: bool = False, language: str = "en"):
        visit = visitor(viewport={"width": 1280, "height": 720})
        shown = f".st-key-learn-step-{step}" + ("-question" if asks else "")
        more = f"&lang={language}" + ("" if asks else "&predict=off")
        visit.page.goto(f"{visit.address}/learn?step={step}&view=presenter{more}")
        visit.page.locator(shown).wait_for(timeout=120_000)
        visit.settle()
        visit.page.locator("html.slides").wait_for(state="attached")  # from here on keys are heard
        return visit

    return open_slide


def fits(visit, height: int) -> bool:
    top, bottom, wider, text = visit.page.evaluate(_MEASURE)
    return top >= 0 and bottom <= height and wider <= 2 and text > 40


def test_every_step_is_one_screen_and_so_is_its_question(slide):
    """A clicker goes from the question to the step with its answer, and on to the next."""
    visit = slide(STEPS[0].slug, asks=True)
    page = visit.page
    for step in STEPS:
        for part in (f"{step.slug}-question", step.slug):
            page.locator(f".st-key-learn-step-{part}").wait_for(timeout=60_000)
            visit.settle()
            for width, height in SCREENS.values():
                page.set_viewport_size({"width": width, "height": height})
                visit.until(lambda height=height: fits(visit, height))
            assert page.locator(".st-key-learn-answer").is_visible() == (part == step.slug)
            if (step, part) != (STEPS[-1], STEPS[-1].slug):
                page.keyboard.press("PageDown")
        assert page.locator("[data-testid=stHeader]").is_hidden()


@pytest.mark.parametrize("language", ["pt_BR", "fr", "zh_CN"])
def test_the_longest_step_is_one_screen_in_every_language(slide, language):
    visit = slide("softmax", language=language)
    for width, height in SCREENS.values():
        visit.page.set_viewport_size({"width": width, "height": height})
        visit.until(lambda height=height: fits(visit, height))
    assert visit.page.locator("html").get_attribute("lang") == language.replace("_", "-")
    assert "before" not in visit.page.locator(_STEP).inner_text()


def test_without_the_slides_a_step_does_not_fit(slide):
    """The control: the same step in the reader's view is longer than the screen."""
    visit = slide("softmax")
    visit.until(lambda: fits(visit, 720))
    visit.page.goto(f"{visit.address}/learn?step=softmax&predict=off")
    visit.page.locator(_STEP).wait_for(timeout=120_000)
    visit.settle()
    assert not fits(visit, 720)


def test_a_clicker_turns_slides_and_keys_blacken_and_fill_the_screen(slide):
    visit = slide(STEPS[1].slug)
    page = visit.page
    for key, number in (("PageDown", 2), ("PageUp", 1), ("End", len(STEPS) - 1), ("Home", 0)):
        page.keyboard.press(key)
        page.locator(f".st-key-learn-step-{STEPS[number].slug}").wait_for(timeout=60_000)
        visit.settle()
    page.keyboard.press("PageUp")  # there is none before the first
    visit.settle()
    assert page.locator(f".st-key-learn-step-{STEPS[0].slug}").count() == 1
    black = "() => getComputedStyle(document.documentElement, '::after').backgroundColor"
    page.keyboard.press("b")
    assert page.evaluate(black) == "rgb(0, 0, 0)"
    page.keyboard.press("b")
    assert page.evaluate(black) != "rgb(0, 0, 0)"
    filled = "() => document.fullscreenElement === document.documentElement"
    assert not page.evaluate(filled)
    page.keyboard.press("f")
    visit.until(lambda: page.evaluate(filled))
    page.keyboard.press("f")
    visit.until(lambda: not page.evaluate(filled))


def test_the_teachers_sheet_prints_on_a_few_pages(chromium):
    page = chromium.new_page()
    page.set_content(sheet("en"))
    printed = page.pdf(prefer_css_page_size=True)
    page.close()
    assert 2 <= len(re.findall(rb"/Type\s*/Page\b", printed)) <= 5


def test_the_controls_come_with_the_pointer(slide):
    visit = slide(STEPS[1].slug)
    head = visit.page.locator(".st-key-learn-head")
    seen = "own => Number(getComputedStyle(own).opacity)"
    visit.until(lambda: head.evaluate(seen) == 0)
    visit.page.mouse.move(300, 200)
    visit.until(lambda: head.evaluate(seen) == 1)
    visit.until(lambda: head.evaluate(seen) == 0)
