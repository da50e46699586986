"""The presenter's view: every step is one screen, and a clicker turns it."""

from __future__ import annotations

import pytest

from pages.parts.learn.steps import STEPS

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

    def open_slide(step: str, width: int = 1280, height: int = 720):
        visit = visitor(viewport={"width": width, "height": height})
        visit.page.goto(f"{visit.address}/learn?step={step}&view=presenter")
        visit.page.locator(f".st-key-learn-step-{step}").wait_for(timeout=120_000)
        visit.settle()
        visit.page.locator("html.slides").wait_for(state="attached")  # from here on keys are heard
        return visit

    return open_slide


def fits(visit, height: int) -> bool:
    top, bottom, wider, text = visit.page.evaluate(_MEASURE)
    return top >= 0 and bottom <= height and wider <= 2 and text > 40


def test_every_step_is_one_screen(slide):
    visit = slide(STEPS[0].slug)
    for step in STEPS:
        visit.page.locator(f".st-key-learn-step-{step.slug}").wait_for(timeout=60_000)
        visit.settle()
        for width, height in SCREENS.values():
            visit.page.set_viewport_size({"width": width, "height": height})
            visit.until(lambda height=height: fits(visit, height))
        assert visit.page.locator("[data-testid=stHeader]").is_hidden()
        if step is not STEPS[-1]:
            visit.page.keyboard.press("PageDown")


def test_without_the_slides_a_step_does_not_fit(slide):
    """The control: the same step in the reader's view is longer than the screen."""
    visit = slide("softmax")
    visit.until(lambda: fits(visit, 720))
    visit.page.goto(f"{visit.address}/learn?step=softmax")
    visit.page.locator(_STEP).wait_for(timeout=120_000)
    visit.settle()
    assert not fits(visit, 720)


def test_a_clicker_turns_slides_and_b_makes_the_screen_black(slide):
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


def test_the_controls_come_with_the_pointer(slide):
    visit = slide(STEPS[1].slug)
    head = visit.page.locator(".st-key-learn-head")
    seen = "own => Number(getComputedStyle(own).opacity)"
    visit.until(lambda: head.evaluate(seen) == 0)
    visit.page.mouse.move(300, 200)
    visit.until(lambda: head.evaluate(seen) == 1)
    visit.until(lambda: head.evaluate(seen) == 0)
