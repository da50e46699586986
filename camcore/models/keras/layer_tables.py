"""A model as two networks, split at a layer: from the image to its maps, and from there on."""

from __future__ import annotations

from typing import Any

from camcore.classifier import LayerRow
from camcore.models.keras.traced_graph import Tap, TracedGraph, walk


def split_tables(
    model: Any, graph: TracedGraph, tap: Tap, results: list[Any]
) -> tuple[tuple[LayerRow, ...], tuple[LayerRow, ...]]:
    """Rows of both networks, in order of computation.

    Parameters
    ----------
    tap : Tap
        Where the model is split; it ends the first table.
    results : list of tensor
        What the model answers; layers that none of them is computed from are left out.

    Returns
    -------
    before, behind : tuple of LayerRow
        Layers from which the results, but not the map, are computed stand in the first table,
        marked as beside it.
    """
    parameters = {
        path: int(operation.count_params())
        for path, operation in walk(model)
        if hasattr(operation, "count_params")
    }
    wanted = set().union(*(graph.ancestors(tensor) for tensor in results))
    to_map = graph.ancestors(tap.tensor)
    from_map = graph.descendants(tap.tensor) - {tap.tensor.op}
    before: list[LayerRow] = []
    behind: list[LayerRow] = []
    for layer in graph.taps:
        if layer.tensor.op not in wanted:
            continue
        after = layer.tensor.op in from_map
        row = LayerRow(
            layer.name,
            layer.kind,
            tuple(layer.tensor.shape)[1:],
            parameters.get(layer.name, 0),
            beside=not after and layer.tensor.op not in to_map,
        )
        (behind if after else before).append(row)
    return tuple(before), tuple(behind)
