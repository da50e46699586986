"""Keras models through the protocol: exact oracles, every shape of model, no retracing."""

from __future__ import annotations

import numpy as np
import pytest

from camcore import methods
from camcore.errors import InputError, ModelError
from camcore.methods.applying import raw_maps
from camcore.models.keras.classifier import KerasClassifier
from tests.models.exact_maps import assert_identity, raw

GAP_MODELS = ["Xception", "ResNet50"]


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
    words = [keras.Input((8, 8, 3)), keras.Input((1,), dtype="string")]
    x = keras.layers.Flatten()(words[0])
    with pytest.raises(ModelError, match="takes text"):
        KerasClassifier(keras.Model(words, keras.layers.Dense(2)(x)))
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
