"""Networks that see a picture as a sequence of tokens: their layers are maps all the same."""

from __future__ import annotations

import numpy as np
import pytest

from camcore import methods
from camcore.methods.applying import raw_maps
from camcore.models.keras.classifier import KerasClassifier
from camcore.models.keras.gap_retrofit import pooled_network

HEIGHT, WIDTH, PATCH, CHANNELS = 16, 24, 4, 6
ROWS, COLUMNS = HEIGHT // PATCH, WIDTH // PATCH
SHAPE = (HEIGHT, WIDTH, 3)


def embedded(keras, inputs):
    return keras.layers.Conv2D(CHANNELS, PATCH, strides=PATCH, name="patches")(inputs)


def block(keras, x, number):
    """One block of a transformer, pre-norm."""
    layers = keras.layers
    y = layers.LayerNormalization(name=f"norm{number}")(x)
    x = layers.Add(name=f"attended{number}")([x, layers.MultiHeadAttention(2, 3)(y, y)])
    y = layers.Dense(8, activation="gelu")(layers.LayerNormalization()(x))
    return layers.Add(name=f"block{number}")([x, layers.Dense(CHANNELS)(y)])


def mixer(keras, x, number):
    """One block of an MLP mixer: a dense layer over the tokens."""
    layers = keras.layers
    y = layers.Permute((2, 1))(layers.LayerNormalization()(x))
    y = layers.Permute((2, 1))(layers.Dense(ROWS * COLUMNS)(y))
    return layers.Add(name=f"block{number}")([x, y])


def written_out(keras, x, number):
    """Attention of plain layers, without a block's second half."""
    layers, ops = keras.layers, keras.ops
    y = layers.LayerNormalization(name=f"norm{number}")(x)
    queries, keys, values = (layers.Dense(CHANNELS)(y) for _ in range(3))
    weights = layers.Softmax(name=f"weights{number}")(
        ops.matmul(queries, ops.transpose(keys, (0, 2, 1)))
    )
    return layers.Add(name=f"block{number}")([x, ops.matmul(weights, values)])


@pytest.fixture(scope="module")
def transformer(keras):
    """Makes a classifier of tokens: the body, the prefix and the head are given."""

    made = {}

    def make(body=block, beside=(0, 0), head="pooled"):
        key = body, beside, head
        if key not in made:
            made[key] = build(body, beside, head)
        return made[key]

    def build(body, beside, head):
        keras.utils.set_random_seed(5)
        layers = keras.layers
        inputs = keras.Input(SHAPE)
        x = layers.Reshape((ROWS * COLUMNS, CHANNELS))(embedded(keras, inputs))
        if any(beside):
            x = layers.ZeroPadding1D(beside)(x)
            count = ROWS * COLUMNS + sum(beside)
            x = layers.Add()([x, layers.Embedding(count, CHANNELS)(keras.ops.arange(count))[None]])
        for number in range(2):
            x = body(keras, x, number)
        x = x[:, 0] if head == "class token" else layers.GlobalAveragePooling1D()(x)
        return KerasClassifier(
            keras.Model(inputs, layers.Dense(4, name="scores")(x)), preprocessing="0-1"
        )

    return make


KINDS = {
    "pooled": {},
    "mixer": {"body": mixer},
    "attention written out": {"body": written_out},
    "class token": {"beside": (1, 0), "head": "class token"},
    "class token, written out": {
        "body": written_out,
        "beside": (1, 0),
        "head": "class token",
    },
    "class token and registers": {"beside": (1, 4), "head": "class token"},
    "pooled with registers": {"beside": (0, 3)},
}


@pytest.fixture(scope="module", params=KINDS)
def network(request, transformer):
    return transformer(**KINDS[request.param])


def default_of(classifier):
    return {layer.name: layer for layer in classifier.layers}[classifier.default_layer]


def test_every_layer_of_tokens_has_the_grid_of_the_patches(network):
    grids = {layer.name: (layer.height, layer.width) for layer in network.layers}
    assert set(grids.values()) == {(ROWS, COLUMNS)}
    assert not any(name.startswith(("weights", "softmax")) for name in grids)
    assert "attended0" in grids or "block0" in grids


