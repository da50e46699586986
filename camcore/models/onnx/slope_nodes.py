"""Nodes that carry slopes backward, and what the rules of derivatives are made with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from camcore.models.onnx.graph import Graph

SLICING = 10  # the version of ONNX since which Slice, and
PADDING = 11  # since which Pad and Clip, take their settings as inputs
REDUCING = 13  # since which ReduceSum does
SCATTERING = 16  # since which ScatterElements adds


class NoDerivativeError(Exception):
    """A kind of node that slopes cannot be carried through."""


class SlopeNodes:
    """Nodes that are added behind those of a graph.

    Parameters
    ----------
    graph : Graph
    source : str
        Gradients are taken with respect to this tensor.

    Attributes
    ----------
    nodes : list of onnx.NodeProto
        To be cut together with those that they read: `Graph.cut`.
    """

    def __init__(self, graph: Graph, source: str) -> None:
        self.graph, self.source, self.nodes = graph, source, list[Any]()
        self._count = 0
        self._behind = graph.descendants(source, through_sizes=False)
        kind = graph.types.get(source, TensorProto.FLOAT)
        self.dtype = helper.tensor_dtype_to_np_dtype(kind)

    def follows(self, name: str) -> bool:
        """Whether a tensor is computed from the numbers of the source, or is it."""
        return name in self._behind

    def total(self, parts: list[str] | None) -> str | None:
        """The sum of what several ways have carried."""
        if not parts:
            return None
        total = parts[0]
        for part in parts[1:]:
            total = self.op("Add", total, part)
        return total

    def op(self, kind: str, *inputs: str, outputs: int = 1, **settings: Any) -> str:
        """Add a node; the name of its last output."""
        self._count += 1
        names = [f"camcore:{self._count}:{place}" for place in range(outputs)]
        self.nodes.append(helper.make_node(kind, inputs, names, **settings))
        return names[-1]

    def constant(self, value: Any, dtype: Any = None) -> str:
        """A constant, of the type of the gradient if not said."""
        array = np.asarray(value, self.dtype if dtype is None else dtype)
        return self.op("Constant", value=numpy_helper.from_array(array))

    def whole(self, values: Sequence[int]) -> str:
        """A constant of whole numbers, such as a shape."""
        return self.constant(list(values), np.int64)

    def value(self, node: Any, place: int) -> np.ndarray | None:
        """The value of an input of a node; None where it is left out or not constant."""
        if place >= len(node.input) or not node.input[place]:
            return None
        return self.graph.value(node.input[place])

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of a tensor for one picture."""
        shape = self.graph.shapes.get(name)
        if shape is None or None in shape:
            raise NoDerivativeError("an operation of unknown shape")
        return tuple(int(side or 0) for side in shape)

    def like(self, slope: str, name: str) -> str:
        """The same slopes in the shape of a tensor."""
        return self.op("Reshape", slope, self.op("Shape", name))

    def mask(self, kind: str, *inputs: str) -> str:
        """1 where a comparison holds, else 0."""
        to = helper.np_dtype_to_tensor_dtype(np.dtype(self.dtype))
        return self.op("Cast", self.op(kind, *inputs), to=to)

    def summed(self, slope: str, axes: Sequence[int]) -> str:
        """Slopes added up over axes."""
        if self.graph.opset >= REDUCING:
            return self.op("ReduceSum", slope, self.whole(axes), keepdims=1)
        return self.op("ReduceSum", slope, axes=list(axes), keepdims=1)

    def narrowed(self, slope: str, name: str, output: str) -> str:
        """Slopes of an output summed over the axes that an input was repeated along."""
        given, made = self.shape(name), self.shape(output)
        if given == made:
            return slope
        more = len(made) - len(given)
        axes = [*range(more)]
        axes += [more + a for a, side in enumerate(given) if side == 1 and made[more + a] > 1]
        return self.like(self.summed(slope, axes) if axes else slope, name)


Carry = Callable[[SlopeNodes, Any, str], "Sequence[str | None]"]
"""``rule(back, node, slope)``: names of the slopes of a node's inputs, from that of its output."""
