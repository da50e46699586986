"""What a Keras model is called with, made from a batch of pictures in the graph."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from camcore.errors import InputError
from camcore.models.held_inputs import zeros
from camcore.models.keras.inputs import Inputs
from camcore.models.keras.subgraphs import COUNT


class Feed:
    """The pictures in the shape and type that the model takes, beside its other inputs.

    Those are variables: what they are held at changes without a new trace.

    Parameters
    ----------
    inputs : Inputs
    """

    def __init__(self, inputs: Inputs) -> None:
        self._inputs = inputs
        self._variables = {
            other.name: tf.Variable(
                zeros(other), trainable=False, shape=(None, *other.shape), dtype=other.dtype
            )
            for other in inputs.others
        }
        self._held: Mapping[str, np.ndarray] = {}

    def call_with(self, images: Any) -> Any:
        """The argument of the model, from images (N, H, W, C) float32."""
        inputs = self._inputs
        picture = tf.cast(images, inputs.dtype)
        height, width, channels = inputs.shape
        if inputs.taken == (channels, height, width) != inputs.shape:
            picture = tf.transpose(picture, (0, 3, 1, 2))
        elif inputs.taken != inputs.shape:
            picture = tf.reshape(picture, (-1, *inputs.taken))
        if not inputs.others:
            return picture
        count = tf.compat.v1.placeholder(tf.int32, (), COUNT)
        fed = {inputs.name: picture}
        for other in inputs.others:
            value = self._variables[other.name].read_value()
            rows = tf.repeat(value, count // tf.shape(value)[0], axis=0)
            fed[other.name] = tf.ensure_shape(rows, (None, *other.shape))
        return fed

    def hold(self, values: Mapping[str, np.ndarray], count: int) -> None:
        """Hold the other inputs at values for so many pictures.

        Raises
        ------
        InputError
            If a value has rows for another number of pictures.
        """
        for name, value in values.items():
            if len(value) not in (1, count):
                raise InputError(
                    f"input {name!r} is held at values for {len(value)} pictures, not for {count}."
                )
        if values is not self._held:
            for name, value in values.items():
                self._variables[name].assign(value)
            self._held = values

    def identity(self, sha256: str, values: Mapping[str, np.ndarray]) -> str:
        """The hash of a model that takes the picture here and holds its other inputs so."""
        if not self._inputs.others:
            return sha256
        digest = hashlib.sha256(f"{sha256} {self._inputs.name}".encode())
        for name in sorted(values):
            digest.update(f" {name} {values[name].shape} ".encode() + values[name].tobytes())
        return digest.hexdigest()
