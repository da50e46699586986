"""Learn: the frame of the lesson and its first steps, driven through their widgets."""

from __future__ import annotations

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import camcore
from pages.parts.learn.contributions import Contributions
from pages.parts.learn.lesson import Lesson
from pages.parts.learn.steps import STEPS
from tests.pages.app_page import address, assert_calm
from tests.pages.parts.learn.lesson_texts import equations, texts


@pytest.fixture
def explained(bundled_model):
    """A sample digit under cam1: score, and the map of CAM."""

    def make(digit: int) -> camcore.Explanation:
        picture = camcore.read_image(camcore.sample(f"digit-{digit}").file)
        return camcore.explain(bundled_model("cam1"), picture, method="cam")

    return make


def test_the_lesson_begins_with_a_digit(visit):
    app = visit()
    assert address(app) == {
        "step": "two-networks", "model": "cam1", "image": "digit-2", "layer": "conv4"
    }  # fmt: skip
    assert "128 feature maps of 3 × 3 cells · class: 2 (100%)" in texts(app)


@pytest.mark.parametrize("step", [own.slug for own in STEPS])
def test_every_step_has_an_address_and_something_to_say(visit, step):
    app = visit(step=step)
    assert not app.warning
    assert address(app)["step"] == step
    assert sum(len(own.value.split()) for own in app.markdown) > 20


@pytest.mark.parametrize("step", [own.slug for own in STEPS])
def test_no_step_breaks_on_a_network_without_a_pooled_head(visit, step):
    app = visit(step=step, model="tank-detector", layer="conv3", **{"class": "forest"})
    assert address(app)["layer"] == "conv3"


def test_cells_lie_where_the_networks_geometry_puts_them(visit):
    """cam1 pools without padding three times: a cell begins every 8 pixels, not every 28 / 3."""
    app = visit(step="resolution", image="digit-7")
    table = texts(app)
    assert "| cam1 | 3 × 3 | 9 | 8 |" in table
    assert "| cam2 | 28 × 28 | 784 | 1 |" in table
    app = visit(step="upsampling", image="digit-7")
    captions = " ".join(own.value for own in app.caption)
    assert "from the left: 3.5, 11.5, 19.5." in captions


def test_next_and_previous(visit):
    app = visit(step="channels")
    app.button(key="learn-head-next").click().run()
    assert address(app)["step"] == "weighted-sum"
    app.button(key="learn-foot-next").click().run()
    assert address(app)["step"] == "relu"
    app.button(key="learn-head-previous").click().run()
    assert address(app)["step"] == "weighted-sum"
    app.selectbox(key="learn-step").set_value("resolution").run()
    assert address(app)["step"] == "resolution"
    assert_calm(app)


def test_the_first_step_has_nothing_before_it_and_the_last_nothing_behind(visit):
    first = visit(step=STEPS[0].slug)
    assert first.button(key="learn-head-previous").disabled
    assert not first.button(key="learn-head-next").disabled
    last = visit(step=STEPS[-1].slug)
    assert last.button(key="learn-head-next").disabled
    assert "learn-foot-next" not in {own.key for own in last.button}


def test_a_step_that_there_is_not_is_one_sentence(visit):
    app = visit(step="magic")
    assert "the step “magic”" in app.warning[0].value.replace("\\", "")
    assert address(app)["step"] == STEPS[0].slug


def test_the_presenters_view_is_in_the_address(visit):
    app = visit(step="relu", view="presenter")
    assert app.toggle(key="learn-presenting").value
    assert address(app)["view"] == "presenter"
    app.toggle(key="learn-presenting").set_value(False).run()
    assert "view" not in address(app)
    assert_calm(app)


def test_the_class_follows_the_prediction_until_it_is_chosen(visit):
    app = visit(step="channels", image="digit-7")
    assert app.selectbox(key="learn-class").value == 7
    assert "class" not in address(app)
    app.selectbox(key="learn-class").set_value(2).run()
    assert address(app)["class"] == "2"
    assert "class: 2 (" in texts(app)
    app.selectbox(key="model-bundled").set_value("cam2").run()
    assert app.selectbox(key="learn-class").value == 7
    assert_calm(app)


def test_a_class_that_there_is_not_is_one_sentence(visit):
    app = visit(step="channels", **{"class": "eleven"})
    assert "a class that cannot be found" in app.warning[0].value


def test_channels_add_up_to_the_class_score(visit, explained):
    score = explained(7).target.score
    app = visit(step="channels", image="digit-7")
    assert f"_{{b}} = {Lesson.number(score)}\n" in equations(app)
    assert r"125\ \text{others}" in equations(app)


