"""The lesson as a class sees it: every step in a browser, with the mouse and the keyboard."""

from __future__ import annotations

import re

import pytest

from pages.parts.learn.steps import STEPS

pytest_plugins = ("visits",)  # the fixtures, from the file beside this one
pytestmark = pytest.mark.browser


def arrive(visit, step: str) -> None:
    """Wait until a step is drawn, and see that nothing went wrong in it."""
    page = visit.page
    page.locator(f".st-key-learn-step-{step}").wait_for(timeout=120_000)
    visit.settle()
    visit.until(lambda: f"step={step}" in visit.query())
    stage = page.locator(f".st-key-learn-step-{step}")
    visit.until(lambda: len(stage.inner_text().split()) > 40)
    for broken in (
        ".katex-error",
        "[data-testid=stException]",
        "[data-testid=stAlertContentError]",
    ):
        assert page.locator(broken).count() == 0, (step, broken)


def answer(visit, step: str) -> None:
    """See the question that a step asks first, and have it answered."""
    visit.page.get_by_role("button", name="Show the answer").click(timeout=120_000)
    arrive(visit, step)


@pytest.fixture
def lesson(visitor):
    """Open the lesson at a step."""

    def open_at(step: str, options: dict | None = None, **query: str):
        visit = visitor(**(options or {}))
        words = "&".join(f"{name}={value}" for name, value in ({"predict": "off"} | query).items())
        visit.page.goto(f"{visit.address}/learn?step={step}&{words}")
        arrive(visit, step)
        return visit

    return open_at


@pytest.mark.slow
def test_a_whole_lesson_with_the_arrow_keys(lesson):
    visit = lesson(STEPS[0].slug)
    equations = 0
    for step in STEPS[1:]:
        visit.page.keyboard.press("ArrowRight")
        arrive(visit, step.slug)
        equations += visit.page.locator(".katex").count()
    assert equations > 20
    visit.page.keyboard.press("ArrowLeft")
    arrive(visit, STEPS[-2].slug)


def test_the_next_step_begins_at_its_top(lesson):
    visit = lesson("needs-gap", model="cam1", image="digit-7")
    main = visit.page.get_by_test_id("stMain")
    on = visit.page.get_by_role("button", name="Next: ")
    on.scroll_into_view_if_needed()
    visit.until(lambda: main.evaluate("own => own.scrollTop") > 200)
    on.click()
    arrive(visit, "pooling")
    visit.until(lambda: main.evaluate("own => own.scrollTop") == 0)


def test_the_sum_grows_to_the_class_score_without_the_server(lesson):
    visit = lesson("weighted-sum", model="cam1", image="digit-7")
    page = visit.page
    running, slider = page.locator(".sum .running"), page.locator(".sum input[type=range]")
    canvas = page.locator(".sum canvas[role=img]").nth(1)
    before, asked = visit.pixels(canvas), len(visit.sent)
    assert "reached" not in running.inner_text()
    slider.focus()
    page.keyboard.press("ArrowRight")
    visit.until(lambda: "4 of 128" in page.locator(".sum .slide").inner_text())
    visit.until(lambda: visit.pixels(canvas) != before)
    page.keyboard.press("End")
    visit.until(lambda: "reached" in running.inner_text())
    sums = re.search(r"= (\S+) · class score (\S+): reached", running.inner_text())
    assert sums
    assert sums[1] == sums[2]
    assert len(visit.sent) == asked, "moving the slider asks the server nothing"
    visit.settle()
    assert "step=weighted-sum" in visit.query(), "arrow keys belong to the slider that has them"


def test_a_cell_is_multiplied_before_ones_eyes(lesson):
    visit = lesson("weighted-sum", model="cam1", image="digit-7")
    page = visit.page
    product, link = page.locator(".sum .product"), page.locator(".sum .link")
    visit.until(lambda: "Point at a cell" in product.inner_text())
    asked = len(visit.sent)
    whole = page.locator(".sum canvas[role=img]").nth(1)
    whole.hover(position={"x": 10, "y": 10})
    visit.until(lambda: "Cell 1 down, 1 across" in product.inner_text())
    numbers = re.search(r": (\S+) so far \+ w (\S+) × (\S+) = (\S+)$", product.inner_text())
    before, weight, value, after = (float(own.replace("−", "-")) for own in numbers.groups())
    assert before + weight * value == pytest.approx(after, rel=0.01)
    assert link.is_visible()
    whole.focus()
    page.keyboard.press("ArrowRight")
    visit.until(lambda: "Cell 1 down, 2 across" in product.inner_text())
    page.mouse.move(5, 5)
    visit.until(lambda: not link.is_visible())
    visit.settle()
    assert "step=weighted-sum" in visit.query()
    assert len(visit.sent) == asked, "pointing asks the server nothing"


