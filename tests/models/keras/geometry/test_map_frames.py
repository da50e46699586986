"""Where the cells of a layer lie in the picture, against networks whose geometry is known."""

from __future__ import annotations

import numpy as np
import pytest

import camcore

HEIGHT, WIDTH = 32, 48


@pytest.fixture(scope="module")
def looks(keras):
    """A classifier whose only score is the mean brightness behind some layers; and its map."""

    def make(before, shape=(HEIGHT, WIDTH, 3), size=4, padding="same"):
        images = keras.Input(shape)
        x = keras.layers.Conv2D(
            1, size, strides=size, padding=padding, kernel_initializer="ones", use_bias=False,
            name="conv",
        )(before(images))  # fmt: skip
        pooled = keras.layers.GlobalAveragePooling2D()(x)
        scores = keras.layers.Dense(1, kernel_initializer="ones", use_bias=False)(pooled)
        return camcore.KerasClassifier(
            keras.Model(images, scores), preprocessing="0-1", output_kind="regression"
        )

    return make


def square(row: int, column: int, height: int = HEIGHT, width: int = WIDTH, side: int = 4):
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[row : row + side, column : column + side] = 255
    return camcore.read_image(pixels, name=f"square-{row}-{column}")


def hottest(explanation) -> tuple[float, float]:
    """Middle of the pixels where the map lies highest."""
    values = explanation.heatmap.upsampled("bilinear")
    rows, columns = np.nonzero(values >= 0.999 * values.max())
    return rows.mean() + 0.5, columns.mean() + 0.5


def transforms(keras):
    layers, ops = keras.layers, keras.ops
    return {
        "none": lambda x: x,
        "crop": layers.Cropping2D(((8, 4), (12, 0))),
        "centre crop": layers.CenterCrop(24, 32),
        "pad": layers.ZeroPadding2D(8),
        "pad, one side": layers.ZeroPadding2D(((8, 0), (0, 12))),
        "resize with bars": layers.Resizing(48, 48, pad_to_aspect_ratio=True),
        "resize with a crop": layers.Resizing(32, 32, crop_to_aspect_ratio=True),
        "stretch": layers.Resizing(64, 48),
        "slice": lambda x: x[:, 8:, 4:40],
        "mirror": lambda x: ops.flip(x, axis=2),
        "upside down": lambda x: ops.flip(x, axis=1),
        "transpose": lambda x: ops.transpose(x, (0, 2, 1, 3)),
        "turn": lambda x: ops.flip(ops.transpose(x, (0, 2, 1, 3)), axis=1),
        "crop, mirror": lambda x: ops.flip(layers.Cropping2D((4, 8))(x), axis=2),
        "augmentation": lambda x: layers.RandomFlip()(layers.RandomRotation(0.2)(x)),
        "upsampling": layers.UpSampling2D(2),
        "dilated": layers.DepthwiseConv2D(
            3, dilation_rate=2, padding="same", depthwise_initializer="ones", use_bias=False
        ),
    }


