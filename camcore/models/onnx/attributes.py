"""Settings of nodes in the ways that versions of ONNX have written them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from onnx import helper

from camcore.models.onnx.graph import Graph


def attribute(node: Any, name: str, default: Any) -> Any:
    """An attribute of a node, or what it is without one."""
    for setting in node.attribute:
        if setting.name == name:
            return helper.get_attribute_value(setting)
    return default


def axes_of(graph: Graph, node: Any) -> tuple[int, ...] | None:
    """Axes that a node reduces, none for all; an attribute once, an input since.

    None where they are not known before a picture is given.
    """
    written = attribute(node, "axes", None)
    if written is None and len(node.input) > 1 and node.input[1]:
        written = graph.value(node.input[1])
        if written is None:
            return None
    return tuple(int(axis) for axis in ([] if written is None else written))


@dataclass(frozen=True)
class Window:
    """What a convolution or a pooling reads along one axis.

    Attributes
    ----------
    size, stride, dilation : int
    before, after : int
        Padding at either end.
    """

    size: int
    stride: int
    dilation: int
    before: int
    after: int


def windows(graph: Graph, node: Any) -> list[Window]:
    """The windows of a convolution or a pooling, one for each axis behind the channels."""
    sizes = attribute(node, "kernel_shape", None)
    if sizes is None:
        sizes = [int(side or 1) for side in graph.shapes[node.input[1]][2:]]
    rank = len(sizes)
    strides = attribute(node, "strides", [1] * rank)
    dilations = attribute(node, "dilations", [1] * rank)
    pads = attribute(node, "pads", [0] * (2 * rank))
    mode = attribute(node, "auto_pad", b"NOTSET").decode()
    sliding = []
    for axis, size, stride, dilation in zip(range(rank), sizes, strides, dilations, strict=True):
        before, after = pads[axis], pads[axis + rank]
        if mode.startswith("SAME"):
            given = graph.shapes[node.input[0]][axis + 2] or 1
            made = graph.shapes[node.output[0]][axis + 2] or 1
            if node.op_type == "ConvTranspose":
                given, made = made, given
            whole = max((made - 1) * stride + dilation * (size - 1) + 1 - given, 0)
            before = whole // 2 if mode == "SAME_UPPER" else whole - whole // 2
            after = whole - before
        sliding.append(Window(size, stride, dilation, before, after))
    return sliding
