"""Keras models through the protocol: exact oracles, every shape of model, no retracing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from camcore import methods
from camcore.errors import InputError, ModelError
from camcore.mapping import raw_maps
from camcore.models.keras_classifier import KerasClassifier

GAP_MODELS = ["Xception", "ResNet50"]


def raw(classifier, batch, layer, targets, method):
    forward = classifier.forward(batch, layer)
    return raw_maps(classifier, forward, targets, methods.METHODS[method])


def assert_identity(classifier, images):
    """CAM = H*W * Grad-CAM, and mean(CAM) + bias = logit, to float precision."""
    layer = classifier.default_layer
    batch = images(2, classifier.input_shape)
    forward = classifier.forward(batch, layer)
    targets = [0, len(classifier.class_names) - 1]
    cam = raw_maps(classifier, forward, targets, methods.METHODS["cam"])
    grad = raw_maps(classifier, forward, targets, methods.METHODS["grad-cam"])
    cells = cam.shape[1] * cam.shape[2]
    scale = np.abs(cam).max()
    np.testing.assert_allclose(cam, cells * grad, atol=1e-5 * scale, rtol=1e-4)
    logits = forward.scores[[0, 1], targets]
    bias = classifier.class_weights(layer).bias[targets]
    np.testing.assert_allclose(cam.mean(axis=(1, 2)) + bias, logits, atol=1e-5 * scale, rtol=1e-4)
    hires = raw_maps(classifier, forward, targets, methods.METHODS["hirescam"])
    np.testing.assert_allclose(hires, grad, atol=1e-5 * scale, rtol=1e-4)


@pytest.mark.parametrize("name", ["cam1", "cam2", "cloud-detector", "tank-detector"])
def test_cam_is_gradcam_on_bundled_models(bundled_model, images, name):
    classifier = bundled_model(name)
    assert_identity(classifier, lambda n, shape: (images(n, shape) + 1) * 127.5)


@pytest.mark.parametrize("name", GAP_MODELS)
def test_cam_is_gradcam_on_xception_and_resnet(catalogue_model, images, name):
    assert_identity(catalogue_model(name), images)


def head_of(keras, model, layer):
    """The rest of a functional model behind one layer, ending in the logits."""
    tail = keras.models.clone_model(model, clone_function=lambda own: own)
    dense = tail.layers[-1]
    rest = keras.Model(tail.get_layer(layer).output, dense.input)
    kernel, bias = (np.asarray(v, np.float64) for v in dense.get_weights())
    return lambda maps: np.asarray(rest(maps.astype(np.float32))) @ kernel + bias


@pytest.mark.parametrize("layer", ["early", "late"])
def test_gradients_agree_with_central_differences(keras, tiny_model, images, layer):
    classifier = KerasClassifier(tiny_model, preprocessing="none")
    forward = classifier.forward(images(1, classifier.input_shape), layer)
    gradients = classifier.gradients(forward, [2])[0]
    head = head_of(keras, tiny_model, layer)
    np.testing.assert_allclose(head(forward.activations), forward.scores, rtol=1e-4, atol=1e-5)
    rng = np.random.default_rng(0)
    step = 1e-2
    for _ in range(12):
        cell = tuple(int(rng.integers(0, n)) for n in gradients.shape)
        above, below = forward.activations.copy(), forward.activations.copy()
        above[(0, *cell)] += step
        below[(0, *cell)] -= step
        slope = (head(above)[0, 2] - head(below)[0, 2]) / (2 * step)
        assert gradients[cell] == pytest.approx(slope, rel=2e-2, abs=2e-4)


def test_the_published_three_by_three_case(keras):
    """A 3x3 convolution of ones over 0..15 gives [[45, 54], [81, 90]] on both of its channels;
    weights 1 on all of the first and -1 on three cells of the second average to 1 and -3/4."""
    images = keras.Input((4, 4, 1))
    conv = keras.layers.Conv2D(2, 3, use_bias=False, activation="relu", name="conv")
    x = keras.layers.Flatten()(conv(images))
    dense = keras.layers.Dense(2, use_bias=False)
    model = keras.Model(images, dense(x))
    conv.set_weights([np.ones((3, 3, 1, 2))])
    second = np.array([-1.0, -1.0, -1.0, 0.0])
    dense.set_weights([np.stack([np.column_stack([np.ones(4), second]).ravel(), np.zeros(8)], 1)])
    classifier = KerasClassifier(model, preprocessing="none", output_kind="logits")
    batch = np.arange(16, dtype=np.float32).reshape(1, 4, 4, 1)
    expected = [[11.25, 13.5], [20.25, 22.5]]
    np.testing.assert_allclose(raw(classifier, batch, "conv", [0], "grad-cam")[0], expected)


@pytest.mark.parametrize(
    "method", ["grad-cam", "grad-cam++", "xgrad-cam", "hirescam", "layer-cam", "eigen-cam"]
)
def test_one_image_equals_the_same_image_in_a_batch(tiny_model, images, method):
    classifier = KerasClassifier(tiny_model, preprocessing="none")
    batch = images(4, classifier.input_shape)
    together = raw(classifier, batch, "early", [0, 1, 2, 0], method)
    alone = raw(classifier, batch[2:3], "early", [2], method)
    np.testing.assert_allclose(together[2], alone[0], rtol=1e-4, atol=1e-6)


def test_several_targets_of_one_image_equal_each_alone(tiny_model, images):
    classifier = KerasClassifier(tiny_model, preprocessing="none")
    forward = classifier.forward(images(1, classifier.input_shape), "early")
    together = classifier.gradients(forward, [2, 0, 1])
    for row, target in enumerate([2, 0, 1]):
        alone = classifier.gradients(forward, [target])
        np.testing.assert_allclose(together[row], alone[0], rtol=1e-4, atol=1e-7)


def test_another_class_another_image_and_another_method_never_trace_again(keras, images):
    traces = []

    @keras.saving.register_keras_serializable(package="tests")
    class Counting(keras.layers.Layer):
        def call(self, x):
            traces.append(1)
            return 2 * x

    inputs = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(3, 3, name="conv")(inputs)
    x = keras.layers.Flatten()(Counting()(x))
    model = keras.Model(inputs, keras.layers.Dense(5, activation="softmax")(x))
    traces.clear()
    classifier = KerasClassifier(model)
    assert len(traces) == 1
    for count in (1, 3):
        forward = classifier.forward(images(count, (8, 8, 3)), "conv")
        for target in range(5):
            for method in ("grad-cam", "grad-cam++", "xgrad-cam", "hirescam", "layer-cam"):
                raw_maps(classifier, forward, [target] * count, methods.METHODS[method])
    assert len(traces) == 1


def softmax_fused(keras, x):
    return keras.layers.Dense(4, activation="softmax", name="scores")(x)


def softmax_apart(keras, x):
    return keras.layers.Softmax()(keras.layers.Dense(4, name="scores")(x))


def softmax_named(keras, x):
    return keras.layers.Activation("softmax")(keras.layers.Dense(4, name="scores")(x))


def no_softmax(keras, x):
    return keras.layers.Dense(4, name="scores")(x)


@pytest.mark.parametrize("ending", [softmax_fused, softmax_apart, softmax_named, no_softmax])
def test_scores_are_logits_however_the_softmax_is_written(keras, images, ending):
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(6, 3, name="conv")(inputs))
    model = keras.Model(inputs, ending(keras, x))
    classifier = KerasClassifier(model)
    batch = images(2, (8, 8, 3))
    forward = classifier.forward(batch, "conv")
    kernel, bias = model.get_layer("scores").get_weights()
    pooled = np.asarray(model.get_layer("conv")(batch)).mean(axis=(1, 2))
    np.testing.assert_allclose(forward.scores, pooled @ kernel + bias, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(forward.probabilities.sum(axis=1), 1, rtol=1e-5)
    assert classifier.output_kind == ("logits" if ending is no_softmax else "softmax")


def test_probabilities_alone_are_named_as_such(keras, images):
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.Flatten()(keras.layers.Conv2D(2, 3, name="conv")(inputs))
    two = [keras.layers.Dense(3, activation="softmax")(x) for _ in range(2)]
    classifier = KerasClassifier(keras.Model(inputs, keras.layers.Average()(two)))
    assert classifier.output_kind == "log-probability"
    forward = classifier.forward(images(1, (8, 8, 3)), "conv")
    np.testing.assert_allclose(forward.scores, np.log(forward.probabilities), rtol=1e-5)


def test_one_sigmoid_explains_both_ways(keras, images):
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(6, 3, name="conv")(inputs))
    model = keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(x))
    classifier = KerasClassifier(model, class_names=["tank"])
    assert classifier.class_names == ("not tank", "tank")
    forward = classifier.forward(images(1, (8, 8, 3)), "conv")
    np.testing.assert_array_equal(forward.scores[:, 0], -forward.scores[:, 1])
    np.testing.assert_allclose(
        forward.probabilities[:, 1], 1 / (1 + np.exp(-forward.scores[:, 1])), rtol=1e-5
    )
    down, up = raw_maps(classifier, forward, [0, 1], methods.METHODS["cam"])
    np.testing.assert_allclose(down, -up, rtol=1e-5, atol=1e-6)


def test_regression_explains_higher_and_lower(keras, images):
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(6, 3, name="conv")(inputs))
    model = keras.Model(inputs, keras.layers.Dense(1, name="age")(x))
    classifier = KerasClassifier(model)
    assert classifier.output_kind == "regression"
    assert classifier.class_names == ("age, higher", "age, lower")
    batch = images(1, (8, 8, 3))
    forward = classifier.forward(batch, "conv")
    value = float(np.asarray(model(batch))[0, 0])
    np.testing.assert_allclose(forward.scores[0], [value, -value], rtol=1e-4)
    higher, lower = raw_maps(classifier, forward, [0, 1], methods.METHODS["grad-cam"])
    np.testing.assert_allclose(higher, -lower, rtol=1e-5, atol=1e-7)


def test_a_person_may_say_how_an_output_is_read(keras, images):
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(6, 3, name="conv")(inputs))
    squashed = keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(x))
    one = keras.Model(inputs, keras.layers.Dense(1)(x))
    several = keras.Model(inputs, keras.layers.Dense(3)(x))
    batch = images(1, (8, 8, 3))
    age = KerasClassifier(squashed, output_kind="regression").forward(batch, "conv")
    np.testing.assert_allclose(age.scores[0, 0], np.asarray(squashed(batch))[0, 0], rtol=1e-5)
    logit = KerasClassifier(one, output_kind="sigmoid").forward(batch, "conv")
    np.testing.assert_allclose(logit.scores[0, 1], np.asarray(one(batch))[0, 0], rtol=1e-5)
    values = KerasClassifier(several, output_kind="regression")
    assert len(values.class_names) == 6
    scores = values.forward(batch, "conv").scores[0]
    np.testing.assert_allclose(scores[::2], np.asarray(several(batch))[0], rtol=1e-4)
    np.testing.assert_array_equal(scores[1::2], -scores[::2])
    with pytest.raises(InputError, match="'sigmoid' means one unit, not 3"):
        KerasClassifier(several, output_kind="sigmoid")
    with pytest.raises(InputError, match="take one of logits"):
        KerasClassifier(several, output_kind="softmax")


def test_several_outputs_one_is_picked(keras, images):
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.Flatten()(keras.layers.Conv2D(2, 3, name="conv")(inputs))
    outputs = {
        "kind": keras.layers.Dense(3, activation="softmax", name="kind")(x),
        "age": keras.layers.Dense(1, name="age")(x),
    }
    model = keras.Model(inputs, outputs)
    kind, age = KerasClassifier(model), KerasClassifier(model, output="age")
    assert set(kind.outputs) == {"kind", "age"}
    assert KerasClassifier(model, output="kind").output_kind == "softmax"
    assert age.output_kind == "regression"
    batch = images(1, (8, 8, 3))
    np.testing.assert_allclose(
        age.forward(batch, "conv").scores[0, 0], np.asarray(model(batch)["age"])[0, 0], rtol=1e-4
    )
    with pytest.raises(InputError, match="no output 'weight'"):
        KerasClassifier(model, output="weight")


def nested(keras, depth: int):
    keras.utils.set_random_seed(5)
    inputs = keras.Input((12, 12, 3))
    x = keras.layers.Conv2D(4, 3, activation="relu", name="inner_conv")(inputs)
    skip = x
    x = keras.layers.Conv2D(4, 3, padding="same", name="inner_deep")(x)
    x = keras.layers.Add(name="inner_add")([x, skip])
    model = keras.Model(inputs, x, name="base")
    flat = [model]
    for level in range(depth):
        outer = keras.Input((12, 12, 3))
        model = keras.Model(outer, model(outer), name=f"wrap{level}")
        flat.append(model)
    outer = keras.Input((12, 12, 3))
    x = keras.layers.GlobalAveragePooling2D()(model(outer))
    x = keras.layers.Dropout(0.3)(x)
    head = keras.layers.Dense(1, name="age")
    whole = keras.Model(outer, head(x))
    base_out = flat[0].output
    flattened = keras.Model(
        flat[0].inputs, head(keras.layers.GlobalAveragePooling2D()(base_out)), name="flat"
    )
    return whole, flattened


@pytest.mark.parametrize(("depth", "prefix"), [(0, "base/"), (2, "wrap1/wrap0/base/")])
@pytest.mark.parametrize("inner", ["inner_conv", "inner_deep", "inner_add"])
def test_nested_layers_equal_the_flattened_model(keras, images, depth, prefix, inner):
    whole, flattened = nested(keras, depth)
    deep, flat = KerasClassifier(whole), KerasClassifier(flattened)
    assert prefix + inner in [layer.name for layer in deep.layers]
    batch = images(2, (12, 12, 3))
    for method in ("grad-cam", "layer-cam"):
        np.testing.assert_allclose(
            raw(deep, batch, prefix + inner, [0, 1], method),
            raw(flat, batch, inner, [0, 1], method),
            rtol=1e-4,
            atol=1e-6,
        )
    assert deep.default_layer == prefix + "inner_add"


def test_nested_transfer_regression_on_xception(keras, images):
    base = keras.applications.Xception(weights=None, include_top=False, input_shape=(96, 96, 3))
    inputs = keras.Input((96, 96, 3))
    x = keras.layers.GlobalAveragePooling2D()(base(inputs))
    model = keras.Model(inputs, keras.layers.Dense(1, name="age")(keras.layers.Dropout(0.5)(x)))
    classifier = KerasClassifier(model)
    layer = "xception/block14_sepconv2_act"
    assert classifier.default_layer == layer
    batch = images(1, (96, 96, 3))
    forward = classifier.forward(batch, layer)
    cam, grad = (
        raw_maps(classifier, forward, [0], methods.METHODS[name]) for name in ("cam", "grad-cam")
    )
    np.testing.assert_allclose(cam, 9 * grad, rtol=1e-3, atol=1e-5 * np.abs(cam).max())


def test_sequential_and_subclassed_models(keras, images):
    def layers():
        return [
            keras.layers.Conv2D(4, 3, activation="relu", name="conv"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(3, activation="softmax"),
        ]

    keras.utils.set_random_seed(0)
    sequential = keras.Sequential([keras.Input((8, 8, 3)), *layers()])

    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.parts = layers()

        def call(self, x):
            for part in self.parts:
                x = part(x)
            return x

    own = Own()
    own(np.zeros((1, 8, 8, 3), np.float32))
    own.set_weights(sequential.get_weights())
    batch = images(1, (8, 8, 3))
    first = raw(KerasClassifier(sequential), batch, "conv", [1], "cam")
    second = raw(KerasClassifier(own, input_size=(8, 8)), batch, "conv", [1], "cam")
    np.testing.assert_allclose(first, second, rtol=1e-4, atol=1e-6)


def test_class_maps_that_go_straight_into_pooling_and_softmax(keras, images):
    """A convolution with one map a class, pooled, softmax: CAM is the map of the class itself."""
    inputs = keras.Input((8, 8, 1))
    maps = keras.layers.Conv2D(5, 3, name="maps")(inputs)
    pooled = keras.layers.GlobalAveragePooling2D()(maps)
    model = keras.Model(inputs, keras.layers.Activation("softmax")(pooled))
    classifier = KerasClassifier(model)
    forward = classifier.forward(images(1, (8, 8, 1)), "maps")
    cam = raw_maps(classifier, forward, [3], methods.METHODS["cam"])
    np.testing.assert_allclose(cam[0], forward.activations[0, :, :, 3], rtol=1e-5, atol=1e-6)


def one_by_one_head(keras, x):
    x = keras.layers.GlobalAveragePooling2D(keepdims=True)(x)
    return keras.layers.Reshape((4,))(keras.layers.Conv2D(4, 1)(x))


def normalised_head(keras, x):
    x = keras.layers.BatchNormalization()(keras.layers.GlobalAveragePooling2D()(x))
    return keras.layers.Dense(4)(keras.layers.Dense(8)(x))


def full_pool_head(keras, x):
    x = keras.layers.AveragePooling2D(6)(x)
    return keras.layers.Dense(4)(keras.layers.Flatten()(x))


def max_head(keras, x):
    return keras.layers.Dense(4)(keras.layers.GlobalMaxPooling2D()(x))


def flat_head(keras, x):
    return keras.layers.Dense(4)(keras.layers.Flatten()(x))


def hidden_head(keras, x):
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.layers.Dense(4)(keras.layers.Dense(8, activation="relu")(x))


def squared_head(keras, x):
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.layers.Dense(4)(keras.layers.Multiply()([x, x]))


@pytest.mark.parametrize(
    ("head", "possible"),
    [
        (one_by_one_head, True),
        (normalised_head, True),
        (full_pool_head, True),
        (max_head, False),
        (flat_head, False),
        (hidden_head, False),
        (squared_head, False),
    ],
)
def test_cam_is_offered_exactly_where_the_head_pools_and_is_affine(keras, images, head, possible):
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(6, 3, name="conv")(inputs)
    model = keras.Model(inputs, keras.layers.Softmax()(head(keras, x)))
    classifier = KerasClassifier(model)
    info = next(layer for layer in classifier.layers if layer.name == "conv")
    assert info.cam is possible
    assert (classifier.class_weights("conv") is not None) is possible
    if possible:
        forward = classifier.forward(images(2, (8, 8, 3)), "conv")
        weights = classifier.class_weights("conv")
        pooled = forward.activations.mean(axis=(1, 2))
        np.testing.assert_allclose(
            pooled @ weights.weights + weights.bias, forward.scores, rtol=1e-4, atol=1e-5
        )


def test_a_map_that_a_shortcut_bypasses_has_no_cam(keras):
    inputs = keras.Input((8, 8, 3))
    first = keras.layers.Conv2D(6, 3, activation="relu", name="first")(inputs)
    branch = keras.layers.Conv2D(6, 3, padding="same", name="branch")(first)
    both = keras.layers.Add(name="both")([first, branch])
    x = keras.layers.GlobalAveragePooling2D()(both)
    classifier = KerasClassifier(keras.Model(inputs, keras.layers.Dense(4)(x)))
    assert {layer.name for layer in classifier.layers if layer.cam} == {"both"}


def test_free_input_sizes_take_the_size_that_is_asked_for(keras, images):
    inputs = keras.Input((None, None, 1))
    x = keras.layers.Conv2D(4, 3, name="conv")(inputs)
    x = keras.layers.Dense(3, activation="softmax")(keras.layers.GlobalAveragePooling2D()(x))
    model = keras.Model(inputs, x)
    assert KerasClassifier(model).input_shape == (224, 224, 1)
    classifier = KerasClassifier(model, input_size=(20, 30))
    assert (classifier.layers[0].height, classifier.layers[0].width) == (18, 28)
    assert classifier.forward(images(1, (20, 30, 1)), "conv").scores.shape == (1, 3)


def test_half_precision_models_give_float32_maps(keras, images):
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(4, 3, dtype="mixed_bfloat16", name="conv")(inputs)
    x = keras.layers.GlobalAveragePooling2D(dtype="mixed_bfloat16")(x)
    model = keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(x))
    classifier = KerasClassifier(model)
    forward = classifier.forward(images(1, (8, 8, 3)), "conv")
    gradients = classifier.gradients(forward, [0])
    assert forward.activations.dtype == gradients.dtype == np.float32
    assert np.abs(gradients).max() > 0


def test_preprocessing_built_into_the_model_is_found(keras):
    def build(*first):
        return keras.Sequential(
            [
                keras.Input((8, 8, 3)),
                *first,
                keras.layers.Conv2D(4, 3),
                keras.layers.GlobalAveragePooling2D(),
                keras.layers.Dense(2),
            ]
        )

    built_in = KerasClassifier(build(keras.layers.Rescaling(1 / 255)))
    assert (built_in.preprocessing, built_in.preprocessing_guessed) == ("none", False)
    augmented = build(
        keras.layers.RandomFlip(), keras.layers.Resizing(8, 8), keras.layers.Normalization()
    )
    assert not KerasClassifier(augmented).preprocessing_guessed
    nested = keras.Sequential([keras.Input((8, 8, 3)), build(keras.layers.Rescaling(1 / 255))])
    assert not KerasClassifier(nested).preprocessing_guessed
    late = build(keras.layers.Conv2D(3, 1), keras.layers.Rescaling(2.0))
    assert KerasClassifier(late).preprocessing_guessed
    plain = KerasClassifier(build())
    assert (plain.preprocessing, plain.preprocessing_guessed) == ("0-1", True)
    told = KerasClassifier(build(), preprocessing="caffe")
    assert (told.preprocessing, told.preprocessing_guessed) == ("caffe", False)


def test_what_is_no_image_classifier_is_refused_in_words(keras):
    vector = keras.Sequential([keras.Input((7,)), keras.layers.Dense(2)])
    with pytest.raises(ModelError, match="not images"):
        KerasClassifier(vector)
    two = [keras.Input((8, 8, 3)), keras.Input((8, 8, 3))]
    x = keras.layers.Flatten()(keras.layers.Add()(two))
    with pytest.raises(ModelError, match="2 inputs"):
        KerasClassifier(keras.Model(two, keras.layers.Dense(2)(x)))
    inputs = keras.Input((8, 8, 3))
    with pytest.raises(ModelError, match="one row of numbers"):
        KerasClassifier(keras.Model(inputs, keras.layers.Conv2D(2, 3)(inputs)))
    flat = keras.layers.Dense(2)(keras.layers.Flatten()(inputs))
    with pytest.raises(ModelError, match="no layer with a spatial map"):
        KerasClassifier(keras.Model(inputs, flat))


def test_wrong_calls_are_refused_in_words(gap_model, images):
    classifier = KerasClassifier(gap_model)
    with pytest.raises(InputError, match="no layer 'conv9'"):
        classifier.forward(images(1, (12, 12, 3)), "conv9")
    with pytest.raises(InputError, match=r"do not fit gap, which takes \(N, 12, 12, 3\)"):
        classifier.forward(images(1, (12, 11, 3)), "late")
    with pytest.raises(InputError, match="3 targets were given for 2 images"):
        classifier.gradients(classifier.forward(images(2, (12, 12, 3)), "late"), [0, 1, 2])
    with pytest.raises(InputError, match=r"2 class names .* 4 classes"):
        KerasClassifier(gap_model, class_names=["a", "b"])


def test_the_model_itself_is_left_as_it_was(keras, gap_model, images):
    batch = images(2, (12, 12, 3))
    before, weights = np.asarray(gap_model(batch)), gap_model.get_weights()
    classifier = KerasClassifier(gap_model)
    classifier.gradients(classifier.forward(batch, "early"), [0, 1])
    np.testing.assert_array_equal(np.asarray(gap_model(batch)), before)
    for own, old in zip(gap_model.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(own, old)
    assert not any("call" in vars(layer) for layer in gap_model.layers)


@pytest.fixture(scope="module")
def normalised_model(keras):
    """Two convolutions, each with a batch normalisation whose numbers are no round ones."""
    keras.utils.set_random_seed(6)
    inputs = keras.Input((16, 16, 3))
    x = keras.layers.Conv2D(8, 3, use_bias=False, name="early")(inputs)
    x = keras.layers.ReLU()(keras.layers.BatchNormalization(name="first")(x))
    x = keras.layers.Conv2D(9, 3, name="late")(x)
    x = keras.layers.ReLU(name="relu")(keras.layers.BatchNormalization(name="second")(x))
    x = keras.layers.GlobalAveragePooling2D()(x)
    model = keras.Model(inputs, keras.layers.Dense(4, activation="softmax")(x))
    rng = np.random.default_rng(0)
    for name in ("first", "second"):
        layer = model.get_layer(name)
        layer.set_weights([rng.uniform(0.5, 2, w.shape) for w in layer.get_weights()])
    return model


def test_scores_alone_are_those_of_the_forward_pass(gap_model, images):
    classifier = KerasClassifier(gap_model, preprocessing="none")
    batch = images(3, classifier.input_shape)
    forward = classifier.forward(batch, classifier.default_layer)
    scores, probabilities = classifier.scores(batch)
    np.testing.assert_array_equal(scores, forward.scores)
    np.testing.assert_array_equal(probabilities, forward.probabilities)
    with pytest.raises(InputError, match="do not fit gap"):
        classifier.scores(batch[:, :-1])


@pytest.mark.parametrize("layer", ["early", "late", "relu"])
def test_prepared_for_many_images_gives_the_same_numbers(normalised_model, images, layer):
    plain = KerasClassifier(normalised_model, preprocessing="none")
    fast = plain.for_throughput()
    batch = images(5, plain.input_shape)
    one, other = (own.forward(batch, layer) for own in (plain, fast))
    np.testing.assert_allclose(other.activations, one.activations, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(other.scores, one.scores, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(other.probabilities, one.probabilities, rtol=1e-4)
    np.testing.assert_array_equal(other.scores.argmax(axis=1), one.scores.argmax(axis=1))
    for targets, count in (([0, 1, 2, 3, 0], 5), ([3, 1], 1)):
        two = [own.forward(batch[:count], layer) for own in (plain, fast)]
        slopes = [own.gradients(f, targets) for own, f in zip((plain, fast), two, strict=True)]
        np.testing.assert_allclose(*slopes, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", ["cam1", "cloud-detector"])
def test_cam_is_gradcam_when_prepared_for_many_images(bundled_model, images, name):
    classifier = bundled_model(name).for_throughput()
    assert_identity(classifier, lambda n, shape: (images(n, shape) + 1) * 127.5)


def test_cam_is_gradcam_behind_merged_normalisation(normalised_model, images):
    assert_identity(KerasClassifier(normalised_model).for_throughput(), images)


CPU = Path("/proc/cpuinfo")


@pytest.mark.skipif(
    not CPU.exists() or "avx512f" not in CPU.read_text(),
    reason="TensorFlow runs bfloat16 on processors with AVX-512 only",
)
def test_two_precisions_live_side_by_side(normalised_model, images):
    plain = KerasClassifier(normalised_model, preprocessing="none")
    full, half = plain.for_throughput(), plain.for_throughput(bfloat16=True)
    batch = images(16, plain.input_shape)

    def run(classifier):
        forward = classifier.forward(batch, "late")
        return forward, classifier.gradients(forward, [2] * 16)

    before, slopes_before = run(full)
    rough, slopes_rough = run(half)
    after, slopes_after = run(full)
    np.testing.assert_array_equal(after.scores, before.scores)
    np.testing.assert_array_equal(slopes_after, slopes_before)
    assert rough.activations.dtype == rough.scores.dtype == slopes_rough.dtype == np.float32
    for exact, coarse in ((before.activations, rough.activations), (before.scores, rough.scores)):
        error = np.abs(coarse - exact).max() / np.abs(exact).max()
        assert 1e-4 < error < 3e-2  # 8 bits of bfloat16 are 0.4 % a number
    # A slope behind a ReLU is 0 or whole, and may change where the map is close to 0.
    assert 0.99 < np.corrcoef(slopes_before.ravel(), slopes_rough.ravel())[0, 1] < 1 - 1e-7