def test_the_mean_of_the_sum_and_the_bias_are_the_class_score(visit, explained, bundled_model):
    shown = explained(7)
    mean = float(shown.heatmap.raw.mean(dtype=np.float64))
    bias = float(bundled_model("cam1").class_weights("conv4").bias[7])
    app = visit(step="weighted-sum", image="digit-7")
    for value in (mean, bias, mean + bias, shown.target.score):
        assert Lesson.number(value) in equations(app)


def test_cam_is_nine_times_grad_cam_on_nine_cells(visit, explained):
    strongest = float(explained(7).heatmap.raw.max())
    app = visit(step="needs-gap", image="digit-7")
    assert (
        rf"{Lesson.number(strongest)} = 9 \cdot {Lesson.number(strongest / 9)} = "
        f"{Lesson.number(strongest)}"
    ) in equations(app)
    assert "| 128 | 1\u202f280 | yes" in texts(app)
    assert "3 · 3 · 128 = 1\u202f152 | 11\u202f520 | no: 9 of them" in texts(app)


def test_a_layer_without_a_pooled_head_offers_one_that_has_it(visit):
    app = visit(step="needs-gap", model="tank-detector", layer="conv3")
    app.button(key="learn-take-pooled-layer").click().run()
    assert address(app)["layer"] == "conv5"
    assert "one map" in texts(app)
    assert_calm(app)


def test_a_model_that_reads_no_digits_offers_one_that_does(visit):
    app = visit(step="resolution", model="tank-detector")
    assert "reads something else" in app.info[0].value
    app.button(key="learn-take-cam1").click().run()
    assert address(app)["model"] == "cam1"
    assert "| cam1 | 3 × 3 | 9 | 8 |" in texts(app)
    assert "| cam2 | 28 × 28 | 784 | 1 |" in texts(app)
    assert_calm(app)


def relu_of(cells: list[list[float]]) -> AppTest:
    """The step on a made-up layer of one feature map, whose only weight is 1."""

    def script(cells) -> None:
        from types import SimpleNamespace

        import numpy as np

        import camcore
        from pages.parts.learn import step_relu
        from pages.parts.learn.lesson import Lesson

        grid = np.array(cells, np.float32)
        frame = camcore.Frame(0.0, 0.0, 2.0, 2.0, 2, 2)
        layer = camcore.Layer("conv", *grid.shape, 1, "Conv2D", cam=True)
        score = np.array([grid.mean(), -grid.mean()], np.float32)
        features = camcore.Features(grid[..., None], score, score, layer, frame)
        head = camcore.ClassWeights(np.array([[1, -1]], np.float32), np.zeros(2, np.float32))
        step_relu.show(
            Lesson(
                engine=SimpleNamespace(features=lambda *_, **__: features),
                model=SimpleNamespace(class_weights=lambda _: head, class_names=("cat", "dog")),
                picture=camcore.read_image(np.zeros((2, 2, 3), np.uint8), name="a.png"),
                layer=layer,
                target=0,
                fit="stretch",
                preprocessing=None,
                presenting=False,
                choice=None,
            )
        )

    return AppTest.from_function(script, args=(cells,)).run()


def test_relu_in_numbers():
    app = relu_of([[4, -1], [0, -3]])
    assert_calm(app)
    assert "ReLU cuts **2 of 4 cells**. They sum to $-4.000$, the others to $4.000$" in texts(app)
    assert r"\frac{M_{ij} - (-3.000)}{7.000}" in equations(app)
    assert "cat becomes **0.43**" in texts(app)
    assert "dog" not in texts(app)


def test_where_relu_cuts_nothing_another_class_shows_it():
    app = relu_of([[4, 1], [2, 3]])
    assert "none of the 4 cells is below zero" in texts(app)
    assert "the weakest cell has 25% of the strongest" in texts(app)
    assert "dog, a class that the picture speaks against; for cat nothing is cut" in texts(app)
    assert "ReLU cuts **4 of 4 cells**. They sum to $-10.00$" in texts(app)
    assert r"M_{ij} = -1.000 \le 0" in equations(app)
    assert "no positive evidence" in texts(app)


def test_fine_grids_are_averaged_by_area():
    column = np.repeat([[2.0], [4.0], [9.0]], 56, axis=0).astype(np.float32)  # 168 cells
    small = Contributions(column[..., None], np.ones(1, np.float32)).small()
    assert small.shape == (1, 56, 1)
    # Three cells in one: the borders lie inside the 19th and the 38th.
    found = small[0, [0, 18, 19, 37, 38, 55], 0]
    assert found == pytest.approx([2, (2 + 2 + 4) / 3, 4, (4 + 9 + 9) / 3, 9, 9])
