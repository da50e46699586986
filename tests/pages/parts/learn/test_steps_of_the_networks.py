"""The two networks, two ways to pool, before and after softmax, early and late layers."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

import camcore
from pages.parts.learn import step_depth, step_softmax
from pages.parts.learn.lesson import Lesson
from pages.parts.learn.two_poolings import by_maximum, by_mean
from tests.pages.app_page import assert_calm
from tests.pages.parts.learn.lesson_texts import equations, texts

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


def test_depth_asks_a_probe_what_each_layer_knows(visit):
    said = texts(visit(step="depth", model="cam1", image="digit-7"))
    table = next(line for line in said.splitlines() if line.startswith("| a probe is right |"))
    shares = [int(share) for share in re.findall(r"(\d+)%", table)]
    assert shares == sorted(shares)
    assert shares[0] < shares[-1] == 100, "the point of the step"


def test_depth_compares_classes_where_no_examples_can_be_drawn(visit):
    app = visit(step="depth", model="MobileNet:weights=random", image="tank-sunny")
    assert "| layer | cells | Pearson of the two classes' raw maps |" in texts(app)
