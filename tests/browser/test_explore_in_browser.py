"""Explore as people use it: in a browser, with the mouse and the keyboard."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

import camcore
from camcore import render

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


def test_the_first_visit_shows_a_picture_and_its_map(visitor):
    visit = visitor().open()
    assert visit.page.get_by_text("of the evidence for tank lies in").is_visible()
    assert visit.page.locator(".viewer canvas[role=img]").count() == 3
    for canvas in visit.page.locator(".viewer canvas[role=img]").all():
        assert len(canvas.get_attribute("aria-label")) > 10
    plain = visit.pixels(visit.page.locator(".viewer .original canvas"))
    assert visit.pixels(visit.overlay()) != plain
    assert "model=cloud-detector" in visit.query()


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
        page.wait_for_timeout(60)
        seen.add(visit.pixels(visit.overlay()))
    page.mouse.up()
    assert len(seen) == 5, "each step of the slider shows at once"
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
        page.wait_for_timeout(60)
        assert visit.pixels(visit.overlay()) != last
    assert visit.pixels(visit.raw()) != raw, "colours and threshold act on the raw map too"
    visit.raw().hover()
    assert "raw" in page.locator(".readout").inner_text()
    assert len(visit.sent) == quiet, visit.sent[quiet:]

    visit.chip("forest").click()
    visit.settle()
    assert page.locator("[data-sets=interpolation]").input_value() == "bicubic"
    page.reload()
    visit.overlay().wait_for()
    visit.settle()
    assert page.locator(".swatch input[value=jet]").is_checked(), "kept when the page is reloaded"


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


def _canvas_png(canvas) -> bytes:
    import base64

    return base64.b64decode(canvas.evaluate("c => c.toDataURL()").split(",")[1])


def test_model_layer_class_and_sample_change_the_map(visitor):
    visit = visitor().open()
    page = visit.page
    views = [visit.pixels(visit.overlay())]

    def changed(words: str) -> None:
        now = visit.pixels(visit.overlay())
        assert now not in views, words
        views.append(now)

    visit.choose("Bundled model", "tank-detector")
    changed("another model")
    assert "model=tank-detector" in visit.query()
    visit.choose("Layer", "conv3 ·")
    changed("another layer")
    assert "32 × 32" in page.locator(".viewer .raw").inner_text()
    assert "layer=conv3" in visit.query()
    visit.pick("Layer-CAM")
    changed("another method")
    page.locator("label[title*='behind a bush']").click()
    visit.settle()
    changed("another sample")
    assert "image=tank-hidden" in visit.query()


def test_two_classes_side_by_side(visitor):
    visit = visitor().open(model="tank-detector", image="tank-hidden", method="cam")
    page = visit.page
    for name in ("tank", "forest"):
        if visit.chip(name).get_attribute("aria-pressed") != "true":
            visit.chip(name).click()
            visit.settle()
    visit.overlay(1).wait_for()
    assert page.locator(".viewer .overlay").count() == 2
    assert visit.pixels(visit.overlay(0)) != visit.pixels(visit.overlay(1))
    tops = [visit.overlay(i).bounding_box()["y"] for i in (0, 1)]
    assert tops[0] == tops[1]
    assert visit.query().count("class=") == 2


def test_a_broken_upload_is_one_sentence_and_the_page_goes_on(visitor, tmp_path):
    (tmp_path / "holiday.png").write_bytes(b"no picture")
    visit = visitor().open()
    visit.pick("Upload")
    visit.page.locator("input[type=file]").first.set_input_files(tmp_path / "holiday.png")
    visit.page.get_by_text("holiday.png is not a picture").wait_for(timeout=20_000)
    assert visit.page.get_by_test_id("stException").count() == 0
    visit.pick("Sample")
    visit.overlay().wait_for()


@pytest.mark.parametrize("path", ["/", "/explore"])
def test_a_deep_link_as_first_request(visitor, fresh_server, path):
    visit = visitor(fresh_server).open(
        path, model="cam1", image="digit-7", layer="conv3", method="hirescam", **{"class": "7"}
    )
    assert visit.page.get_by_text("Where does cam1 look?").is_visible()
    assert "layer=conv3" in visit.query()
    assert "7 × 7" in visit.page.locator(".viewer .raw").inner_text()
    assert "HiResCAM" in visit.page.locator(".viewer .overlay").inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_nothing_is_wider_than_the_screen(visitor, scheme):
    visit = visitor(
        viewport={"width": 400, "height": 850}, color_scheme=scheme, has_touch=True
    ).open(model="cam1", image="digit-7")
    assert (
        visit.page.evaluate(
            """() => {
            const main = document.querySelector("[data-testid=stMain]");
            return Math.max(document.documentElement.scrollWidth, main.scrollWidth);
        }"""
        )
        <= 400
    )
    boxes = [own.bounding_box() for own in visit.page.locator(".viewer .mount").all()]
    assert len({round(box["x"]) for box in boxes}) == 1, "stacked"
    assert all(box["width"] > 300 for box in boxes)


def test_light_and_dark_both_read(visitor):
    """Text against its ground has a contrast of at least 4.5 in both."""
    for scheme in ("light", "dark"):
        visit = visitor(color_scheme=scheme).open()
        text, ground = visit.page.locator(".viewer figcaption span").first.evaluate(
            """node => {
                const paint = document.createElement("canvas").getContext("2d");
                const rgb = (colour) => {
                    paint.fillStyle = colour;
                    paint.fillRect(0, 0, 1, 1);
                    return Array.from(paint.getImageData(0, 0, 1, 1).data.slice(0, 3));
                };
                const ground = getComputedStyle(document.querySelector("[data-testid=stApp]"));
                const below = rgb(ground.backgroundColor);
                return [rgb(getComputedStyle(node).color), below];
            }"""
        )
        assert (sum(ground) < 200) == (scheme == "dark")
        assert contrast(text, ground) >= 4.5


def contrast(one: list[int], other: list[int]) -> float:
    def light(colour: list[int]) -> float:
        linear = [
            c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4
            for c in (value / 255 for value in colour)
        ]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((light(one), light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_a_drawn_digit_is_read(visitor):
    visit = visitor().open(model="cam1", image="digit-7")
    page = visit.page
    visit.pick("Draw")
    box = page.locator(".digit canvas").bounding_box()

    def draw(*points: tuple[float, float]) -> None:
        places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
        page.mouse.move(*places[0])
        page.mouse.down()
        for place in places[1:]:
            page.mouse.move(*place, steps=8)
        page.mouse.up()
        visit.overlay().wait_for()
        visit.settle()

    draw((0.5, 0.2), (0.5, 0.8))
    one = visit.pixels(visit.overlay())
    first = page.get_by_role("toolbar", name="Class").locator("[aria-pressed=true]").inner_text()
    page.locator(".digit button").click()
    visit.settle()
    draw((0.3, 0.25), (0.7, 0.25), (0.45, 0.8))
    second = page.get_by_role("toolbar", name="Class").locator("[aria-pressed=true]").inner_text()
    assert visit.pixels(visit.overlay()) != one
    assert first.startswith("1")
    assert second.startswith("7")


def test_downloads(visitor):
    shown = explained("tank-detector", "tank-sunny", "tank")
    visit = visitor().open(model="tank-detector", image="tank-sunny", **{"class": "tank"})
    visit.page.get_by_role("tab", name="Downloads").click()
    with visit.page.expect_download() as download:
        visit.page.get_by_role("button", name="raw.npy").click()
    raw = np.load(download.value.path())
    np.testing.assert_allclose(raw, shown.heatmap.raw, rtol=1e-4, atol=1e-5)


def test_the_keyboard_reads_values(visitor):
    visit = visitor().open()
    visit.raw().focus()
    visit.page.keyboard.press("ArrowRight")
    assert visit.page.locator(".readout").inner_text().startswith("Cell 8 down, 9 across")


def test_fast_clicks_end_at_the_last_one(visitor):
    visit = visitor().open(model="cam1", image="digit-7")
    page = visit.page
    for name in ("CAM", "Pad", "HiResCAM", "Digit 2", "Crop", "Layer-CAM"):
        if name.startswith("Digit"):
            page.locator(f"label[title='{name}']").click()
        else:
            page.get_by_role("radio", name=name, exact=True).click()
        page.wait_for_timeout(40)
    page.locator(".viewer .original").get_by_text("digit-2.png").wait_for()
    page.wait_for_timeout(800)
    visit.settle()
    assert "Layer-CAM" in page.locator(".viewer .overlay figcaption").inner_text()
    for part in ("image=digit-2", "method=layer-cam", "fit=crop"):
        assert part in visit.query()
