"""Weights of an ONNX graph: of which node, whether they are numbers, and in another order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from camcore.errors import ModelError
from camcore.models.onnx.graph import Graph

Weights = Mapping[str, Sequence[str]]
"""Names of nodes, in order of computation -> the constants that are their weights."""


def weights_of(graph: Graph, target: str, ends: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Which weights of which nodes `target` is computed from.

    Parameters
    ----------
    ends : sequence of str
        Tensors in which the scaling of pixels ends: what scales them is not learned.
    """
    wanted = graph.ancestors(target)
    scaling = set().union(*(graph.ancestors(tensor) for tensor in ends))
    held_by: dict[str, tuple[str, ...]] = {}
    taken: set[str] = set()
    for node, name in zip(graph.nodes, graph.names, strict=True):
        tensor = node.output[0]
        if tensor not in wanted or tensor not in graph.dependent or tensor in scaling:
            continue
        held = [
            source
            for given in node.input
            if given and given not in graph.dependent
            for source in sorted(graph.ancestors(given))
            if source in graph.constants and _is_weight(graph.constants[source])
        ]
        if new := tuple(source for source in dict.fromkeys(held) if source not in taken):
            taken.update(new)
            held_by[name] = new
    return held_by


def check_weights(graph: Graph, weights: Weights, model: str) -> None:
    """Raise a ModelError that names the first node whose weights are NaN or infinite."""
    for path, names in weights.items():
        for name in names:
            values = graph.constants[name]
            lost = int((~np.isfinite(values)).sum())
            if lost:
                raise ModelError(
                    f"{model} has diverged: the first weights that are NaN or infinite are those "
                    f"of layer {path!r} ({lost:,} of {values.size:,}), so its answers mean "
                    "nothing; load an earlier checkpoint, or train anew with a lower learning rate."
                )


def shuffled(
    graph: Graph, weights: Weights, layers: Sequence[str], seed: int
) -> dict[str, np.ndarray]:
    """Constants with the same values in another order, by name.

    A layer's order depends on the seed and the layer alone.
    """
    places = {path: place for place, path in enumerate(weights)}
    changed = {}
    for path in layers:
        rng = np.random.default_rng((seed, places[path]))
        for name in weights[path]:
            values = graph.constants[name]
            changed[name] = rng.permutation(values.ravel()).reshape(values.shape)
    return changed


def _is_weight(values: np.ndarray) -> bool:
    return bool(np.issubdtype(values.dtype, np.floating)) and values.size > 1
