"""Convolutions with channels first, which TensorFlow refuses on most processors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import keras

_CONVOLUTIONS = (keras.layers.Conv2D, keras.layers.Conv2DTranspose)


@contextmanager
def convolved_channels_last(operations: Iterable[Any]) -> Iterator[None]:
    """Meanwhile, layers that convolve with channels first do it with channels last.

    What they take and give stays as it is: both are transposed, and the kernel is the same for
    both. Other layers are transposed by Keras itself.

    Parameters
    ----------
    operations : iterable of keras.Operation
        Of a model, at any depth.
    """
    changed: list[tuple[Any, Any]] = []
    try:
        for operation in operations:
            first = isinstance(operation, _CONVOLUTIONS) and (
                operation.data_format == "channels_first"
            )
            if first and all(operation is not other for other, _ in changed):
                changed.append((operation, operation.__dict__.get("call")))
                operation.__dict__["call"] = _transposed(operation)
        yield
    finally:
        for operation, before in changed:
            operation.__dict__.pop("call")
            if before is not None:
                operation.__dict__["call"] = before


def _transposed(layer: Any) -> Any:
    original, activation = layer.call, layer.activation

    def call(images: Any) -> Any:
        # The activation may know axes, as softmax does: it comes after all is as it was.
        layer.__dict__ |= {"data_format": "channels_last", "activation": None}
        try:
            result = original(keras.ops.transpose(images, (0, 2, 3, 1)))
        finally:
            layer.__dict__ |= {"data_format": "channels_first", "activation": activation}
        result = keras.ops.transpose(result, (0, 3, 1, 2))
        return result if activation is None else activation(result)

    return call
