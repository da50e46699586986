"""The architectures of the bundled models, in plain Keras.

All four end in ``GlobalAveragePooling2D -> Dense(softmax)``, the head that a class activation map
needs, and begin with ``Rescaling``, so that they take raw pixels from 0 to 255 and carry their
preprocessing inside. Keras is imported only when a network is built.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

DIGIT_CLASSES = tuple("0123456789")
SCENE_CLASSES = ("forest", "tank")


def digit_network(name: str, *, pooling: bool) -> keras.Model:
    """Build the MNIST classifier, Conv16-Conv32-Conv64-Conv128-GAP-Dense10.

    Parameters
    ----------
    name : str
        Name of the Keras model.
    pooling : bool
        Whether 2x2 max pooling stands between the convolutions. With it the last maps are 3x3x128,
        without it 28x28x128.

    Returns
    -------
    keras.Model
        Maps raw gray pixels (N, 28, 28, 1), white ink on black in 0..255, to probabilities (N, 10).
    """
    import keras
    from keras import layers

    stack = [
        keras.Input((28, 28, 1), name="digit"),
        # 1 - x/255: the network sees black ink on white paper.
        layers.Rescaling(-1 / 255, offset=1.0, name="invert"),
    ]
    for index, filters in enumerate((16, 32, 64, 128), start=1):
        stack.append(_convolution(index, filters))
        if pooling and index < 4:
            stack.append(layers.MaxPooling2D(2, name=f"pool{index}"))
    stack += [
        layers.GlobalAveragePooling2D(name="gap"),
        layers.Dense(len(DIGIT_CLASSES), activation="softmax", name="scores"),
    ]
    return keras.Sequential(stack, name=name)


def scene_network(name: str) -> keras.Model:
    """Build the small scene classifier that both the cloud detector and the tank detector use.

    Returns
    -------
    keras.Model
        Maps raw colour pixels (N, 128, 128, 3) in 0..255 to probabilities (N, 2) of
        `SCENE_CLASSES`; the last maps, ``conv5``, are 16x16x64.
    """
    import keras
    from keras import layers

    stack = [
        keras.Input((128, 128, 3), name="scene"),
        layers.Rescaling(1 / 127.5, offset=-1.0, name="rescale"),
    ]
    for index, filters in enumerate((16, 32, 48, 64, 64), start=1):
        stack.append(_convolution(index, filters))
        if index < 4:
            stack.append(layers.MaxPooling2D(2, name=f"pool{index}"))
    stack += [
        layers.GlobalAveragePooling2D(name="gap"),
        layers.Dense(len(SCENE_CLASSES), activation="softmax", name="scores"),
    ]
    return keras.Sequential(stack, name=name.replace("-", "_"))


def _convolution(index: int, filters: int) -> keras.layers.Layer:
    from keras import layers

    # He's initialization keeps the signal's size through ReLU: without it the networks that end
    # in an average need three times as many steps.
    return layers.Conv2D(
        filters,
        3,
        padding="same",
        activation="relu",
        kernel_initializer="he_normal",
        name=f"conv{index}",
    )


NETWORKS: dict[str, Callable[[], keras.Model]] = {
    "cam1": lambda: digit_network("cam1", pooling=True),
    "cam2": lambda: digit_network("cam2", pooling=False),
    "cloud-detector": lambda: scene_network("cloud-detector"),
    "tank-detector": lambda: scene_network("tank-detector"),
}