def test_every_layer_of_tokens_lies_where_the_patches_do(network):
    """What attention adds to a token is of all places; in a small grid their middle is near."""
    frames = {layer.name: layer.frame for layer in network.layers}
    assert set(frames.values()) == {frames["patches"]}, frames


@pytest.mark.parametrize(
    ("kind", "layer", "text"),
    [
        ("pooled", "block1", "block1 · 4×6 · 6"),
        ("mixer", "block1", "block1 · 4×6 · 6"),
        ("attention written out", "block1", "block1 · 4×6 · 6"),
        ("class token", "norm1", "norm1 · 4×6 (+1) · 6"),
        ("class token, written out", "norm1", "norm1 · 4×6 (+1) · 6"),
        ("class token and registers", "norm1", "norm1 · 4×6 (+5) · 6"),
        ("pooled with registers", "block1", "block1 · 4×6 (+3) · 6"),
    ],
)
def test_the_default_is_the_last_map_that_is_read(transformer, kind, layer, text):
    classifier = transformer(**KINDS[kind])
    assert classifier.default_layer == layer
    assert str(default_of(classifier)) == text


def test_patches_that_nobody_reads_are_named(transformer):
    classifier = transformer(**KINDS["class token"])
    assert "block1" not in {layer.name for layer in classifier.layers}
    assert any("block1" in note and "do not reach the scores" in note for note in classifier.notes)
    control = transformer(beside=(1, 0))
    assert "block1" in {layer.name for layer in control.layers}
    assert not any("do not reach" in note for note in control.notes)


def test_the_head_of_the_tokens_gives_the_scores(network, images):
    batch = images(1, SHAPE)
    for layer in network.layers:
        forward = network.forward(batch, layer.name)
        assert forward.activations.shape == (1, layer.height, layer.width, layer.channels)
        scores = network.head(batch, layer.name)(np.repeat(forward.activations, 3, axis=0))
        np.testing.assert_allclose(scores, np.repeat(forward.scores, 3, axis=0), atol=2e-5)


def test_gradients_agree_with_central_differences(network, images):
    batch = images(1, SHAPE)
    layer = network.default_layer
    forward = network.forward(batch, layer)
    head = network.head(batch, layer)
    slopes = network.gradients(forward, [2])[0]
    assert np.abs(slopes).max() > 0
    step = 1e-2
    for row, column, channel in [(0, 0, 0), (1, 5, 3), (3, 2, 5), (2, 4, 1)]:
        move = np.zeros_like(forward.activations)
        move[0, row, column, channel] = step
        high, low = (head(forward.activations + way * move)[0, 2] for way in (1, -1))
        assert slopes[row, column, channel] == pytest.approx(
            (high - low) / (2 * step), rel=2e-2, abs=2e-4
        )


def test_one_image_equals_the_same_image_in_a_batch(network, images):
    batch = images(3, SHAPE)
    layer = network.default_layer
    many, alone = network.forward(batch, layer), network.forward(batch[1:2], layer)
    np.testing.assert_allclose(many.activations[1], alone.activations[0], atol=1e-5)
    np.testing.assert_allclose(
        network.gradients(many, [0, 1, 2])[1], network.gradients(alone, [1])[0], atol=1e-6
    )


@pytest.mark.parametrize("kind", ["pooled", "mixer", "attention written out"])
def test_behind_pooled_tokens_the_mean_of_cam_and_the_bias_are_the_score(transformer, images, kind):
    classifier = transformer(**KINDS[kind])
    layer = default_of(classifier)
    assert layer.cam
    forward = classifier.forward(images(1, SHAPE), layer.name)
    weights = classifier.class_weights(layer.name)
    cam = raw_maps(classifier, forward, [1], methods.METHODS["cam"])[0]
    gradcam = raw_maps(classifier, forward, [1], methods.METHODS["grad-cam"])[0]
    assert cam.mean() + weights.bias[1] == pytest.approx(forward.scores[0, 1], abs=1e-5)
    np.testing.assert_allclose(gradcam * ROWS * COLUMNS, cam, atol=1e-5)


def test_no_plain_cam_where_other_tokens_are_pooled_too(transformer):
    assert not default_of(transformer(**KINDS["pooled with registers"])).cam


