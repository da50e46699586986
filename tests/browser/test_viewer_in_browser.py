"""The viewer in a browser: its controls, what it draws and what it saves."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

import camcore
from camcore.drawing import overlay as render

pytest_plugins = ("visits",)  # the fixtures, from the file beside this one
pytestmark = pytest.mark.browser


def slide(control, value: float) -> None:
    """Move a range input as the mouse does, event by event."""
    control.evaluate(
        """(input, value) => {
            const from = Number(input.value);
            for (let i = 1; i <= 10; i += 1) {
                input.value = from + ((value - from) * i) / 10;
                input.dispatchEvent(new Event("input", { bubbles: true }));
            }
        }""",
        value,
    )


def saved(visit, which: int = 0) -> tuple[Image.Image, str]:
    """Press Save and open what comes."""
    with visit.page.expect_download() as download:
        visit.page.get_by_role("button", name="Save overlay PNG").click()
    image = Image.open(download.value.path())
    image.load()
    return image, download.value.suggested_filename


def explained(model: str, image: str, target: str, **options) -> camcore.Explanation:
    picture = camcore.read_image(camcore.sample(image).file)
    return camcore.explain(camcore.load_model(model), picture, target=target, **options)


def difference(one: Image.Image, other: Image.Image) -> int:
    a, b = (np.asarray(image.convert("RGB"), np.int16) for image in (one, other))
    assert a.shape == b.shape
    return int(np.abs(a - b).max())


def _canvas_png(canvas) -> bytes:
    return base64.b64decode(canvas.evaluate("c => c.toDataURL()").split(",")[1])


def test_controls_act_in_the_browser_and_send_nothing(visitor):
    visit = visitor().open(model="tank-detector", image="tank-sunny", **{"class": "tank"})
    page, before, quiet = visit.page, visit.pixels(visit.overlay()), len(visit.sent)
    raw = visit.pixels(visit.raw())
    slider = page.locator("[data-sets=alpha]")
    area = slider.bounding_box()
    page.mouse.move(area["x"] + 0.4 * area["width"], area["y"] + area["height"] / 2)
    page.mouse.down()
    seen = {before}
    for share in (0.5, 0.6, 0.7, 0.8):
        page.mouse.move(area["x"] + share * area["width"], area["y"] + area["height"] / 2)
        visit.until(lambda: visit.pixels(visit.overlay()) not in seen)
        seen.add(visit.pixels(visit.overlay()))
    page.mouse.up()
    changes = [
        lambda: page.locator(".swatch input[value=jet]").check(force=True),
        lambda: slide(page.locator("[data-sets=threshold]"), 0.5),
        lambda: page.locator("[data-sets=interpolation]").select_option("nearest"),
        lambda: page.locator("[data-sets=interpolation]").select_option("bicubic"),
        lambda: page.locator("[data-sets=blend]").select_option("add"),
        lambda: page.locator("[data-sets=box]").check(),
    ]
    for change in changes:
        last = visit.pixels(visit.overlay())
        change()
        visit.until(lambda last=last: visit.pixels(visit.overlay()) != last)
    assert visit.pixels(visit.raw()) != raw, "colours and threshold act on the raw map too"
    visit.raw().hover()
    visit.until(lambda: "raw" in page.locator(".readout").inner_text())
    assert len(visit.sent) == quiet, visit.sent[quiet:]

    visit.chip("forest").click()
    visit.settle()
    assert page.locator("[data-sets=interpolation]").input_value() == "bicubic"
    page.reload()
    visit.overlay().wait_for()
    visit.settle()
    visit.until(page.locator(".swatch input[value=jet]").is_checked)  # kept over a reload


def test_the_controls_stay_in_sight_under_tall_pictures(visitor):
    visit = visitor(viewport={"width": 1280, "height": 720}).open(
        model="tank-detector", image="tank-sunny", **{"class": ["tank", "forest"]}
    )
    pictures, controls = (visit.page.locator(f".viewer .{own}") for own in ("pictures", "controls"))
    bottom = "own => own.getBoundingClientRect().bottom"
    visit.until(lambda: pictures.evaluate(bottom) > 720)
    visit.until(lambda: controls.evaluate(bottom) <= 720)


@pytest.mark.parametrize("fit", ["stretch", "crop", "pad"])
def test_the_overlay_is_the_engines_overlay(visitor, tmp_path, fit):
    shown = explained("tank-detector", "tank-sunny", "tank", fit=fit)
    visit = visitor().open(model="tank-detector", image="tank-sunny", fit=fit, **{"class": "tank"})
    image, name = saved(visit)
    assert name == "tank-sunny-tank-Grad-CAM-overlay.png"
    assert image.text["Method"] == "Grad-CAM"
    assert difference(image, shown.overlay()) <= 2
    raw = Image.open(io.BytesIO(_canvas_png(visit.raw())))
    assert difference(raw, Image.fromarray(render.colour(shown.heatmap.values))) <= 1
    visit.page.locator("[data-sets=box]").check()
    visit.page.locator("[data-sets=interpolation]").select_option("bicubic")
    visit.page.locator("[data-sets=blend]").select_option("add")
    visit.page.locator(".swatch input[value=jet]").check(force=True)
    image, _ = saved(visit)
    expected = shown.overlay(colormap="jet", interpolation="bicubic", blend="add", box=True)
    assert difference(image, expected) <= 3
    visit.page.locator("[data-sets=blend]").select_option("fade")
    image, _ = saved(visit)
    expected = shown.overlay(colormap="jet", interpolation="bicubic", blend="fade", box=True)
    assert difference(image, expected) <= 3


def test_the_overlay_of_uploaded_pictures_of_any_shape(visitor, tmp_path):
    visit = visitor().open(model="tank-detector", **{"class": "forest"})
    visit.pick("Upload")
    model = camcore.load_model("tank-detector")
    for width, height, fit in ((300, 120, "Crop"), (120, 301, "Pad"), (1700, 900, "Pad")):
        across, down = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
        pixels = np.stack([across, down, 255 - across], axis=2).astype(np.uint8)
        file = tmp_path / f"photo-{width}.png"
        Image.fromarray(pixels).save(file)
        visit.page.locator("input[type=file]").first.set_input_files(file)
        visit.page.get_by_text(f"{file.name} · {width} × {height}").wait_for(timeout=20_000)
        visit.settle()
        visit.pick(fit)
        shown = camcore.explain(model, camcore.read_image(file), target="forest", fit=fit.lower())
        image, _ = saved(visit)
        limit = 2 if width * height <= 512 * 512 else 8  # photos travel as fine JPEG
        assert difference(image, shown.overlay()) <= limit


def test_two_classes_side_by_side(visitor):
    visit = visitor().open(model="tank-detector", image="tank-hidden", method="cam")
    page = visit.page
    page.get_by_text("Two at once").click()
    visit.settle()
    for name in ("tank", "forest"):
        if visit.chip(name).get_attribute("aria-pressed") != "true":
            visit.chip(name).click()
            visit.settle()
    visit.overlay(1).wait_for()
    visit.until(lambda: page.locator(".viewer .overlay").count() == 2)
    visit.until(lambda: visit.pixels(visit.overlay(0)) != visit.pixels(visit.overlay(1)))
    tops = [visit.overlay(i).bounding_box()["y"] for i in (0, 1)]
    assert tops[0] == tops[1]
    visit.until(lambda: visit.query().count("class=") == 2)


def test_the_keyboard_reads_values(visitor):
    visit = visitor().open()
    visit.raw().focus()
    visit.page.keyboard.press("ArrowRight")
    output = visit.page.locator(".readout")
    visit.until(lambda: output.inner_text().startswith("Cell 8 down, 9 across"))
