"""What a person brings is there after a change of page, after Back, and after a reload."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

pytest_plugins = ("visits",)  # the fixtures, from the file beside this one
pytestmark = pytest.mark.browser


@pytest.fixture
def photo(tmp_path):
    pixels = np.random.default_rng(1).integers(0, 255, (48, 64, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "mine.png")
    return tmp_path / "mine.png"


@pytest.fixture
def own_model(keras, tmp_path):
    x = keras.layers.Conv2D(4, 3, name="conv")(images := keras.Input((20, 20, 3)))
    answer = keras.layers.Dense(3, activation="softmax")(keras.layers.GlobalAveragePooling2D()(x))
    keras.Model(images, answer).save(tmp_path / "own.keras")
    return tmp_path / "own.keras"


def test_a_photo_and_a_model_outlive_pages_back_and_reload(visitor, photo, own_model):
    visit = visitor().open()
    page = visit.page
    page.get_by_text("Your file", exact=True).click()
    visit.settle()
    page.locator("input[type=file]").first.set_input_files(str(own_model))
    visit.settle()
    visit.pick("Upload")
    page.locator("input[type=file]").last.set_input_files(str(photo))
    visit.settle()
    visit.until(lambda: "path=upload-" in visit.query())
    visit.until(lambda: "method=" in visit.query())
    visit.overlay().wait_for()
    visit.settle()  # the address is whole once nothing is on its way
    link = visit.query()

    page.get_by_role("link", name="Compare").click()
    visit.settle()
    page.locator(".viewer .overlay").first.wait_for()
    assert page.get_by_text("mine.png, uploaded before").is_visible()
    visit.until(lambda: "path=upload-" in visit.query())
    page.reload()
    visit.settle()
    page.locator(".viewer .overlay").first.wait_for()
    assert page.get_by_text("mine.png, uploaded before").is_visible()
    page.go_back()
    visit.settle()
    visit.until_query(link)
    visit.overlay().wait_for()
    assert page.get_by_text("own.keras, uploaded before").is_visible()
    page.reload()
    visit.settle()
    visit.overlay().wait_for()
    assert page.get_by_text("mine.png, uploaded before").is_visible()
    visit.until_query(link)


def test_the_link_is_copied_and_says_what_it_cannot_hold(visitor, photo):
    visit = visitor(permissions=["clipboard-read", "clipboard-write"]).open()
    page = visit.page
    page.goto(f"{visit.address}/?path={photo}")
    visit.settle()
    visit.until(lambda: "method=" in visit.query())
    page.get_by_role("button", name="Copy link").click()
    said = page.locator("[data-testid=stSidebar] .copy [role=status]")
    visit.until(lambda: "Copied." in said.inner_text())
    assert "must be on the machine that serves it" in said.inner_text()
    assert page.evaluate("navigator.clipboard.readText()") == page.url
    assert f"path={photo}".replace("/", "%2F") in page.url


def test_learn_keeps_the_scaling_of_a_link(visitor, own_model):
    visit = visitor()
    page = visit.page
    page.goto(f"{visit.address}/learn?model={own_model}&preprocessing=-1..1&step=relu")
    visit.settle()
    visit.until(lambda: "layer=conv" in visit.query())
    assert "preprocessing=-1..1" in visit.query()
