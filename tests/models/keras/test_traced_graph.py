"""The traced graph itself: cuts hold only what they need, and its own gradient is the usual one."""

from __future__ import annotations

import numpy as np
import pytest

from camcore.errors import ModelError
from camcore.models.keras.classifier import KerasClassifier
from camcore.models.keras.outputs import as_matrix
from camcore.models.keras.traced_graph import TracedGraph, walk


@pytest.mark.parametrize("turned_a", [False, True])
@pytest.mark.parametrize("turned_b", [False, True])
def test_the_matrix_gradient_is_the_usual_one(keras, turned_a, turned_b):
    import tensorflow as tf

    rng = np.random.default_rng(0)
    a = rng.normal(size=(4, 3) if turned_a else (3, 4)).astype(np.float32)
    b = rng.normal(size=(5, 4) if turned_b else (4, 5)).astype(np.float32)
    slope = rng.normal(size=(3, 5)).astype(np.float32)

    def gradients(overrides):
        with tf.Graph().as_default() as graph, tf.compat.v1.Session() as session:
            left, right = tf.constant(a), tf.constant(b)
            with graph.gradient_override_map(overrides):
                product = tf.matmul(left, right, turned_a, turned_b)
            return session.run(tf.gradients(product, [left, right], grad_ys=slope))

    for own, usual in zip(gradients({"MatMul": "CamcoreMatMul"}), gradients({}), strict=True):
        np.testing.assert_allclose(own, usual, rtol=1e-5, atol=1e-6)


def test_a_backward_cut_reads_only_the_weights_behind_its_layer(gap_model):
    graph = TracedGraph(gap_model, (12, 12, 3))
    late = next(tap for tap in graph.taps if tap.name == "late")
    scores = graph.results
    targets, gradients, residuals = graph.differentiate(scores, late.tensor)
    backward = graph.function([targets, *residuals], [gradients])
    kinds = [op.type for op in backward.graph.get_operations()]
    assert "Conv2D" not in kinds
    assert kinds.count("ReadVariableOp") <= 2


def test_walking_opens_nested_models(keras):
    inner = keras.Sequential(
        [keras.Input((6, 6, 3)), keras.layers.Conv2D(2, 3, name="conv")], name="inner"
    )
    outer = keras.Sequential(
        [keras.Input((6, 6, 3)), inner, keras.layers.Flatten(name="flat")], name="outer"
    )
    assert [path for path, _ in walk(outer)] == ["inner/conv", "flat"]


def test_a_layer_used_twice_has_two_maps(keras):
    inputs = keras.Input((8, 8, 3))
    conv = keras.layers.Conv2D(3, 3, padding="same", name="conv")
    x = keras.layers.Flatten()(conv(conv(inputs)))
    classifier = KerasClassifier(keras.Model(inputs, keras.layers.Dense(2)(x)))
    assert [layer.name for layer in classifier.layers] == ["conv", "conv:2"]


def test_layers_that_the_output_ignores_are_not_offered(keras):
    inputs = keras.Input((8, 8, 3))
    used = keras.layers.Conv2D(3, 3, name="used")(inputs)
    aside = keras.layers.Conv2D(3, 3, name="aside")(inputs)
    outputs = {
        "main": keras.layers.Dense(2)(keras.layers.Flatten()(used)),
        "other": keras.layers.Dense(2)(keras.layers.Flatten()(aside)),
    }
    model = keras.Model(inputs, outputs)
    main, other = (KerasClassifier(model, output=name) for name in ("main", "other"))
    assert [layer.name for layer in main.layers] == ["used"]
    assert [layer.name for layer in other.layers] == ["aside"]


def test_outputs_that_are_no_row_of_numbers_are_refused(keras):
    import tensorflow as tf

    with tf.Graph().as_default():
        wide = tf.zeros((2, 1, 1, 7))
        assert tuple(as_matrix("scores", wide).shape) == (2, 7)
        with pytest.raises(ModelError, match="'mask' has shape 4 x 4 x 2"):
            as_matrix("mask", tf.zeros((2, 4, 4, 2)))