def test_the_sum_plays(lesson):
    visit = lesson("weighted-sum", model="cam1", image="digit-7")
    visit.page.get_by_role("button", name="Play").click()
    visit.page.get_by_text("reached").wait_for(timeout=20_000)
    visit.page.get_by_role("button", name="Play").wait_for()


def test_the_gallery_sorts_and_turns_its_pages(lesson):
    visit = lesson("channels", model="cam1", image="digit-7")
    page = visit.page
    tiles = page.locator(".gallery li")
    tiles.nth(23).wait_for()
    assert tiles.count() == 24
    first = tiles.first.inner_text()
    weight, mean = map(float, re.search(r"w (\S+) × mean (\S+)", first).groups())
    assert float(re.search(r"\+(\S+)", first)[1]) == pytest.approx(weight * mean, rel=0.01)
    assert first.startswith("k = 30:")
    page.locator(".gallery select").select_option("index")
    visit.until(lambda: tiles.first.inner_text().startswith("k = 0:"))
    page.get_by_role("button", name="Later feature maps").click()
    visit.until(lambda: tiles.first.inner_text().startswith("k = 24:"))
    label = tiles.first.locator("canvas").get_attribute("aria-label")
    assert label.startswith("Feature map 24: weight ")


def test_the_same_place_is_read_in_all_maps(lesson):
    visit = lesson("upsampling", model="cam1", image="digit-7")
    page = visit.page
    canvas, output = page.locator(".row canvas[role=img]").first, page.locator(".row .readout")
    area = canvas.bounding_box()

    def values_at(share: float) -> list[float]:
        before = output.inner_text()
        canvas.hover(position={"x": area["width"] * share, "y": area["height"] * share})
        visit.until(lambda: output.inner_text() != before)
        return [float(value) for value in re.findall(r": (\d\.\d\d)", output.inner_text())]

    # The centre of the middle cell, pixel 11.5 of 28: every way to fill in leaves it as it is.
    middle = values_at(12 / 28)
    assert middle == pytest.approx([middle[0]] * 3, abs=0.011)
    nearest, bilinear, _ = values_at(0.55)
    assert nearest != bilinear


def test_the_presenters_view_has_large_type_and_no_sidebar(lesson):
    visit = lesson("relu", view="presenter")
    page = visit.page
    size = "() => parseFloat(getComputedStyle(document.documentElement).fontSize)"
    visit.until(lambda: page.evaluate(size) > 20)
    page.get_by_test_id("stSidebar").wait_for(state="hidden")
    page.get_by_text("Presenter", exact=True).click()
    visit.until(lambda: page.evaluate(size) == 16)
    page.get_by_test_id("stSidebar").wait_for()
    visit.until(lambda: "view=" not in visit.query())


def test_a_link_to_a_step_as_first_request(visitor, fresh_server):
    visit = visitor(fresh_server)
    visit.page.goto(f"{fresh_server}/learn?step=relu&model=tank-detector&image=tank-hidden")
    answer(visit, "relu")
    visit.page.get_by_text("tank-detector on tank-hidden.jpg").wait_for()


def test_a_visit_from_explore_and_back(visitor):
    visit = visitor().open()
    page = visit.page
    page.get_by_role("link", name="Learn").click()
    answer(visit, STEPS[0].slug)
    visit.until(lambda: "model=cam1" in visit.query())
    visit.choose("Bundled model", "tank-detector")
    page.get_by_role("link", name="Explore").click()
    visit.overlay().wait_for(timeout=20_000)
    visit.settle()
    page.get_by_role("link", name="Learn").click()
    arrive(visit, STEPS[0].slug)
    visit.until(lambda: "model=tank-detector" in visit.query())


def test_a_model_of_keras_goes_along_into_the_lesson(visitor):
    visit = visitor().open(model="MobileNetV2:weights=random", layer="block_13_expand_relu")
    visit.page.get_by_role("link", name="Learn").click()
    answer(visit, STEPS[0].slug)
    visit.until(lambda: "model=MobileNetV2" in visit.query())
    assert "layer=block_13_expand_relu" in visit.query()


def test_a_phone_shows_a_step_without_scrolling_sideways(lesson):
    visit = lesson("weighted-sum", {"viewport": {"width": 390, "height": 800}})
    wide = "() => document.querySelector('[data-testid=stMain]').scrollWidth"
    assert visit.page.evaluate(wide) <= 390
