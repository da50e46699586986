"""A first run of a model that has been inspected, on a picture of zeros, within limits."""

from __future__ import annotations

from math import prod

import numpy as np
import onnx

from camcore.errors import InputError, ModelError, UnsafeModelError
from camcore.models.onnx.functions import Function
from camcore.models.onnx.graph import Graph
from camcore.models.onnx.inputs import Inputs, read_inputs


class Trial:
    """An ONNX model, ready to be run once.

    Parameters
    ----------
    path : str
    name : str
        Of the model, for the words of an error.
    input_size : tuple of int, optional
        Height and width of the pictures, for models that accept any.
    most_values : int
        That a tensor may have.

    Raises
    ------
    UnsafeModelError
        If a tensor would be larger.
    ModelError
        If the model takes no picture, or onnxruntime cannot run it.
    """

    def __init__(
        self, path: str, name: str, input_size: tuple[int, int] | None, most_values: int
    ) -> None:
        model = onnx.load(path, load_external_data=False)
        self.inputs = _read(model, name, input_size)
        self._sizes = self.inputs.sizes()
        try:
            graph = Graph(model, self._sizes)
        except ModelError as error:
            raise ModelError(f"{name}: {error}; export it again.") from error
        for tensor, shape in graph.shapes.items():
            values = prod(side or 1 for side in shape)
            if not 0 <= values <= most_values:
                raise UnsafeModelError(
                    f"{name}: its tensor {tensor[:60]!r} would hold {values:,} values for one "
                    "picture, more than any real network needs; it is not loaded."
                )
        self._run = Function(graph, graph.inputs, graph.outputs)
        self._types = self.inputs.types

    @property
    def shape(self) -> list[int]:
        """Of the picture with the batch."""
        return list(self._sizes[self.inputs.name])

    def run(self) -> None:
        """Run it on zeros."""
        self._run({name: np.zeros(shape, self._types[name]) for name, shape in self._sizes.items()})


def _read(model: object, name: str, size: tuple[int, int] | None) -> Inputs:
    try:
        return read_inputs(model, name, size)
    except InputError:  # the size is refused where the model is loaded
        return read_inputs(model, name)
