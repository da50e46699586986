"""Learn in a real browser: a digit drawn by hand, and a training that is stopped."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from visits import Visit

pytest_plugins = ("visits",)
pytestmark = pytest.mark.browser

_PATIENCE = 120_000


@pytest.fixture
def lesson(visitor):
    """Open a step of the lesson."""

    def open_step(step: str, **query: str) -> Visit:
        visit = visitor()
        visit.page.goto(
            f"{visit.address}/learn?{urlencode({'step': step, 'predict': 'off', **query})}"
        )
        visit.page.locator(f".st-key-learn-step-{step} p").first.wait_for(timeout=_PATIENCE)
        visit.settle()
        return visit

    return open_step


def draw(visit: Visit, *points: tuple[float, float]) -> None:
    """One stroke on the canvas, through points in 0..1 of its width and height."""
    area = stage(visit).locator(".digit canvas").bounding_box()
    places = [(area["x"] + x * area["width"], area["y"] + y * area["height"]) for x, y in points]
    visit.page.mouse.move(*places[0])
    visit.page.mouse.down()
    for place in places[1:]:
        visit.page.mouse.move(*place, steps=6)
    visit.page.mouse.up()
    visit.settle()


def stage(visit: Visit):
    return visit.page.get_by_test_id("stMain")


def answer(visit: Visit) -> str:
    said = stage(visit).get_by_text("cam1 reads")
    said.wait_for(timeout=_PATIENCE)
    return said.inner_text()


def maps(visit: Visit) -> list[str]:
    canvases = stage(visit).locator(".row figure .mount canvas")
    canvases.nth(1).wait_for(timeout=_PATIENCE)
    visit.page.wait_for_timeout(500)  # painted after they are laid out
    return [visit.pixels(own) for own in canvases.all()]


def test_each_stroke_changes_the_answer_and_both_maps(lesson):
    visit = lesson("draw", model="tank-detector")
    stage(visit).get_by_text("Begin here").wait_for()
    draw(visit, (0.5, 0.15), (0.48, 0.85))
    visit.until(lambda: answer(visit).startswith("cam1 reads 1"))
    one, before = answer(visit), maps(visit)
    assert len(before) == 2
    draw(visit, (0.5, 0.15), (0.32, 0.2), (0.25, 0.3))
    draw(visit, (0.25, 0.85), (0.75, 0.85))
    visit.until(lambda: answer(visit) != one)
    visit.until(lambda: not set(before) & set(maps(visit)))
    stage(visit).get_by_role("button", name="Clear").click()
    stage(visit).get_by_text("Begin here").wait_for()


@pytest.mark.slow
def test_a_training_runs_live_stops_and_begins_again(lesson):
    visit = lesson("training", model="cam1", image="digit-7")
    stage(visit).get_by_role("button", name="Train").click()
    stage(visit).get_by_text("right on").wait_for(timeout=_PATIENCE)
    stage(visit).get_by_role("button", name="Stop").click()
    again = stage(visit).get_by_role("button", name="Train again from other random weights")
    again.wait_for(timeout=_PATIENCE)
    visit.settle()
    stage(visit).get_by_text("Epoch 8 of 8").wait_for(state="detached")
    again.click()
    stage(visit).get_by_text("Epoch 8 of 8").wait_for(timeout=_PATIENCE)
    visit.settle()
    visit.until(lambda: len(maps(visit)) == 8)
    visit.until(lambda: "seed 1" in stage(visit).get_by_text("Random weights of seed").inner_text())
