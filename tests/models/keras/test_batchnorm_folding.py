"""Merging: the weights are those that algebra gives, and only what may be merged is merged."""

from __future__ import annotations

import numpy as np
import pytest

from camcore.models.keras.batchnorm_folding import merge, merged_function
from camcore.models.keras.traced_graph import TracedGraph


def normalised(keras, model, gamma, beta, mean, variance):
    """Set the one batch normalisation of a model, whose epsilon is 0."""
    (layer,) = (own for own in model.layers if "batch" in own.name)
    layer.set_weights([np.broadcast_to(v, 2) for v in (gamma, beta, mean, variance)])
    return TracedGraph(model, model.input_shape[1:])


def merged_values(graph):
    """Weights and offset of the one convolution that is merged."""
    replaced = merge(graph, [graph.images], [graph.results])
    by_kind = {own.kind: own.value.numpy() for own in replaced.values()}
    offset = by_kind.pop("BiasAdd")
    (weights,) = by_kind.values()
    assert len(replaced) == 2
    return weights, offset


def kinds(function):
    graph = getattr(function, "func", function).graph
    return [operation.type for operation in graph.get_operations()]


def test_weights_and_offset_are_those_of_the_algebra(keras):
    inputs = keras.Input((4, 4, 1))
    conv = keras.layers.Conv2D(2, 1, bias_initializer="ones")
    x = keras.layers.BatchNormalization(epsilon=0)(conv(inputs))
    model = keras.Model(inputs, keras.layers.ReLU()(x))
    conv.set_weights([np.array([[[[2.0, 4.0]]]]), np.array([1.0, 3.0])])
    # (w x + b - 5) * 3 / 2 + 1
    graph = normalised(keras, model, gamma=3, beta=1, mean=5, variance=4)
    weights, offset = merged_values(graph)
    np.testing.assert_array_equal(weights, [[[[3.0, 6.0]]]])
    np.testing.assert_array_equal(offset, [-5.0, -2.0])
    function = merged_function(graph, [graph.images], [graph.results])
    batch = np.arange(16, dtype=np.float32).reshape(1, 4, 4, 1)
    expected = np.concatenate([3 * batch - 5, 6 * batch - 2], axis=-1)
    np.testing.assert_array_equal(function(batch)[0], np.maximum(expected, 0))
    assert {"Mul", "AddV2", "ReadVariableOp"}.isdisjoint(kinds(function))


def test_a_depthwise_convolution_takes_one_factor_an_output(keras):
    inputs = keras.Input((4, 4, 1))
    conv = keras.layers.DepthwiseConv2D(1, depth_multiplier=2, use_bias=False)
    model = keras.Model(inputs, keras.layers.BatchNormalization(epsilon=0)(conv(inputs)))
    conv.set_weights([np.array([[[[2.0, 4.0]]]])])
    graph = normalised(keras, model, gamma=(1, 10), beta=(0, 7), mean=0, variance=1)
    weights, offset = merged_values(graph)
    np.testing.assert_array_equal(weights, [[[[2.0, 40.0]]]])
    np.testing.assert_array_equal(offset, [0.0, 7.0])


@pytest.mark.parametrize("multiplier", [1, 2])
def test_several_channels_keep_their_order(keras, images, multiplier):
    keras.utils.set_random_seed(0)
    inputs = keras.Input((6, 6, 3))
    x = keras.layers.DepthwiseConv2D(3, depth_multiplier=multiplier)(inputs)
    x = keras.layers.BatchNormalization(name="norm")(x)
    model = keras.Model(inputs, keras.layers.ReLU(6.0)(x))
    rng = np.random.default_rng(1)
    norm = model.get_layer("norm")
    norm.set_weights([rng.uniform(0.5, 2, w.shape) for w in norm.get_weights()])
    graph = TracedGraph(model, (6, 6, 3))
    function = merged_function(graph, [graph.images], [graph.results])
    batch = images(3, (6, 6, 3))
    np.testing.assert_allclose(function(batch)[0], np.asarray(model(batch)), rtol=1e-5, atol=1e-6)


def activation_between(keras, x):
    return keras.layers.BatchNormalization()(keras.layers.ReLU()(x))


def second_reader(keras, x):
    return keras.layers.Add()([x, keras.layers.BatchNormalization()(x)])


def factor_of_the_image(keras, x):
    gate = keras.layers.GlobalAveragePooling2D(keepdims=True)(x)
    return keras.layers.Multiply()([x, gate])


def another_map(keras, x):
    return keras.layers.Add()([x, keras.layers.ReLU()(x)])


def bias_alone(keras, x):
    return keras.layers.ReLU()(x)


@pytest.mark.parametrize(
    "ending", [activation_between, second_reader, factor_of_the_image, another_map, bias_alone]
)
def test_what_may_not_be_merged_stays(keras, ending):
    inputs = keras.Input((6, 6, 3))
    x = keras.layers.Conv2D(2, 3)(inputs)
    graph = TracedGraph(keras.Model(inputs, ending(keras, x)), (6, 6, 3))
    assert merge(graph, [graph.images], [graph.results]) == {}
    assert merged_function(graph, [graph.images], [graph.results]).captured_inputs


def test_a_map_that_is_asked_for_is_given_as_it_is(keras, images):
    inputs = keras.Input((6, 6, 3))
    x = keras.layers.Conv2D(2, 3, name="conv")(inputs)
    model = keras.Model(inputs, keras.layers.BatchNormalization(name="norm")(x))
    rng = np.random.default_rng(1)
    norm = model.get_layer("norm")
    norm.set_weights([rng.uniform(0.5, 2, w.shape) for w in norm.get_weights()])
    graph = TracedGraph(model, (6, 6, 3))
    conv = next(tap.tensor for tap in graph.taps if tap.name == "conv")
    batch = images(2, (6, 6, 3))
    function = merged_function(graph, [graph.images], [conv, graph.results])
    before, after = function(batch)
    np.testing.assert_allclose(before, model.get_layer("conv")(batch), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(after, np.asarray(model(batch)), rtol=1e-5, atol=1e-6)
