"""Explore as people use it: in a browser, with the mouse and the keyboard."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import camcore

pytest_plugins = ("visits",)  # the fixtures, from the file beside this one
pytestmark = pytest.mark.browser


def test_the_first_visit_shows_a_picture_and_its_map(visitor):
    visit = visitor().open()
    visit.page.get_by_text("of the evidence for tank lies in").wait_for()
    visit.until(lambda: visit.page.locator(".viewer canvas[role=img]").count() == 3)
    for canvas in visit.page.locator(".viewer canvas[role=img]").all():
        assert len(canvas.get_attribute("aria-label")) > 10
    plain = visit.pixels(visit.page.locator(".viewer .original canvas"))
    visit.until(lambda: visit.pixels(visit.overlay()) != plain)
    visit.until(lambda: "model=cloud-detector" in visit.query())


def test_model_layer_class_and_sample_change_the_map(visitor):
    visit = visitor().open()
    page = visit.page
    views = [visit.pixels(visit.overlay())]

    def changed() -> None:
        visit.until(lambda: visit.pixels(visit.overlay()) not in views)
        views.append(visit.pixels(visit.overlay()))

    visit.choose("Bundled model", "tank-detector")
    changed()
    visit.until(lambda: "model=tank-detector" in visit.query())
    visit.choose("Layer", "conv3 ·")
    changed()
    visit.until(lambda: "32 × 32" in page.locator(".viewer .raw").inner_text())
    visit.until(lambda: "layer=conv3" in visit.query())
    visit.choose("Method", "Layer-CAM")
    changed()
    page.locator("label[title*='behind a bush']").click()
    visit.settle()
    changed()
    visit.until(lambda: "image=tank-hidden" in visit.query())


def test_a_slide_is_copied_to_the_clipboard(visitor):
    visit = visitor(permissions=["clipboard-read", "clipboard-write"]).open(model="cam1")
    page = visit.page
    page.get_by_role("tab", name="Downloads").click()
    page.get_by_role("button", name="Copy slide").click()
    page.get_by_text("Copied.", exact=True).wait_for(timeout=60_000)
    size = page.evaluate(
        """async () => {
            const [item] = await navigator.clipboard.read();
            const bitmap = await createImageBitmap(await item.getType("image/png"));
            return [bitmap.width, bitmap.height];
        }"""
    )
    assert size == [1920, 1080]


def test_a_broken_upload_is_one_sentence_and_the_page_goes_on(visitor, tmp_path):
    (tmp_path / "holiday.png").write_bytes(b"no picture")
    visit = visitor().open()
    visit.pick("Upload")
    visit.page.locator("input[type=file]").first.set_input_files(tmp_path / "holiday.png")
    visit.page.get_by_text("holiday.png is not a picture").wait_for(timeout=20_000)
    assert visit.page.get_by_test_id("stException").count() == 0
    visit.pick("Sample")
    visit.overlay().wait_for()


def test_the_answers_under_a_guessed_scaling_open_once(visitor, keras, tmp_path):
    images = keras.Input((20, 20, 3))
    x = keras.layers.Conv2D(4, 3, activation="relu")(images)
    x = keras.layers.GlobalAveragePooling2D()(x)
    keras.Model(images, keras.layers.Dense(3, activation="softmax")(x)).save(tmp_path / "own.keras")
    visit = visitor(viewport={"width": 1400, "height": 1600}).open()
    page = visit.page
    visit.pick("Your file")
    page.locator("input[type=file]").first.set_input_files(tmp_path / "own.keras")
    guess = page.get_by_text("Pixel scaling is a guess (")
    label = page.get_by_text("Compare the answers under each scaling")
    table = page.get_by_role("columnheader", name="Pixels as")
    guess.wait_for(timeout=60_000)
    visit.settle()
    table.wait_for()  # open the first time, while the choice is the guess
    visit.choose("Pixels as", "caffe")
    page.get_by_text("Pixel scaling was chosen").wait_for()
    assert table.is_visible(), "choosing does not close it"
    label.click()
    table.wait_for(state="hidden")
    visit.settle()
    visit.pick("Pad")
    assert not table.is_visible(), "closed, it stays closed"
    visit.pick("Bundled")
    visit.pick("Your file")
    page.locator("input[type=file]").first.set_input_files(tmp_path / "own.keras")
    label.wait_for(timeout=60_000)
    visit.settle()
    assert not table.is_visible(), "and does not open again"


@pytest.mark.parametrize("path", ["/", "/explore"])
def test_a_deep_link_as_first_request(visitor, fresh_server, path):
    visit = visitor(fresh_server).open(
        path, model="cam1", image="digit-7", layer="conv3", method="hirescam", **{"class": "7"}
    )
    visit.page.get_by_text("Where does cam1 look?").wait_for()
    visit.until(lambda: "layer=conv3" in visit.query())
    visit.until(lambda: "7 × 7" in visit.page.locator(".viewer .raw").inner_text())
    visit.until(lambda: "HiResCAM" in visit.page.locator(".viewer .overlay").inner_text())


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
    pressed = page.get_by_role("toolbar", name="Class").locator("[aria-pressed=true]")
    visit.until(lambda: pressed.inner_text().startswith("1"))
    one = visit.pixels(visit.overlay())
    page.locator(".digit button").click()
    visit.settle()
    draw((0.3, 0.25), (0.7, 0.25), (0.45, 0.8))
    visit.until(lambda: pressed.inner_text().startswith("7"))
    visit.until(lambda: visit.pixels(visit.overlay()) != one)


def test_downloads(visitor):
    picture = camcore.read_image(camcore.sample("tank-sunny").file)
    shown = camcore.explain(camcore.load_model("tank-detector"), picture, target="tank")
    visit = visitor().open(model="tank-detector", image="tank-sunny", **{"class": "tank"})
    visit.page.get_by_role("tab", name="Downloads").click()
    with visit.page.expect_download() as download:
        visit.page.get_by_role("button", name="raw.npy").click()
    raw = np.load(download.value.path())
    np.testing.assert_allclose(raw, shown.heatmap.raw, rtol=1e-4, atol=1e-5)


def test_fast_clicks_end_at_the_last_one(visitor):
    visit = visitor().open(model="cam1", image="digit-7")
    page = visit.page
    for name in ("Crop", "Digit 5", "Pad", "Digit 2", "Stretch", "Crop"):
        if name.startswith("Digit"):
            page.locator(f"label[title='{name}']").click()
        else:
            page.get_by_role("radio", name=name, exact=True).click()
        page.wait_for_timeout(40)
    page.locator(".viewer .original").get_by_text("digit-2.png").wait_for()
    visit.settle()
    for part in ("image=digit-2", "fit=crop"):
        visit.until(lambda part=part: part in visit.query())


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


def test_many_passes_say_their_cost_show_their_progress_and_stop(visitor):
    visit = visitor()
    page = visit.page
    page.goto(f"{visit.address}/?model=VGG16:weights%3Drandom&method=score-cam")
    page.get_by_text("Score-CAM makes 512 forward passes of the whole model").wait_for(
        timeout=120_000
    )
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_text(re.compile(r"Score-CAM: \d+ of \d+, about .* left")).wait_for(timeout=120_000)
    main = page.get_by_test_id("stMainBlockContainer")
    main.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_text("Score-CAM was stopped.").wait_for(timeout=60_000)
    visit.choose("Method", "Grad-CAM")
    visit.overlay().wait_for()
    assert page.get_by_text("was stopped").count() == 0


@pytest.mark.parametrize("first", ["Learn", "Compare"])
def test_what_is_chosen_goes_along_from_page_to_page(visitor, first):
    visit = visitor()
    page = visit.page
    page.goto(f"{visit.address}/{first.lower()}?model=cam2&image=digit-5")
    page.get_by_text("cam2").first.wait_for(timeout=120_000)
    visit.settle()
    page.get_by_role("link", name="Explore").click()
    page.get_by_text("Where does cam2 look?").wait_for(timeout=60_000)
    visit.overlay().wait_for(timeout=60_000)
    visit.settle()
    page.locator(".viewer .original").get_by_text("digit-5.png").wait_for()
    visit.until(lambda: "model=cam2" in visit.query())
    visit.until(lambda: "image=digit-5" in visit.query())


def drop(visit, name: str, content: bytes) -> None:
    """Drag a file over the middle of the page, see that the page says so, and let it go."""
    visit.page.evaluate(
        """([name, bytes]) => {
            const files = new DataTransfer();
            files.items.add(new File([new Uint8Array(bytes)], name));
            const place = document.querySelector("[data-testid=stMain]");
            const act = (kind) => place.dispatchEvent(
                new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: files }));
            act("dragenter");
            window.coverShown = document.querySelector(".camaudit-drop").checkVisibility();
            act("dragover");
            act("drop");
        }""",
        [name, list(content)],
    )
    assert visit.page.evaluate("window.coverShown")
    assert not visit.page.locator(".camaudit-drop").is_visible()


def test_a_file_dropped_anywhere_is_taken_or_named(visitor):
    visit = visitor().open()
    visit.page.get_by_text("of the evidence for tank lies in").wait_for()
    visit.settle()
    drop(visit, "notes.docx", b"no picture")
    visit.page.get_by_text("notes.docx was dropped, which is read neither").wait_for()
    photo = Path(camcore.sample("tank-hidden").file)
    drop(visit, f"brought{photo.suffix}", photo.read_bytes())
    visit.until(lambda: "path=upload-" in visit.query())
    visit.settle()
    assert visit.page.get_by_text(f"brought{photo.suffix}").count()
