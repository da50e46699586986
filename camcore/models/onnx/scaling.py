"""What an ONNX model does to its pixels before it looks at them."""

from __future__ import annotations

from typing import Any

from camcore.models.onnx.graph import PASSED_THROUGH, Graph

_MOVING = PASSED_THROUGH | {
    "Transpose", "Slice", "Pad", "Concat", "Split", "Tile", "Expand", "Gather", "Resize",
    "Upsample", "MaxPool", "AveragePool", "SpaceToDepth", "DepthToSpace", "Add", "Sub", "Neg",
    "BatchNormalization",
}  # fmt: skip
_ADDING = {"Add", "Sub", "BatchNormalization"}
_SCALING = {"Mul", "Div"}
_SHAPES = {"Shape", "Size"}


def scaling_ends(graph: Graph, picture: str) -> tuple[str, ...]:
    """The tensors in which the scaling at the beginning of a model ends.

    The nodes from the picture on are followed as long as they move pixels or scale them channel
    by channel; what the first other nodes read is what the scaling has made.

    Returns
    -------
    tuple of str
        Empty where nothing is scaled.
    """
    ends: dict[str, None] = {}
    stack, seen = [picture], {picture}
    scaled = False
    while stack:
        tensor = stack.pop()
        for at in graph.readers.get(tensor, ()):
            node = graph.nodes[at]
            if node.op_type in _SHAPES:
                continue
            if not _scales(graph, node):
                if graph.is_floating(tensor) and tensor != picture:
                    ends[tensor] = None
                continue
            scaled |= node.op_type in _SCALING | _ADDING
            for output in node.output[: 1 if node.op_type == "BatchNormalization" else None]:
                if output and output not in seen:
                    seen.add(output)
                    stack.append(output)
    return tuple(ends) if scaled else ()


def _scales(graph: Graph, node: Any) -> bool:
    varying = [place for place, name in enumerate(node.input) if name in graph.dependent]
    if node.op_type in _MOVING:
        return True
    return (
        node.op_type in _SCALING and len(varying) == 1 and (node.op_type == "Mul" or varying == [0])
    )
