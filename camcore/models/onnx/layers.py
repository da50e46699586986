"""Tensors of an ONNX graph that hold a map, the head behind them, and tables of all nodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from camcore.classifier import LayerRow
from camcore.models import default_layer
from camcore.models.geometry.grids import Grid, Place
from camcore.models.geometry.tokens import Tokens, map_in
from camcore.models.onnx.attributes import axes_of, windows
from camcore.models.onnx.graph import PASSED_THROUGH, Graph
from camcore.models.onnx.grids import restored, upright

# Nodes that repeat or thin out a map rather than make one; the one that feeds them is shown.
_PASSIVE = {
    "MaxPool", "AveragePool", "LpPool", "Pad", "Resize", "Upsample", "Slice",
}  # fmt: skip
_NO_LAYERS = PASSED_THROUGH | {"Transpose"}
# Between a map and the class scores these keep scores affine in the map.
_AFFINE = PASSED_THROUGH | {
    "Add", "Sub", "Mul", "Div", "Neg", "MatMul", "Gemm", "Conv", "Concat", "Transpose",
    "ReduceMean", "GlobalAveragePool", "AveragePool", "BatchNormalization",
}  # fmt: skip
_ATTENTIONS = {"Attention", "MultiHeadAttention"}
_ROW = 2  # axes of a tensor of class scores; attention has more
_POOLS = {"ReduceMean", "GlobalAveragePool", "AveragePool"}
_FACTORS = {"Mul", "MatMul", "Gemm", "Conv", "BatchNormalization", "Div"}


@dataclass(frozen=True, eq=False)
class Tap:
    """A tensor that holds a map of the picture.

    Attributes
    ----------
    name, kind : str
        Of the node that makes it.
    tensor : str
    shape : tuple of int
        Of the tensor, with the batch.
    grid : Grid or Tokens
        How the map lies in it.
    """

    name: str
    kind: str
    tensor: str
    shape: tuple[int, ...]
    grid: Grid | Tokens

    @property
    def cells(self) -> tuple[int, int, int]:
        """Rows, columns and channels of the map."""
        return self.grid.grid(self.shape)

    def upright(self, values: np.ndarray) -> np.ndarray:
        """The map, (N, H, W, K) float32, as the picture lies, of values of the tensor."""
        return upright(values, self.grid)

    def restored(self, maps: np.ndarray, whole: np.ndarray | None) -> np.ndarray:
        """Values of the tensor of a map that lies as the picture does."""
        return restored(maps, self.grid, whole)


def spatial_taps(
    graph: Graph,
    places: Mapping[str, Place],
    target: str,
    input_size: tuple[int, int],
    batch: int,
) -> tuple[Tap, ...]:
    """Tensors with a map of more than one cell that `target` is computed from, in order.

    Two of their four axes are the picture's rows and columns, in an even grid, or one of three
    counts tokens that lie in one; what else has as many axes, such as attention between tokens,
    is no map.
    """
    sources = graph.ancestors(target)
    taps = []
    for node, name in zip(graph.nodes, graph.names, strict=True):
        tensor = node.output[0]
        shape = graph.shapes.get(tensor)
        if (
            tensor not in sources
            or node.op_type in _NO_LAYERS
            or not graph.is_floating(tensor)
            or shape is None
            or None in shape
            or len(shape) not in (3, 4)
            or shape[0] != batch
        ):
            continue
        grid = map_in(places.get(tensor), len(shape), input_size)
        if grid is None:
            continue
        tap = Tap(name, node.op_type, tensor, tuple(int(side or 0) for side in shape), grid)
        rows, columns, _ = tap.cells
        if rows * columns > 1:
            taps.append(tap)
    return tuple(taps)


def default_tap(
    graph: Graph, taps: tuple[Tap, ...], target: str, reads: Callable[[Tap, Tap | None], bool]
) -> Tap:
    """The map that is shown where nobody asks for another.

    Parameters
    ----------
    reads : callable
        See `camcore.models.default_layer.Network`.
    """
    network = default_layer.Network[Tap](
        mixings=_mixings(graph, target),
        is_tokens=lambda tap: isinstance(tap.grid, Tokens),
        is_linear=lambda tap: _is_linear(graph, tap),
        is_projection=lambda tap: _is_projection(graph, graph.of(tap.tensor)),
        follows=lambda later, tap: tap.tensor in graph.ancestors(later.tensor),
        reads=reads,
    )
    made = [tap for tap in taps if tap.kind not in _PASSIVE]
    return default_layer.default_tap(made or list(taps), network)


def only_embeds(graph: Graph, tap: Tap, target: str) -> bool:
    """Whether a map is the embedding of a transformer's patches.

    It is linear in the pixels, and knows nothing yet of what the attention behind it finds.
    """
    return _is_linear(graph, tap) and _mixings(graph, target) > 0


def _is_linear(graph: Graph, tap: Tap) -> bool:
    """Whether a map is computed from the pixels by linear operations alone."""
    before = [graph.of(name) for name in graph.ancestors(tap.tensor) & graph.dependent]
    return all(node is None or node.op_type in _AFFINE | {"Pad"} for node in before)


def _is_projection(graph: Graph, node: Any) -> bool:
    """Whether a node is a product with weights, or adds a bias to one."""
    given = [name for name in node.input if name in graph.dependent]
    if len(given) != 1:
        return False
    maker = graph.of(given[0])
    added = node.op_type == "Add" and maker is not None and _is_projection(graph, maker)
    return node.op_type in ("MatMul", "Gemm") or added


def _mixings(graph: Graph, target: str) -> int:
    """How often tokens weigh one another by a softmax on the way to a target."""
    sources = graph.ancestors(target)
    return sum(
        node.op_type in _ATTENTIONS
        or (node.op_type == "Softmax" and len(graph.shapes.get(node.output[0]) or ()) > _ROW)
        for node in graph.nodes
        if node.output[0] in sources
    )


def pooled_affine(graph: Graph, taps: tuple[Tap, ...], target: str) -> frozenset[str]:
    """Names of the taps whose mean over positions the target is affine in, by the graph."""
    near, stack = {target}, [target]  # what affine operations alone lead back to
    while stack:
        node = graph.of(stack.pop())
        if node is not None and node.op_type in _AFFINE:
            new = [name for name in node.input if name not in near]
            near.update(new)
            stack += new
    return frozenset(
        tap.name
        for tap in taps
        if tap.tensor in near and not tap.grid.beside and _is_pooled(graph, tap, target)
    )


def _is_pooled(graph: Graph, tap: Tap, target: str) -> bool:
    inside = graph.between(tap.tensor, target)
    made = {name for at in inside for name in graph.nodes[at].output} | {tap.tensor}
    pooled: set[str] = set()
    for at in inside:
        node = graph.nodes[at]
        if not graph.is_floating(node.output[0]):
            continue  # shapes
        varying = [place for place, name in enumerate(node.input) if name in made]
        numbers = [place for place in varying if graph.is_floating(node.input[place])]
        beside = any(
            name in graph.dependent and name not in made and graph.is_floating(name)
            for name in node.input
        )
        if beside or node.op_type not in _AFFINE:
            return False
        if node.op_type in _FACTORS and (
            len(numbers) > 1 or (node.op_type not in ("Mul", "MatMul") and numbers != [0])
        ):
            return False
        if node.op_type in _POOLS and not _pools_everything(graph, tap, node, pooled):
            return False
        if node.op_type == "Conv" and any(window.size != 1 for window in windows(graph, node)):
            return False
        if node.op_type in _POOLS or all(node.input[place] in pooled for place in numbers):
            pooled.add(node.output[0])
    return target in pooled


def _pools_everything(graph: Graph, tap: Tap, node: Any, pooled: set[str]) -> bool:
    given = node.input[0]
    shapes = graph.shapes.get(given), graph.shapes.get(node.output[0])
    before, after = shapes
    if given in pooled or before is None or after is None:
        return given in pooled
    rows, columns, _ = tap.cells
    kind = node.op_type
    if kind == "ReduceMean":
        axes = axes_of(graph, node)
        if not axes:
            return False
        sides = [before[axis] for axis in sorted(axis % len(before) for axis in axes)]
        return 0 not in [axis % len(before) for axis in axes] and (
            sides in ([rows, columns], [columns, rows], [rows * columns])
        )
    if list(before[2:]) not in ([rows, columns], [columns, rows]):
        return False
    if kind == "GlobalAveragePool":
        return True
    sliding = windows(graph, node)
    # Border that a window reads beside all of the map adds nothing, or changes the size alone.
    return tuple(after[2:]) == (1, 1) and all(
        window.dilation == 1 and window.size - window.before >= (side or 0)
        for window, side in zip(sliding, before[2:], strict=True)
    )


def split_tables(
    graph: Graph, tap: Tap, target: str
) -> tuple[tuple[LayerRow, ...], tuple[LayerRow, ...]]:
    """Rows of both networks, from the picture to a map and from there on, in order.

    Nodes from which the target, but not the map, is computed stand in the first table, marked as
    beside it. Weights count where they are first used.
    """
    wanted = graph.ancestors(target)
    to_map = graph.ancestors(tap.tensor)
    from_map = graph.descendants(tap.tensor) - {tap.tensor}
    counted: set[str] = set()
    before: list[LayerRow] = []
    behind: list[LayerRow] = []
    for node, name in zip(graph.nodes, graph.names, strict=True):
        tensor = node.output[0]
        if tensor not in wanted or tensor not in graph.dependent or not graph.is_floating(tensor):
            continue
        held = {weight for weight in node.input if weight in graph.constants}
        new = (graph.constants[weight] for weight in held - counted)
        parameters = sum(
            int(array.size) for array in new if np.issubdtype(array.dtype, np.floating)
        )
        counted |= held
        after = tensor in from_map
        shape = (graph.shapes.get(tensor) or ())[1:]
        row = LayerRow(
            name, node.op_type, tuple(shape), parameters, not after and tensor not in to_map
        )
        (behind if after else before).append(row)
    return tuple(before), tuple(behind)