NAMES = [
    "none", "crop", "centre crop", "pad", "pad, one side", "resize with bars",
    "resize with a crop", "stretch", "slice", "mirror", "upside down", "transpose", "turn",
    "crop, mirror", "augmentation", "upsampling", "dilated",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_the_map_lies_on_the_square(looks, keras, name):
    classifier = looks(transforms(keras)[name])
    cell = max(
        (f.x1 - f.x0) / layer.width
        for layer in classifier.layers
        if layer.name == "conv" and (f := layer.frame)
    )
    for row, column in ((12, 16), (16, 28)):
        shown = camcore.explain(classifier, square(row, column), layer="conv", target=0)
        down, across = hottest(shown)
        assert abs(down - (row + 2)) <= cell / 2
        assert abs(across - (column + 2)) <= cell / 2


@pytest.mark.parametrize("name", ["crop", "pad", "slice", "centre crop"])
def test_the_box_of_a_cropped_or_padded_map_is_the_square(looks, keras, name):
    classifier = looks(transforms(keras)[name])
    true = square(12, 20, side=8)
    box = camcore.explain(classifier, true, layer="conv", target=0).heatmap.box(0.5)
    assert box is not None
    x0, y0, x1, y1 = box
    inside = max(0, min(x1, 28) - max(x0, 20)) * max(0, min(y1, 20) - max(y0, 12))
    assert inside / ((x1 - x0) * (y1 - y0) + 64 - inside) > 0.6


def test_what_was_cropped_away_is_not_seen(looks, keras):
    classifier = looks(keras.layers.Cropping2D(((8, 4), (12, 0))))
    seen = camcore.explain(classifier, square(12, 16), layer="conv", target=0).heatmap.seen()
    assert not seen[:8].any()
    assert not seen[28:].any()
    assert not seen[:, :12].any()
    assert seen[8:28, 12:].all()


def test_valid_pooling_leaves_the_last_pixels_beyond_the_grid(keras):
    """Three pools of two on 28 pixels: centres 4, 12, 20, as 3.5, 11.5, 19.5 counted from 0."""
    images = keras.Input((28, 28, 1))
    x = images
    for _ in range(3):
        x = keras.layers.MaxPooling2D(2)(x)
    x = keras.layers.Conv2D(2, 1, name="conv")(x)
    scores = keras.layers.Dense(2)(keras.layers.GlobalAveragePooling2D()(x))
    classifier = camcore.KerasClassifier(keras.Model(images, scores))
    frame = next(layer.frame for layer in classifier.layers if layer.name == "conv")
    assert (frame.x0, frame.x1, frame.y0, frame.y1) == (0, 24, 0, 24)


def test_the_bundled_digit_model_lies_at_stride_8(bundled_model):
    classifier = bundled_model("cam1")
    frame = next(own.frame for own in classifier.layers if own.name == classifier.default_layer)
    assert (frame.x0, frame.x1) == (0, 24)
    assert frame.reach == (0, 0, 28, 28)  # receptive fields hold the last pixels too


def test_zero_padding_before_a_valid_convolution_hardly_moves_the_map(keras):
    """The stem of a ResNet: its window of 7 and the padding of 3 cancel."""
    images = keras.Input((64, 64, 3))
    x = keras.layers.ZeroPadding2D(3)(images)
    x = keras.layers.Conv2D(4, 7, strides=2, name="stem")(x)
    scores = keras.layers.Dense(2)(keras.layers.GlobalAveragePooling2D()(x))
    classifier = camcore.KerasClassifier(keras.Model(images, scores))
    frame = next(layer.frame for layer in classifier.layers if layer.name == "stem")
    assert (frame.x0, frame.x1) == (-0.5, 63.5)


@pytest.mark.parametrize("size", [3, 5])
def test_same_convolutions_and_pools_cover_the_picture_evenly(keras, size):
    images = keras.Input((64, 64, 3))
    x = images
    for _ in range(3):
        x = keras.layers.Conv2D(4, size, padding="same")(x)
        x = keras.layers.MaxPooling2D()(x)
    scores = keras.layers.Dense(2)(keras.layers.GlobalAveragePooling2D()(x))
    classifier = camcore.KerasClassifier(keras.Model(images, scores))
    for layer in classifier.layers:
        frame = layer.frame
        assert (frame.x0, frame.y0, frame.x1, frame.y1, frame.reach) == (0, 0, 64, 64, None)


def test_channels_first_maps_are_transposed_on_the_way_out(keras):
    keras.utils.set_random_seed(7)
    images = keras.Input((16, 24, 3))
    # Not every processor convolves with channels first; what follows can be pooled so.
    x = keras.layers.Conv2D(5, 3, padding="same", name="last")(images)
    x = keras.layers.Permute((3, 1, 2))(x)
    x = keras.layers.ReLU(name="conv")(x)
    x = keras.layers.GlobalAveragePooling2D(data_format="channels_first")(x)
    model = keras.Model(images, keras.layers.Dense(4, name="dense")(x))
    classifier = camcore.KerasClassifier(model, preprocessing="0-1")
    layer = next(own for own in classifier.layers if own.name == "conv")
    assert (layer.height, layer.width, layer.channels, layer.cam) == (16, 24, 5, True)
    pixels = np.random.default_rng(0).integers(0, 255, (16, 24, 3), np.uint8)
    cam = camcore.explain(
        classifier, camcore.read_image(pixels), layer="conv", method="cam", target=1
    ).heatmap.raw
    seen = pixels[None] / np.float32(255)
    inner = np.maximum(np.asarray(model.get_layer("last")(seen))[0], 0)
    expected = inner @ model.get_layer("dense").get_weights()[0][:, 1]
    np.testing.assert_allclose(cam, expected, rtol=1e-4, atol=1e-5)


def test_attention_between_tokens_is_no_map(keras):
    layers, ops = keras.layers, keras.ops
    images = keras.Input((32, 32, 3))
    x = layers.Conv2D(16, 3, strides=4, padding="same", name="stem")(images)
    tokens = layers.Reshape((64, 16))(x)
    q, k, v = (
        layers.Permute((2, 1, 3))(layers.Reshape((64, 2, 8))(layers.Dense(16)(tokens)))
        for _ in range(3)
    )
    weights = layers.Softmax(name="attention")(ops.matmul(q, ops.transpose(k, (0, 1, 3, 2))))
    y = layers.Reshape((64, 16))(layers.Permute((2, 1, 3))(ops.matmul(weights, v)))
    scores = layers.Dense(4)(layers.GlobalAveragePooling1D()(layers.Add()([tokens, y])))
    classifier = camcore.KerasClassifier(keras.Model(images, scores))
    grids = {layer.name: (layer.height, layer.width, layer.channels) for layer in classifier.layers}
    assert "stem" in grids
    assert "attention" not in grids  # heads, queries and keys
    assert set(grids.values()) == {(8, 8, 16)}  # the tokens themselves are a map


def test_a_mixture_of_a_picture_and_its_mirror_image_is_no_map(keras):
    images = keras.Input((16, 16, 3))
    x = keras.layers.Conv2D(4, 3, padding="same", name="one")(images)
    both = keras.layers.Average(name="both")([x, keras.ops.flip(x, axis=2)])
    y = keras.layers.Conv2D(4, 3, padding="same", name="behind")(both)
    scores = keras.layers.Dense(2)(keras.layers.GlobalAveragePooling2D()(y))
    classifier = camcore.KerasClassifier(keras.Model(images, scores))
    names = {layer.name for layer in classifier.layers}
    assert "one" in names
    assert not names & {"both", "behind"}
    assert classifier.default_layer == "one"


def test_gates_and_shortcuts_keep_the_place(keras):
    """Squeeze-and-excitation and a shortcut, in the middle of a cropped network."""
    layers = keras.layers
    images = keras.Input((32, 32, 3))
    x = layers.Conv2D(8, 3, padding="same")(layers.Cropping2D(((8, 0), (0, 0)))(images))
    gate = layers.Dense(8, activation="sigmoid")(layers.GlobalAveragePooling2D(keepdims=True)(x))
    x = layers.Add(name="sum")([x, layers.Multiply()([x, gate])])
    scores = layers.Dense(2)(layers.GlobalAveragePooling2D()(x))
    classifier = camcore.KerasClassifier(keras.Model(images, scores))
    frame = next(layer.frame for layer in classifier.layers if layer.name == "sum")
    assert (frame.x0, frame.y0, frame.x1, frame.y1) == (0, 8, 32, 32)


def test_one_layer_for_all_rows_is_a_map_where_it_keeps_the_columns(keras):
    """Row by row, a dense layer is a convolution of one pixel; behind it rows only are left."""
    layers = keras.layers
    images = keras.Input((6, 8, 3))
    rows = layers.TimeDistributed(layers.Dense(4), name="rows")
    x = rows(layers.Conv2D(5, 2, strides=2, name="conv")(images))
    x = layers.TimeDistributed(layers.Flatten(), name="flat")(x)
    x = layers.Reshape((3, 7, 1), name="features")(layers.TimeDistributed(layers.Dense(7))(x))
    x = layers.Conv2D(2, 2, name="later")(x)
    scores = layers.Dense(2)(layers.GlobalAveragePooling2D()(x))
    classifier = camcore.KerasClassifier(keras.Model(images, scores), preprocessing="0-1")
    assert [layer.name for layer in classifier.layers] == ["conv", "rows"]
    conv, dense = (classifier.forward(np.ones((1, 6, 8, 3), np.float32), name) for name in
                   ("conv", "rows"))  # fmt: skip
    kernel, bias = rows.get_weights()
    np.testing.assert_allclose(dense.activations, conv.activations @ kernel + bias, atol=1e-5)
    assert classifier.layers[0].frame == classifier.layers[1].frame


def test_products_that_are_written_with_an_ellipsis_keep_the_place(keras):
    layers, ops = keras.layers, keras.ops
    images = keras.Input((6, 8, 3))
    x = layers.Conv2D(3, 2, strides=2, name="conv")(images)
    x = layers.Activation("relu", name="mixed")(ops.einsum("...c,dc->...d", x, np.eye(3)[:2]))
    scores = layers.Dense(2)(layers.GlobalAveragePooling2D()(x))
    classifier = camcore.KerasClassifier(keras.Model(images, scores), preprocessing="0-1")
    frames = {layer.name: layer.frame for layer in classifier.layers}
    assert frames["mixed"] == frames["conv"]
