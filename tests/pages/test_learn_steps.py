"""Learn: the steps from the two networks to the cloud detector, and the numbers they show."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import camcore
from camcore.bundled.lesson import EpochView, LiveTraining
from pages.shared.learn import (
    step_depth,
    step_draw,
    step_retrofit,
    step_softmax,
    step_training,
)
from pages.shared.learn.lesson import Lesson
from pages.shared.learn.two_poolings import by_maximum, by_mean

DASHBOARD = Path(__file__).parents[2] / "dashboard.py"


@pytest.fixture
def visit(monkeypatch) -> Callable[..., AppTest]:
    """Open the lesson at an address."""
    monkeypatch.chdir(DASHBOARD.parent)

    def open_page(**query: str) -> AppTest:
        app = AppTest.from_file(str(DASHBOARD), default_timeout=180)
        app.switch_page("pages/learn.py")
        for name, value in query.items():
            app.query_params[name] = value
        return assert_calm(app.run())

    return open_page


def assert_calm(app: AppTest) -> AppTest:
    """No traceback and no error on the page."""
    assert not app.exception
    assert not app.error, [own.value for own in app.error]
    return app


def texts(app: AppTest) -> str:
    """All text of the page, escapes taken out."""
    return "\n".join(own.value for own in [*app.markdown, *app.caption]).replace("\\", "")


def equations(app: AppTest) -> str:
    return "\n".join(own.value for own in app.latex)


@pytest.fixture
def seen(bundled_model):
    """A sample picture under a bundled model: features and, for a class, gradients."""
    engine = camcore.Engine()

    def make(model: str, sample: str):
        picture = camcore.read_image(camcore.sample(sample).file)
        return engine, bundled_model(model), picture

    return make


# The two networks


def test_both_tables_hold_all_parameters_of_the_network(visit):
    app = visit(step="two-networks", model="cam1", image="digit-7")
    before, behind = (own.value for own in app.dataframe)
    record = next(own for own in camcore.BUNDLED_MODELS if own.name == "cam1")
    assert before["parameters"].sum() + behind["parameters"].sum() == record.parameters
    assert before["layer"].iloc[-1] == "conv4"
    assert before["output"].iloc[-1] == "3 × 3 × 128"
    assert behind["layer"].to_list() == ["gap", "scores"]


def test_the_split_follows_the_layer_and_a_hall_sees_no_tables(visit):
    app = visit(step="two-networks", model="cam1", image="digit-7", layer="conv2")
    assert app.dataframe[0].value["layer"].iloc[-1] == "conv2"
    assert app.dataframe[1].value["layer"].iloc[0] == "pool2"
    app = visit(step="two-networks", model="cam1", image="digit-7", view="presenter")
    assert not app.dataframe
    assert "2 layers, 1\u202f290 parameters" in texts(app)


# Two ways to pool


def test_the_shares_of_all_cells_are_the_score():
    rng = np.random.default_rng(0)
    maps, weights = rng.normal(size=(4, 3, 6)), rng.normal(size=6)
    for pooled in (by_mean(maps, weights, 0.25), by_maximum(maps, weights, 0.25)):
        assert pooled.shares.shape == (4, 3)
        assert pooled.shares.sum() + 0.25 == pytest.approx(pooled.score, abs=1e-12)


def test_under_the_maximum_one_cell_of_a_map_is_heard():
    maps = np.zeros((3, 3, 3))
    maps[0, 1, 0] = maps[0, 1, 1] = 5.0  # two maps with one largest cell, and a silent one
    pooled = by_maximum(maps, np.array([1.0, -3.0, 9.0]), 0.0)
    assert pooled.heard == 1
    assert pooled.shares[0, 1] == -10.0
    assert np.count_nonzero(pooled.shares) == 1


def test_by_the_mean_the_score_is_the_networks_own(seen):
    engine, model, picture = seen("cam2", "digit-3")
    features, head = engine.features(model, picture), model.class_weights("conv4")
    for c in range(10):
        pooled = by_mean(features.activations, head.weights[:, c], float(head.bias[c]))
        assert pooled.score == pytest.approx(float(features.scores[c]), rel=1e-5, abs=1e-4)


def test_pooling_shows_the_networks_score(visit, seen):
    engine, model, picture = seen("cam1", "digit-7")
    app = visit(step="pooling", model="cam1", image="digit-7")
    score = float(engine.features(model, picture).scores[7])
    assert rf"= {Lesson.number(score)} \qquad y^{{\mathrm{{GMP}}}}" in equations(app)


def test_pooling_offers_the_layer_that_is_pooled(visit):
    app = visit(step="pooling", model="cam1", image="digit-7", layer="conv2")
    assert "Behind conv2 the maps go on through other layers" in app.info[0].value
    app.button(key="learn-take-pooled-layer").click().run()
    assert_calm(app)
    assert app.selectbox(key="map-layer").value == "conv4"
    assert r"\mathrm{GMP}" in equations(app)


def test_pooling_offers_a_model_where_none_of_the_layers_is_pooled(visit):
    app = visit(step="pooling", model="MobileNetV3Small:weights=random")
    assert "there are no class weights" in app.info[0].value
    app.button(key="learn-take-cam1").click().run()
    assert r"\mathrm{GMP}" in equations(assert_calm(app))


# Before and after softmax


def test_what_is_left_to_one_does_not_vanish():
    p, rest = step_softmax._probability(np.array([0.0, math.log(3)]), 1, True)
    assert (p, rest) == pytest.approx((0.75, 0.25), rel=1e-12)
    p, rest = step_softmax._probability(np.array([0.0, 50.0, 0.0]), 1, True)
    assert p == 1.0
    assert rest == pytest.approx(2 * math.exp(-50), rel=1e-12)
    p, rest = step_softmax._probability(np.array([-40.0, 40.0]), 1, False)
    assert (p, rest) == pytest.approx((1.0, math.exp(-40)), rel=1e-12)


def test_the_equation_of_the_probability_holds(seen):
    """dp/dA = p (1 - p) (dy_c/dA - sum_j q_j dy_j/dA), with the numbers that the step shows."""
    engine, model, picture = seen("tank-detector", "tank-sunny")
    scores = engine.features(model, picture).scores.astype(np.float64)
    p, rest = step_softmax._probability(scores, 1, True)
    forest, tank = (engine.gradients(model, picture, c).astype(np.float64) for c in (0, 1))
    of_probability = engine.gradients(model, picture, 1, of="probability")
    assert np.abs(of_probability).max() > 1e-5
    np.testing.assert_allclose(of_probability, p * rest * (tank - forest), rtol=1e-3, atol=1e-9)


def test_a_saturated_answer_says_how_little_is_left(visit, seen):
    engine, model, picture = seen("cam1", "digit-7")
    scores = engine.features(model, picture).scores.astype(np.float64)
    others = np.exp(np.delete(scores, 7) - scores[7])
    app = visit(step="softmax", model="cam1", image="digit-7")
    assert others.sum() < 1e-12
    assert app.latex[0].value.strip("$\n").endswith(f"= {Lesson.number(others.sum())}")
    assert f"**4** ${Lesson.number(others[4] / others.sum())}$" in texts(app)
    assert "this probability is exactly 1" in texts(app)


def test_where_nothing_is_left_it_is_said_in_words(visit, keras, tmp_path):
    images = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(2, 3, activation="relu", name="late")(images)
    x = keras.layers.GlobalAveragePooling2D()(x)
    head = keras.layers.Dense(2, activation="softmax")
    model = keras.Model(images, head(x))
    head.set_weights([np.array([[1e-3, 0], [0, 1e-3]]), np.array([0.0, 200.0])])
    model.save(tmp_path / "sure.keras")
    said = texts(visit(step="softmax", model=str(tmp_path / "sure.keras")))
    assert "It says **no positive evidence** for class 1" in said


def test_a_class_that_is_not_the_answer_is_told_apart(visit):
    said = texts(visit(step="softmax", model="cam1", image="digit-7", **{"class": "3"}))
    assert "sure that it is another class" in said


def test_softmax_of_a_sure_answer_is_told_apart_from_an_unsure_one(visit):
    said = texts(visit(step="softmax", model="tank-detector", image="tank-sunny"))
    assert "exactly 1" not in said
    assert "Here the network is not sure" in said


# Early and late layers


def layers(*rows: tuple[str, int, str]) -> tuple[camcore.Layer, ...]:
    return tuple(camcore.Layer(name, side, side, 8, kind) for name, side, kind in rows)


def test_the_last_layer_of_each_grid_is_taken_early_ones_first():
    vgg = layers(
        *(
            row
            for block, side, count in ((1, 224, 2), (2, 112, 2), (3, 56, 3), (4, 28, 3), (5, 14, 3))
            for row in (
                *((f"block{block}_conv{i}", side, "Conv2D") for i in range(1, count + 1)),
                (f"block{block}_pool", side // 2, "MaxPooling2D"),
            )
        )
    )
    taken = [own.name for own in step_depth.spread_layers(vgg)]
    assert taken == [
        "block1_conv2", "block2_conv2", "block3_conv3", "block4_conv3", "block5_conv3"
    ]  # fmt: skip


def test_one_grid_gives_its_convolutions_from_first_to_last():
    same = layers(*((f"conv{i}", 28, "Conv2D") for i in range(1, 10)), ("act", 28, "ReLU"))
    taken = [own.name for own in step_depth.spread_layers(same)]
    assert taken == ["conv1", "conv3", "conv5", "conv7", "conv9"]


def test_many_grids_keep_the_first_and_the_last_ones():
    many = layers(*((f"conv{side}", side, "Conv2D") for side in (64, 32, 16, 8, 4, 2)))
    taken = [own.name for own in step_depth.spread_layers(many)]
    assert taken == ["conv64", "conv16", "conv8", "conv4", "conv2"]


def test_pooling_alone_is_still_a_layer():
    assert len(step_depth.spread_layers(layers(("pool", 4, "MaxPooling2D")))) == 1


def test_depth_compares_the_class_with_its_rival_at_each_layer(visit):
    said = texts(visit(step="depth", model="cam1", image="digit-7"))
    assert "Does the layer tell 7 from 4?" in said
    for name, side in (("conv1", 28), ("conv2", 14), ("conv3", 7), ("conv4", 3)):
        assert f"| {name} | {side} × {side} |" in said


# Draw a digit


def test_drawing_begins_with_a_hint_and_needs_no_model(visit):
    app = visit(step="draw", model="tank-detector")
    assert "write one digit" in app.info[0].value
    assert not app.dataframe


def test_a_drawing_is_read_by_both_networks(visit, monkeypatch):
    png = camcore.sample("digit-7").file.read_bytes()
    monkeypatch.setattr(step_draw, "draw_digit", lambda key: png)
    app = visit(step="draw", model="tank-detector")
    table = app.dataframe[0].value
    assert table["digit"].to_list() == list("0123456789")
    for name in ("cam1", "cam2"):
        assert table[name].to_numpy().argmax() == 7
        assert table[name].sum() == pytest.approx(1, abs=1e-5)
    assert "cam1** reads **7" in texts(app)
    assert "of the evidence for 7 lies in" in texts(app)


# Retrofit


def test_the_retrofit_says_what_it_costs_and_whose_weights_it_takes(visit, monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    app = visit(step="retrofit", model="cam1")
    assert app.button(key="learn-retrofit-start").label.endswith("60 scenes")
    assert "a minute on two processor cores" in texts(app)
    assert "its convolutions are random here" in texts(app)


def test_weights_count_only_when_they_are_all_there(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    file = tmp_path / "models" / "vgg16_weights_tf_dim_ordering_tf_kernels.h5"
    file.parent.mkdir()
    for size, name in ((1000, "VGG16:weights=random"), (553_467_096, "VGG16")):
        with open(file, "wb") as stream:
            stream.truncate(size)  # a hole in the file takes no room
        assert step_retrofit._backbone().name == name


@pytest.mark.slow
def test_the_retrofit_gives_cam_where_there_was_none(visit, monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(step_retrofit, "_SCENES", 16)
    kept: dict[str, step_retrofit.Ready] = {}
    monkeypatch.setattr(step_retrofit, "_made", lambda: kept)
    app = visit(step="retrofit", model="cam1")
    app.button(key="learn-retrofit-start").click().run()
    said = texts(assert_calm(app))
    assert "Fitted to 16 scenes" in said
    assert "CAM needs global average pooling" in said
    [made] = kept.values()
    assert made.model.class_weights(made.model.default_layer).weights.shape == (512, 2)


# A training


def view(epoch: int, of: int = 2) -> EpochView:
    probabilities = np.full(10, 0.01, np.float32)
    probabilities[7] = 0.91
    raw = np.arange(9, dtype=np.float32).reshape(3, 3)
    return EpochView(epoch, of, 1 / epoch, 0.5, 0.25 * epoch, 7, raw, probabilities, probabilities)


def kept(app: AppTest) -> step_training.Kept | None:
    return app.session_state["learn-training-kept"]


def test_a_training_grows_and_its_result_stays(visit, monkeypatch, bundled_model):
    seeds = []

    def train(epochs, *, seed, digit, progress):
        seeds.append(seed)
        views = [view(1), view(2)]
        for own in views:
            progress(own)
        return LiveTraining(tuple(views), "drawn digits", digit.pixels, bundled_model("cam1"))

    monkeypatch.setattr(step_training, "train_live", train)
    app = visit(step="training", model="cam1", image="digit-7")
    assert "Epoch" not in texts(app)
    app.button(key="learn-training-start").click().run()
    said = texts(assert_calm(app))
    assert "Epoch 2 of 2" in said
    assert "on **50.0%** of those held out" in said
    assert "drawn by the program" in said
    app.run()
    assert "Epoch 2 of 2" in texts(app)
    app.button(key="learn-training-start").click().run()
    assert seeds == [0, 1]
    assert kept(assert_calm(app)).seed == 1


def test_a_stopped_training_keeps_what_it_has(visit, monkeypatch):
    def stopped(key, title, work, place, *, show):
        show((view(1),))

    monkeypatch.setattr(step_training, "run_with_progress", stopped)
    app = visit(step="training", model="cam1", image="digit-7")
    app.button(key="learn-training-start").click().run()
    assert "Epoch 1 of 2" in texts(assert_calm(app))
    assert app.button(key="learn-training-start").label.startswith("Train again")


def test_a_training_that_fails_is_one_sentence_and_can_be_tried_again(visit, monkeypatch):
    def fails(key, title, work, place, *, show):
        raise camcore.InputError("the digits are gone; fetch them.")

    monkeypatch.setattr(step_training, "run_with_progress", fails)
    app = visit(step="training", model="cam1", image="digit-7")
    app.button(key="learn-training-start").click().run()
    assert not app.exception
    assert [own.value for own in app.error] == ["The digits are gone; fetch them."]
    app.run()
    assert_calm(app)
    assert app.button(key="learn-training-start").label == "Train"


def test_a_scene_is_not_watched_by_a_network_of_digits(visit, monkeypatch):
    watched = []

    def once(key, title, work, place, *, show):
        watched.append(key[-1])

    monkeypatch.setattr(step_training, "run_with_progress", once)
    app = visit(step="training", model="tank-detector", image="tank-sunny")
    app.button(key="learn-training-start").click().run()
    assert watched == [camcore.read_image(camcore.sample("digit-2").file).sha256]


# The cloud detector


def test_the_story_is_told_by_the_networks_answers(visit):
    app = visit(step="cloud-detector", model="cam1")
    said = texts(app)
    answers = [line for line in said.split("\n") if line.endswith(("· right", "· **wrong**"))]
    assert len(answers) == 6
    assert [line.rsplit(" ", 1)[-1] for line in answers] == [
        "right", "right", "**wrong**", "**wrong**", "right", "right"
    ]  # fmt: skip
    assert "Right on 0.0% of the field's pictures" in said


def test_the_story_ends_on_the_audit_page_ready_to_start(visit):
    app = visit(step="cloud-detector", model="cam1")
    app.switch_page("pages/audit.py").run()
    app.button_group(key="audit-source").set_value(["Path"]).run()
    app.switch_page("pages/learn.py").run()
    app.selectbox(key="learn-step").set_value("cloud-detector").run()
    app.button(key="learn-to-audit").click().run()
    assert_calm(app)
    assert app.button(key="audit-start").label == "Start the audit"
    assert app.selectbox(key="model-bundled").value == "cloud-detector"
    assert "The legend's laboratory" in texts(app)
