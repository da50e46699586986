"""Compare as people use it: a whole comparison, in a browser."""

from __future__ import annotations

import io

import pandas as pd
import pytest
from PIL import Image

pytest_plugins = ("visits",)  # the fixtures, from the file beside this one
pytestmark = pytest.mark.browser


def table(visit):
    return visit.page.get_by_test_id("stDataFrame").first


def saved(visit, label: str) -> bytes:
    with visit.page.expect_download() as download:
        visit.page.get_by_role("button", name=label).click()
    return download.value.path().read_bytes()


def slide(visit, name: str, value: float) -> None:
    visit.page.get_by_role("slider", name=name).evaluate(
        """(input, value) => {
            input.value = value;
            input.dispatchEvent(new Event("input", { bubbles: true }));
        }""",
        value,
    )


def test_a_whole_comparison(visitor):
    visit = visitor().open("/compare")
    page = visit.page
    visit.choose("Bundled model", "tank-detector")
    visit.until(lambda: "model=tank-detector" in visit.query())
    for name in ("HiResCAM", "Layer-CAM"):
        page.get_by_role("button", name=name, exact=True).click()
        visit.settle()
    page.get_by_role("button", name="Ablation-CAM", exact=True).click()
    visit.settle()
    page.get_by_role("combobox", name="Layers").press_sequentially("conv4")
    page.get_by_role("option", name="conv4").click()
    page.keyboard.press("Escape")
    visit.settle()
    visit.until(lambda: "methods=ablation-cam" in visit.query())
    visit.until(lambda: "layers=conv4" in visit.query())
    # CAM at one of three layers; Grad-CAM and Eigen-CAM at all; Ablation-CAM behind the pooling.
    visit.until(lambda: page.locator(".viewer .overlay").count() == 1 + 3 + 3 + 1)
    assert page.get_by_text("CAM is not possible here").count() == 2

    page.get_by_role("button", name="Run", exact=True).first.click()
    page.locator(".viewer .overlay.map8").wait_for()
    visit.until(lambda: page.get_by_role("button", name="Run", exact=True).count() == 1)
    visit.settle()

    page.get_by_role("tab", name="Downloads").click()
    rows = pd.read_csv(io.BytesIO(saved(visit, "Table CSV")))
    assert len(rows) == 12
    assert sorted(rows.loc[rows["evidence"].isna(), "method"]) == ["Ablation-CAM", "CAM", "CAM"]
    assert "Methods" in Image.open(io.BytesIO(saved(visit, "Figure PNG"))).text
    assert b"Methods: CAM" in saved(visit, "Figure SVG")


def test_controls_act_on_all_maps_without_the_server(visitor):
    visit = visitor().open("/compare", methods=["grad-cam", "layer-cam"])
    tiles = [visit.overlay(number) for number in range(4)]
    before, sent = [visit.pixels(tile) for tile in tiles], len(visit.sent)
    changes = [
        lambda: slide(visit, "Opacity", 0.9),
        lambda: slide(visit, "Hide below", 0.7),
        lambda: visit.page.get_by_role("radio", name="inferno,").check(),
        lambda: visit.page.locator("select[data-sets=interpolation]").select_option("nearest"),
    ]
    for change in changes:
        change()
        for tile, was in zip(tiles, before, strict=True):
            visit.until(lambda tile=tile, was=was: visit.pixels(tile) != was)
        before = [visit.pixels(tile) for tile in tiles]
    assert len(visit.sent) == sent, "nothing was said to the server"


def test_pointing_and_arrow_keys_read_values(visitor):
    visit = visitor().open("/compare", methods=["grad-cam", "layer-cam"])
    output = visit.page.locator(".viewer .readout")
    side = visit.overlay(1).bounding_box()["width"]
    visit.overlay(1).hover(position={"x": 0.52 * side, "y": 0.52 * side})
    here = "Grad-CAM · conv5 · tank · cell 9 down, 9 across: raw"
    visit.until(lambda: here in output.inner_text())
    ring = visit.page.locator(".viewer .ring:visible")
    visit.until(lambda: ring.count() == 4)  # the same place in every map
    visit.overlay(0).focus()
    visit.page.keyboard.press("ArrowDown")
    visit.until(lambda: "Grad-CAM · conv3 · tank · cell" in output.inner_text())


def test_a_box_is_drawn_and_cleared(visitor):
    visit = visitor(viewport={"width": 1400, "height": 1800}).open(
        "/compare", model="tank-detector", methods="cam", layers="conv5"
    )
    page = visit.page
    canvas = page.locator(".box-canvas canvas")
    canvas.scroll_into_view_if_needed()
    empty, area = visit.pixels(canvas), canvas.bounding_box()
    page.mouse.move(area["x"] + 0.75 * area["width"], area["y"] + 0.75 * area["height"])
    page.mouse.down()
    page.mouse.move(area["x"] + 0.5 * area["width"], area["y"] + 0.5 * area["height"], steps=5)
    page.mouse.up()
    visit.until(lambda: "box=" in visit.query())
    visit.settle()
    values = [page.get_by_role("spinbutton", name=edge).input_value() for edge in
              ("x0", "y0", "x1", "y1")]  # fmt: skip
    assert [abs(int(value) - true) <= 1 for value, true in
            zip(values, (128, 128, 192, 192), strict=True)] == [True] * 4  # fmt: skip
    assert visit.pixels(canvas) != empty
    page.get_by_role("button", name="Clear", exact=True).click()
    visit.until(lambda: "box=" not in visit.query())
    visit.until(lambda: visit.pixels(canvas) == empty)


def test_the_table_sorts_by_a_click(visitor):
    visit = visitor().open("/compare", methods=["layer-cam", "grad-cam"], layers="conv5")
    sent = len(visit.sent)
    grid = table(visit)
    grid.scroll_into_view_if_needed()

    def first() -> str:
        return grid.locator("td[aria-colindex='1']").first.inner_text()

    visit.until(lambda: first() == "Grad-CAM")
    area = grid.bounding_box()
    visit.page.mouse.click(area["x"] + 30, area["y"] + 17)  # the head of the first column
    visit.page.mouse.click(area["x"] + 30, area["y"] + 17)  # the second click turns it round
    visit.until(lambda: first() == "Layer-CAM")
    assert len(visit.sent) == sent


def test_equations_render(visitor):
    visit = visitor().open("/compare", methods="cam", layers=["conv4", "conv5"])
    visit.page.get_by_role("tab", name="CAM = Grad-CAM").click()
    visit.until(lambda: visit.page.locator(".katex").count() >= 3)
    assert visit.page.locator(".katex-error").count() == 0


def test_choices_go_along_from_explore(visitor):
    visit = visitor().open("/", model="tank-detector", image="tank-hidden")
    visit.page.get_by_role("link", name="Compare").click()
    visit.page.get_by_text("Compare maps of tank-detector").wait_for()
    visit.overlay(8).wait_for()
    visit.settle()
    visit.until(lambda: "image=tank-hidden" in visit.query())


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_nothing_is_wider_than_the_screen(visitor, scheme):
    visit = visitor(
        viewport={"width": 400, "height": 850}, color_scheme=scheme, has_touch=True
    ).open("/compare")
    assert (
        visit.page.evaluate(
            """() => {
            const main = document.querySelector("[data-testid=stMain]");
            return Math.max(document.documentElement.scrollWidth, main.scrollWidth);
        }"""
        )
        <= 400
    )
    widths = [tile.bounding_box()["width"] for tile in visit.page.locator(".viewer .mount").all()]
    assert min(widths) > 120
