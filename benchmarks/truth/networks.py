"""Three small networks: one that pools, one that knows places, one of separable convolutions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import keras

_BATCH = 64


def build(kind: str, size: int, classes: int, seed: int) -> keras.Model:
    """An untrained network over (size, size, 3) pixels in 0..255.

    Parameters
    ----------
    kind : {"gap", "flatten", "mobilenet"}
        Convolutions and global average pooling; convolutions and dense layers over places;
        depthwise separable convolutions, as in Howard et al., "MobileNets", arXiv:1704.04861. All
        with batch normalisation.
    size, classes, seed : int
    """
    import keras
    from keras import layers

    keras.utils.set_random_seed(seed)
    stack: list = [keras.Input((size, size, 3)), layers.Rescaling(1 / 127.5, offset=-1.0)]
    stack += _MIDDLES[kind]()
    stack.append(layers.Dense(classes, activation="softmax", name="scores"))
    return keras.Sequential(stack, name=kind)


def _convolution(filters: int) -> list:
    from keras import layers

    return [
        layers.Conv2D(filters, 3, padding="same", use_bias=False),
        layers.BatchNormalization(momentum=0.9),
        layers.ReLU(),
    ]


def _gap() -> list:
    from keras import layers

    return [
        *_convolution(16), layers.MaxPooling2D(2),
        *_convolution(32), layers.MaxPooling2D(2),
        *_convolution(64), layers.GlobalAveragePooling2D(),
    ]  # fmt: skip


def _flatten() -> list:
    from keras import layers

    return [
        *_convolution(16), layers.MaxPooling2D(2),
        *_convolution(32), layers.MaxPooling2D(2),
        *_convolution(32), layers.Flatten(), layers.Dropout(0.5), layers.Dense(64, "relu"),
    ]  # fmt: skip


def _mobilenet() -> list:
    from keras import layers

    def normal() -> list:
        return [layers.BatchNormalization(momentum=0.9), layers.ReLU(6.0)]

    stack = [layers.Conv2D(16, 3, strides=1, padding="same", use_bias=False), *normal()]
    for filters, strides in ((32, 2), (32, 1), (64, 2), (64, 1)):
        stack.append(layers.DepthwiseConv2D(3, strides, padding="same", use_bias=False))
        stack += normal()
        stack += [layers.Conv2D(filters, 1, use_bias=False), *normal()]
    return [*stack, layers.GlobalAveragePooling2D()]


_MIDDLES: dict[str, Callable[[], list]] = {
    "gap": _gap,
    "flatten": _flatten,
    "mobilenet": _mobilenet,
}
NETWORKS = tuple(_MIDDLES)


def fit(network: keras.Model, pixels: np.ndarray, labels: np.ndarray, epochs: int) -> None:
    """Train on uint8 (N, size, size, 3) and int labels (N,), with a rate that falls to zero."""
    import keras

    steps = epochs * -(-len(pixels) // _BATCH)
    network.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(4e-3, steps)),
        loss="sparse_categorical_crossentropy",
    )
    network.fit(pixels, labels, batch_size=_BATCH, epochs=epochs, verbose=0)


def predicted(network: keras.Model, pixels: np.ndarray) -> np.ndarray:
    """The class of each picture, int (N,)."""
    return network.predict(pixels, verbose=0, batch_size=256).argmax(axis=1)