def test_before_the_blocks_tokens_that_are_moved_move_the_map(transformer, images):
    """Without a code of positions a pooled transformer cannot tell where a patch lies."""
    classifier = transformer()
    pixels = images(1, SHAPE)
    moved = np.roll(pixels, (PATCH, 2 * PATCH), axis=(1, 2))
    maps = [
        raw_maps(classifier, classifier.forward(own, "block1"), [0], methods.METHODS["grad-cam"])[0]
        for own in (pixels, moved)
    ]
    np.testing.assert_allclose(np.roll(maps[0], (1, 2), axis=(0, 1)), maps[1], atol=1e-6)


def sequences(keras):
    """Ways to write patches as a sequence, and what each does to the convolution's map."""
    layers, ops = keras.layers, keras.ops
    count = ROWS * COLUMNS
    return {
        "row by row": lambda x: layers.Reshape((count, CHANNELS))(x),
        "free size": lambda x: layers.Reshape((-1, CHANNELS))(x),
        "column by column": lambda x: layers.Reshape((count, CHANNELS))(
            layers.Permute((2, 1, 3))(x)
        ),
        "channels first": lambda x: layers.Reshape((CHANNELS, count))(layers.Permute((3, 1, 2))(x)),
        "mirrored": lambda x: layers.Reshape((count, CHANNELS))(ops.flip(x, axis=2)),
        "backwards": lambda x: ops.flip(layers.Reshape((count, CHANNELS))(x), axis=1),
        "token in front": lambda x: layers.ZeroPadding1D((1, 0))(
            layers.Reshape((count, CHANNELS))(x)
        ),
        "mean in front": lambda x: ops.concatenate(
            [ops.mean(x, axis=(1, 2))[:, None], layers.Reshape((count, CHANNELS))(x)], axis=1
        ),
        "tokens behind": lambda x: layers.ZeroPadding1D((0, 4))(
            layers.Reshape((count, CHANNELS))(x)
        ),
        "in windows and back": lambda x: windows(keras, x),
    }


