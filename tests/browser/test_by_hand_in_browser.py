"""A picture edited by hand: the answer moves with the pointer, and by the keyboard alone."""

from __future__ import annotations

import pytest

pytest_plugins = ("visits",)  # the fixtures, from the file beside this one
pytestmark = pytest.mark.browser


@pytest.fixture
def by_hand(visitor):
    """Open a page at an edit, and wait for its answer."""

    def open_at(path: str, **options):
        visit = visitor(**options)
        visit.page.goto(f"{visit.address}{path}")
        visit.page.get_by_text("The answer stays: tank").wait_for(timeout=120_000)
        visit.settle()
        canvas = visit.page.locator(".edit-canvas canvas")
        canvas.scroll_into_view_if_needed()
        return visit, canvas

    return open_at


def turned(visit) -> bool:
    return visit.page.get_by_text("The answer turns: tank → forest").count() == 1


def test_the_sky_is_drawn_down_until_the_answer_turns_and_the_better_network_holds(by_hand):
    visit, canvas = by_hand("/learn?step=fool-it&predict=off")
    page, box = visit.page, canvas.bounding_box()
    over_map = page.locator(".row .mount canvas").first
    before = visit.pixels(over_map)
    x, y = box["x"] + box["width"] / 2, box["y"] + 3
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(12):
        page.mouse.move(x, y + box["height"] * 0.33 * step / 11)
    visit.until(lambda: turned(visit))  # the button is still held
    visit.until(lambda: visit.pixels(over_map) != before)
    assert "sky%2Cpicture%2C0%2C-33" in visit.query()
    page.mouse.up()
    visit.until(lambda: "sky%2Cpicture%2C0%2C0" in visit.query())
    page.get_by_role("button", name="Try the same on tank-detector").click()
    page.get_by_text("The answer stays: tank").wait_for(timeout=120_000)
    visit.until(lambda: "network=tank-detector" in visit.query())


def test_by_keyboard_a_part_is_moved_and_the_brush_paints(by_hand):
    visit, canvas = by_hand("/learn?step=fool-it&predict=off")
    page = visit.page
    canvas.focus()
    for _ in range(20):
        page.keyboard.press("ArrowDown")
    visit.until(lambda: turned(visit))
    assert "step=fool-it" in visit.query()  # the arrows turned no page
    page.get_by_role("radio", name="Brush").click()
    page.get_by_text("Nothing of the picture is replaced.").wait_for(timeout=60_000)
    visit.settle()
    canvas.focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press(" ")
    page.get_by_text("2% of the picture is replaced.").wait_for(timeout=60_000)
    page.keyboard.press("Backspace")
    page.get_by_text("Nothing of the picture is replaced.").wait_for(timeout=60_000)


def test_on_explore_what_is_painted_is_gone_from_the_picture(by_hand):
    visit, canvas = by_hand("/?model=cloud-detector&image=tank-sunny&edit=brush,gray")
    page, box = visit.page, canvas.bounding_box()
    before = visit.pixels(canvas)
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + box["width"] / 4, y, steps=8)
    page.mouse.up()
    visit.until(lambda: page.get_by_text("Nothing of the picture is replaced.").count() == 0)
    visit.settle()
    assert visit.pixels(canvas) != before
    middle = "c => [...c.getContext('2d').getImageData(c.width / 2 + 40, c.height / 2, 1, 1).data]"
    visit.until(lambda: canvas.evaluate(middle) == [128, 128, 128, 255])
    page.get_by_role("button", name="Undo all").click()
    page.get_by_text("Nothing of the picture is replaced.").wait_for(timeout=60_000)
    visit.page.mouse.move(0, 0)
    visit.until(lambda: visit.pixels(canvas) == before)
