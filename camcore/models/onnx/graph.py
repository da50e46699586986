"""A network as the ONNX graph that its file holds, and the pieces that are cut from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper

from camcore.errors import ModelError
from camcore.models.onnx.contents import read_contents

# Operations that hand on the numbers that they are given.
PASSED_THROUGH = {
    "Identity", "Dropout", "Cast", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "CastLike",
}  # fmt: skip
_SIZES = {"Shape", "Size"}  # operations that read how large a tensor is, and not what it holds
FLOATING = {TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE, TensorProto.BFLOAT16}


class Graph:
    """The nodes, constants and shapes of one model, with sizes of its inputs fixed.

    Parameters
    ----------
    model : onnx.ModelProto
        Inspected: without external data, functions and subgraphs.
    sizes : dict of str to tuple of int
        The whole shape, with the batch, that each input is taken to have.

    Attributes
    ----------
    nodes : tuple of onnx.NodeProto
        In the order of computation, without those that only hold a constant.
    names : tuple of str
        What each node is called: its name, or that of what it gives, no two alike.
    inputs, outputs : tuple of str
        Names of tensors.
    constants : dict of str to ndarray
        Weights, and other values that the file holds.
    shapes : dict of str to tuple of int or None
        Of tensors with as many axes as that, as far as they can be told.
    dependent : frozenset of str
        Tensors that follow from the inputs.
    """

    def __init__(self, model: Any, sizes: Mapping[str, tuple[int, ...]]) -> None:
        contents = read_contents(model, sizes)
        self.contents, self.opset, nodes = contents, contents.opset, contents.nodes
        self.nodes, self.outputs = contents.nodes, contents.outputs
        self.constants, self.inputs = contents.constants, tuple(contents.inputs)
        self.names = tuple(_named(nodes))
        self.maker = {name: at for at, node in enumerate(nodes) for name in node.output if name}
        self.readers: dict[str, list[int]] = {}
        for at, node in enumerate(nodes):
            for name in dict.fromkeys(filter(None, node.input)):
                self.readers.setdefault(name, []).append(at)
        self._sources: dict[str, frozenset[str]] = {}
        self.dependent = frozenset().union(*(self.descendants(source) for source in self.inputs))
        self.shapes, self.types = self._inferred()
        self._measure(sizes)

    def of(self, tensor: str) -> Any:
        """The node that gives a tensor; None for inputs and constants."""
        at = self.maker.get(tensor)
        return None if at is None else self.nodes[at]

    def descendants(self, tensor: str, *, through_sizes: bool = True) -> frozenset[str]:
        """A tensor and all that is computed from it, or from its numbers and not its size."""
        reached, stack = {tensor}, [tensor]
        while stack:
            for at in self.readers.get(stack.pop(), ()):
                if self.nodes[at].op_type in _SIZES and not through_sizes:
                    continue
                new = [name for name in self.nodes[at].output if name and name not in reached]
                reached.update(new)
                stack += new
        return frozenset(reached)

    def ancestors(self, tensor: str) -> frozenset[str]:
        """A tensor and all that it is computed from."""
        reached, stack = {tensor}, [tensor]
        while stack:
            node = self.of(stack.pop())
            given = () if node is None else node.input
            new = [name for name in given if name and name not in reached]
            reached.update(new)
            stack += new
        return frozenset(reached)

    def between(self, tensor: str, target: str) -> list[int]:
        """Nodes by which `target` is computed from `tensor`, in order."""
        if target not in self._sources:
            self._sources[target] = self.ancestors(target)
        wanted = self.descendants(tensor) & self._sources[target] - {tensor}
        return sorted({self.maker[name] for name in wanted if name in self.maker})

    def beside(self, tensor: str, target: str) -> tuple[str, ...]:
        """What `target` is computed from beside `tensor`: skip connections, mostly."""
        inside = self.between(tensor, target)
        made = {name for at in inside for name in self.nodes[at].output} | {tensor}
        return tuple(
            dict.fromkeys(
                name
                for at in inside
                for name in self.nodes[at].input
                if name in self.dependent and name not in made
            )
        )

    def is_floating(self, tensor: str) -> bool:
        """Whether a tensor holds numbers that are not whole."""
        return self.types.get(tensor) in FLOATING

    def value(self, tensor: str) -> np.ndarray | None:
        """The value of a tensor that follows from constants alone; None of another."""
        if tensor in self.constants:
            return self.constants[tensor]
        if tensor in self.dependent or tensor not in self.maker:
            return None
        return self._folded.get(tensor)

    @cached_property
    def _folded(self) -> dict[str, np.ndarray]:
        """Values that nodes make of constants alone."""
        from camcore.models.onnx.sessions import start

        names = [
            name
            for node in self.nodes
            for name in node.output
            if name and name not in self.dependent and self.readers.get(name)
        ]
        if not names:
            return {}
        model, weights = self.cut([], names)
        return dict(zip(names, start(model, weights).run(names, {}), strict=True))

    def cut(
        self,
        inputs: Sequence[str],
        outputs: Sequence[str],
        more: Sequence[Any] = (),
        types: Mapping[str, int] | None = None,
    ) -> tuple[Any, dict[str, np.ndarray]]:
        """A model of just the nodes that compute `outputs` from `inputs`.

        Parameters
        ----------
        inputs, outputs : sequence of str
            Tensors.
        more : sequence of onnx.NodeProto
            That come behind, and whose outputs may be asked for.
        types : dict of str to int, optional
            Element types of inputs that are no tensors of the graph.

        Returns
        -------
        model : onnx.ModelProto
            Without its large constants.
        weights : dict of str to ndarray
            Those, for `camcore.models.onnx.sessions.start`.
        """
        kinds = {name: self.type_of(name) for name in inputs} | dict(types or {})
        added = {name for node in more for name in node.output}
        wanted = [name for name in outputs if name not in added]
        wanted += [name for node in more for name in node.input if name and name not in added]
        nodes, constants = self._needed(set(inputs), wanted)
        chosen = [self.nodes[at] for at in nodes]
        given = [helper.make_tensor_value_info(name, kinds[name], None) for name in inputs]
        for info in given:
            for _ in self.shapes.get(info.name) or ():  # as many axes, of any size
                info.type.tensor_type.shape.dim.add()
        return self.contents.part([*chosen, *more], given, outputs, constants)

    def with_constants(self, changed: Mapping[str, np.ndarray]) -> Graph:
        """The same network with other values of some constants."""
        other = object.__new__(Graph)
        other.__dict__ |= self.__dict__
        other.__dict__.pop("_folded", None)
        other.constants = self.constants | dict(changed)
        other.contents = replace(self.contents, constants=other.constants)
        return other

    def _needed(self, given: set[str], wanted: Iterable[str]) -> tuple[list[int], list[str]]:
        nodes: set[int] = set()
        constants: dict[str, None] = {}
        seen, stack = set(given), list(wanted)
        while stack:
            name = stack.pop()
            if name in seen:
                continue
            seen.add(name)
            at = self.maker.get(name)
            if at is None:
                constants[name] = None
            elif at not in nodes:
                nodes.add(at)
                stack += filter(None, self.nodes[at].input)
        return sorted(nodes), list(constants)

    def type_of(self, tensor: str) -> int:
        """Element type of a tensor; FLOAT where it is not known."""
        return int(self.types.get(tensor) or TensorProto.FLOAT)

    def _inferred(self) -> tuple[dict[str, tuple[int | None, ...]], dict[str, int]]:
        """Shapes and element types of all tensors, as far as they can be told from the nodes."""
        bare = self.contents.without_weights()
        try:
            inferred = onnx.shape_inference.infer_shapes(bare, data_prop=True).graph
        except Exception as error:  # the library raises several kinds
            raise ModelError(
                f"the shapes in this ONNX file do not fit together ({_line(error)})"
            ) from error
        shapes: dict[str, tuple[int | None, ...]] = {
            name: array.shape for name, array in self.constants.items()
        }
        types: dict[str, int] = {}
        for info in (*inferred.input, *inferred.value_info, *inferred.output):
            types[info.name] = info.type.tensor_type.elem_type
            if info.type.tensor_type.HasField("shape"):
                shapes[info.name] = tuple(
                    int(side.dim_value) if side.HasField("dim_value") else None
                    for side in info.type.tensor_type.shape.dim
                )
        return shapes, types

    def _measure(self, sizes: Mapping[str, tuple[int, ...]]) -> None:
        """Find the shapes that cannot be told from the nodes by running them once on zeros."""
        from camcore.models.onnx.sessions import start

        open_ones = [
            name
            for node in self.nodes
            for name in node.output
            if name in self.dependent and (None in self.shapes.get(name, (None,)))
        ]
        if not open_ones:
            return
        zeros = {
            name: np.zeros(sizes[name], helper.tensor_dtype_to_np_dtype(self.types[name]))
            for name in self.inputs
        }
        made = start(*self.cut(self.inputs, open_ones)).run(open_ones, zeros)
        for name, values in zip(open_ones, made, strict=True):
            self.shapes[name] = tuple(values.shape)
            self.types[name] = int(helper.np_dtype_to_tensor_dtype(values.dtype))


def _named(nodes: Sequence[Any]) -> Iterable[str]:
    """Names of nodes as people read them; a second one of a name is ``name:2``.

    PyTorch writes the path of modules, ``/layer4/layer4.1/relu/Relu``, in which each begins with
    the one before.
    """
    uses: dict[str, int] = {}
    for node in nodes:
        parts = (node.name or next(iter(node.output), "")).strip("/").split("/")
        path = "/".join(
            part
            for part, inner in zip(parts, [*parts[1:], ""], strict=True)
            if part and not inner.startswith(f"{part}.")
        )
        name = path or node.op_type
        uses[name] = uses.get(name, 0) + 1
        yield name if uses[name] == 1 else f"{name}:{uses[name]}"


def _line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text[:160] or type(error).__name__