def windows(keras, x):
    """Windows of 2 x 2 tokens, as Swin's, and back to a sequence."""
    ops = keras.ops
    x = ops.reshape(x, (-1, ROWS // 2, 2, COLUMNS // 2, 2, CHANNELS))
    x = ops.reshape(ops.transpose(x, (0, 1, 3, 2, 4, 5)), (-1, 4, CHANNELS)) * 1.0
    x = ops.reshape(x, (-1, ROWS // 2, COLUMNS // 2, 2, 2, CHANNELS))
    x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
    return keras.layers.Reshape((ROWS * COLUMNS, CHANNELS))(x)


@pytest.mark.parametrize("name", [
    "row by row", "free size", "column by column", "channels first", "mirrored", "backwards",
    "token in front", "mean in front", "tokens behind", "in windows and back",
])  # fmt: skip
def test_the_map_of_the_tokens_is_that_of_the_convolution(keras, images, name):
    inputs = keras.Input(SHAPE)
    tokens = keras.layers.Activation("linear", name="tokens")(
        sequences(keras)[name](embedded(keras, inputs))
    )
    scores = keras.layers.Dense(3)(keras.layers.Flatten()(tokens))
    classifier = KerasClassifier(keras.Model(inputs, scores), preprocessing="0-1")
    batch = images(2, SHAPE)
    maps, expected = (classifier.forward(batch, layer) for layer in ("tokens", "patches"))
    np.testing.assert_array_equal(maps.activations, expected.activations)
    if name != "mean in front":  # by which the patches reach the scores a second time
        slopes = (classifier.gradients(own, [0, 2]) for own in (maps, expected))
        np.testing.assert_array_equal(*slopes)
    frames = {layer.name: layer.frame for layer in classifier.layers}
    if name != "mirrored":
        assert frames["tokens"] == frames["patches"]


def no_grids(keras):
    layers, ops = keras.layers, keras.ops
    order = np.random.default_rng(1).permutation(ROWS * COLUMNS)
    return {
        "in disorder": lambda x: ops.take(layers.Reshape((-1, CHANNELS))(x), order, axis=1),
        "rows alone": lambda x: ops.mean(x, axis=2),
        "some patches": lambda x: layers.Reshape((-1, CHANNELS))(x)[:, :7],
        "recurrent": lambda x: layers.LSTM(CHANNELS, return_sequences=True)(
            layers.Reshape((-1, CHANNELS))(x)
        ),
        "attention": lambda x: layers.Softmax()(
            ops.matmul(
                layers.Reshape((-1, CHANNELS))(x),
                ops.transpose(layers.Reshape((-1, CHANNELS))(x), (0, 2, 1)),
            )
        ),
    }


@pytest.mark.parametrize(
    "name", ["in disorder", "rows alone", "some patches", "recurrent", "attention"]
)
def test_what_is_no_grid_over_the_picture_is_no_map(keras, name):
    inputs = keras.Input(SHAPE)
    sequence = keras.layers.Activation("linear", name="sequence")(
        no_grids(keras)[name](embedded(keras, inputs))
    )
    scores = keras.layers.Dense(3)(keras.layers.Flatten()(sequence))
    classifier = KerasClassifier(keras.Model(inputs, scores), preprocessing="0-1")
    assert "patches" in {layer.name for layer in classifier.layers}
    assert "sequence" not in {layer.name for layer in classifier.layers}


@pytest.mark.parametrize(("blocks", "expected"), [(1, "stem"), (2, "block1")])
def test_one_attention_over_convolutions_shows_the_convolutions(keras, blocks, expected):
    inputs = keras.Input(SHAPE)
    x = keras.layers.Conv2D(CHANNELS, 3, strides=4, padding="same", activation="relu",
                            name="stem")(inputs)  # fmt: skip
    x = keras.layers.Reshape((-1, CHANNELS))(x)
    for number in range(blocks):
        x = written_out(keras, x, number)
    scores = keras.layers.Dense(3)(keras.layers.GlobalAveragePooling1D()(x))
    classifier = KerasClassifier(keras.Model(inputs, scores), preprocessing="0-1")
    assert classifier.default_layer == expected


@pytest.mark.parametrize("kind", ["pooled", "class token", "pooled with registers"])
def test_a_new_head_pools_the_patches_alone(transformer, images, kind):
    classifier = transformer(**KINDS[kind])
    layer = classifier.default_layer
    pixels = images(2, SHAPE) * 255
    pooled = pooled_network(classifier, layer).predict(pixels, verbose=0)
    maps = classifier.forward(pixels / 255, layer).activations
    np.testing.assert_allclose(pooled, maps.mean(axis=(1, 2)), atol=2e-5)


@pytest.mark.parametrize("keys", ["own", "the tokens themselves"])
@pytest.mark.parametrize(("head", "expected"), [("class token", "norm"), ("pooled", "block")])
def test_keys_and_values_are_not_shown_for_what_both_are_made_of(keras, keys, head, expected):
    """Attention of several heads in plain layers, behind one block of its own kind."""
    layers, ops = keras.layers, keras.ops
    inputs, count = keras.Input(SHAPE), ROWS * COLUMNS + 1
    x = layers.ZeroPadding1D((1, 0))(layers.Reshape((-1, CHANNELS))(embedded(keras, inputs)))

    def in_heads(tokens):
        return ops.transpose(ops.reshape(tokens, (-1, count, 2, CHANNELS // 2)), (0, 2, 1, 3))

    for number in range(2):
        y = layers.LayerNormalization(name=f"norm{number}")(x)
        queries, values = layers.Dense(CHANNELS)(y), layers.Dense(CHANNELS, name=f"v{number}")(y)
        keys_of = layers.Dense(CHANNELS)(y) if keys == "own" else y
        weights = ops.softmax(ops.einsum("nhqc,nhkc->nhqk", in_heads(queries), in_heads(keys_of)))
        mixed = ops.transpose(ops.matmul(weights, in_heads(values)), (0, 2, 1, 3))
        x = layers.Add(name=f"block{number}")([x, ops.reshape(mixed, (-1, count, CHANNELS))])
    x = x[:, 0] if head == "class token" else layers.GlobalAveragePooling1D()(x)
    classifier = KerasClassifier(keras.Model(inputs, layers.Dense(3)(x)), preprocessing="0-1")
    assert "v1" in {layer.name for layer in classifier.layers}
    assert classifier.default_layer == f"{expected}1"
