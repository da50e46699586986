"""What an ONNX file holds: nodes in a version of the operations that is known here, and weights."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper, version_converter

MODERN = 17  # the version of the operations that older files are brought to
_MODERN_IR = 8
_SMALL = 1024  # values up to which a constant may be a shape, which inference reads


@dataclass(frozen=True, eq=False)
class Contents:
    """The parts of one model.

    Attributes
    ----------
    nodes : tuple of onnx.NodeProto
        In the order of computation, without those that only hold a constant.
    constants : dict of str to ndarray
        Weights, and other values that the file holds.
    inputs : dict of str to onnx.ValueInfoProto
        With their whole shapes.
    outputs : tuple of str
    opset, ir_version : int
        Versions of the operations, and of the format.
    """

    nodes: tuple[Any, ...]
    constants: dict[str, np.ndarray]
    inputs: Mapping[str, Any]
    outputs: tuple[str, ...]
    opset: int
    ir_version: int

    def model(
        self, nodes: Sequence[Any], inputs: Sequence[Any], outputs: Sequence[str], held: Any = ()
    ) -> Any:
        """A model of some nodes, in the same versions."""
        graph = helper.make_graph(
            nodes, "network", inputs, [onnx.ValueInfoProto(name=output) for output in outputs], held
        )
        imports = [helper.make_opsetid("", self.opset)]
        return helper.make_model(graph, opset_imports=imports, ir_version=self.ir_version)

    def without_weights(self) -> Any:
        """All of the model, in which large constants are inputs: quick to copy and look through."""
        small = {name for name, array in self.constants.items() if array.size <= _SMALL}
        large = [
            helper.make_tensor_value_info(
                name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape
            )
            for name, array in self.constants.items()
            if name not in small
        ]
        held = [numpy_helper.from_array(self.constants[name], name) for name in small]
        return self.model(self.nodes, [*self.inputs.values(), *large], self.outputs, held)

    def part(
        self, nodes: Sequence[Any], inputs: Sequence[Any], outputs: Sequence[str], names: Any
    ) -> tuple[Any, dict[str, np.ndarray]]:
        """A model of some nodes and the constants that they read, the large ones apart.

        Returns
        -------
        model : onnx.ModelProto
        weights : dict of str to ndarray
            For `camcore.models.onnx.sessions.start`.
        """
        held = {name: self.constants[name] for name in names if name in self.constants}
        large = {name: array for name, array in held.items() if array.size > _SMALL}
        tensors = [
            _elsewhere(name, array) if name in large else numpy_helper.from_array(array, name)
            for name, array in held.items()
        ]
        return self.model(nodes, inputs, outputs, tensors), large


def read_contents(model: Any, sizes: Mapping[str, tuple[int, ...]]) -> Contents:
    """The contents of an inspected model, whose operations are brought to `MODERN` if older.

    Parameters
    ----------
    model : onnx.ModelProto
        Without external data, functions and subgraphs.
    sizes : dict of str to tuple of int
        The whole shape, with the batch, that each input is taken to have.
    """
    graph = model.graph
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    inputs = {
        given.name: helper.make_tensor_value_info(
            given.name, given.type.tensor_type.elem_type, sizes[given.name]
        )
        for given in graph.input
        if given.name not in constants
    }
    outputs = tuple(output.name for output in graph.output)
    opset = next((used.version for used in model.opset_import if used.domain in ("", "ai.onnx")), 1)
    nodes, more = _parted(graph.node)
    # Until version 4 of the format constants had to be inputs too; here they never are.
    ir_version = max(model.ir_version, _MODERN_IR)
    contents = Contents(nodes, constants | more, inputs, outputs, opset, ir_version)
    return contents if opset >= MODERN else _modern(contents)


def _modern(old: Contents) -> Contents:
    """The same network in a later version of the operations; as it is where that is not known."""
    with contextlib.suppress(Exception):  # the library raises several kinds
        bare = onnx.shape_inference.infer_shapes(old.without_weights())
        graph = version_converter.convert_version(bare, MODERN).graph
        nodes, more = _parted(graph.node)
        constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
        held = old.constants | constants | more
        return Contents(nodes, held, old.inputs, old.outputs, MODERN, old.ir_version)
    return old


def _parted(nodes: Sequence[Any]) -> tuple[tuple[Any, ...], dict[str, np.ndarray]]:
    """Nodes that compute, and the values of those that only hold one."""
    constants = {node.output[0]: _value(node) for node in nodes if node.op_type == "Constant"}
    return tuple(node for node in nodes if node.op_type != "Constant"), constants


def _value(node: Any) -> np.ndarray:
    (attribute,) = node.attribute
    value = helper.get_attribute_value(attribute)
    if attribute.type == onnx.AttributeProto.TENSOR:
        array: np.ndarray = numpy_helper.to_array(value)
        return array
    return np.asarray(value, np.float32 if "float" in attribute.name else np.int64)


def _elsewhere(name: str, array: np.ndarray) -> Any:
    """A constant whose values a session is given apart, so that sessions share them."""
    tensor = TensorProto(
        name=name,
        dims=array.shape,
        data_type=helper.np_dtype_to_tensor_dtype(array.dtype),
        data_location=TensorProto.EXTERNAL,
    )
    tensor.external_data.add(key="location", value="given-in-memory")
    return tensor
