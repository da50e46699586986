"""Which cells of a graph's maps its scores follow, by their slopes for one picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from camcore.models.onnx.backward import Backward
from camcore.models.onnx.functions import Function
from camcore.models.onnx.graph import Graph
from camcore.models.onnx.layers import Tap
from camcore.models.onnx.slope_nodes import NoDerivativeError


class Reading:
    """The way back from a target to the maps that it is computed from.

    Parameters
    ----------
    graph : Graph
    target : str
        Tensor that class scores are made of.
    fed : dict of str to ndarray
        Values of the graph's inputs for a batch of pictures.
    """

    def __init__(self, graph: Graph, target: str, fed: Mapping[str, np.ndarray]) -> None:
        self._graph, self._target, self._fed = graph, target, dict(fed)

    def reads(self, tap: Tap, held: Tap | None) -> bool:
        """Whether the target follows the cells of a map, with another held at what it is.

        Taken to be so where a derivative is not known.
        """
        slopes = self._slopes([tap], held)
        return slopes is None or bool(np.any(tap.upright(slopes[tap.name])))

    def unread(self, taps: Sequence[Tap]) -> tuple[str, ...]:
        """Names of the maps of which the target follows other tokens, and no cell."""
        partial = [tap for tap in taps if tap.grid.beside]
        slopes = self._slopes(partial, None) if partial else None
        if slopes is None:
            return ()
        return tuple(
            tap.name
            for tap in partial
            if np.any(slopes[tap.name]) and not np.any(tap.upright(slopes[tap.name]))
        )

    def _slopes(self, taps: Sequence[Tap], held: Tap | None) -> dict[str, np.ndarray] | None:
        graph, target = self._graph, self._target
        backward = Backward(graph, taps[0].tensor)
        try:
            names = backward.slopes_at(
                target, [tap.tensor for tap in taps], held.tensor if held else None
            )
        except NoDerivativeError:
            return None
        sides = tuple(int(side or 1) for side in graph.shapes[target])
        counted = np.random.default_rng(0).normal(size=sides)
        kind = graph.type_of(target)
        wanted = [name for name in names if name is not None]
        made: Mapping[str, np.ndarray] = {}
        if wanted:
            inputs = (*self._fed, Backward.slopes)
            function = Function(graph, inputs, wanted, backward.nodes, {Backward.slopes: kind})
            rows = {**self._fed, Backward.slopes: counted}
            made = function(rows)
        return {
            tap.name: np.zeros(tap.shape, np.float32) if name is None else made[name]
            for tap, name in zip(taps, names, strict=True)
        }
