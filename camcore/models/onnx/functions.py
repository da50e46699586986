"""Functions cut from one ONNX graph, each made when it is first needed."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from onnx import helper

from camcore.models.onnx.backward import Backward
from camcore.models.onnx.graph import Graph
from camcore.models.onnx.sessions import start

_SESSIONS = 12  # kept at a time: each may hold its weights once more, in the order it likes


class Function:
    """A piece of a network: values of some tensors from those of others.

    Parameters
    ----------
    graph : Graph
    inputs, outputs : sequence of str
    more : sequence of onnx.NodeProto
        Nodes behind those of the graph; see `Graph.cut`.
    types : dict of str to int, optional
        Element types of inputs that are no tensors of the graph.
    """

    def __init__(
        self,
        graph: Graph,
        inputs: Sequence[str],
        outputs: Sequence[str],
        more: Sequence[Any] = (),
        types: Mapping[str, int] | None = None,
    ) -> None:
        kinds = {tensor: graph.type_of(tensor) for tensor in inputs} | dict(types or {})
        self._given = frozenset(inputs)
        self._outputs = [tensor for tensor in outputs if tensor not in self._given]
        self._session = start(*graph.cut(inputs, self._outputs, more, kinds))
        self._types = {
            tensor: helper.tensor_dtype_to_np_dtype(kind) for tensor, kind in kinds.items()
        }

    def __call__(
        self,
        rows: Mapping[str, np.ndarray],
        whole: Mapping[str, np.ndarray] | None = None,
        batch: int | None = None,
        same: Collection[str] = (),
    ) -> dict[str, np.ndarray]:
        """Values of the outputs, and of the inputs, by name.

        Parameters
        ----------
        rows : dict of str to ndarray
            Inputs with a row for each picture.
        whole : dict of str to ndarray, optional
            Inputs that are the same for all.
        batch : int, optional
            How many pictures go at a time; the last batch is filled up with its last picture.
        same : collection of str
            Outputs that are the same for all.
        """
        fed = {name: array.astype(self._types[name], copy=False) for name, array in rows.items()}
        whole = dict(whole or {})
        if batch is None:
            return fed | whole | self._run(fed | whole)
        count = len(next(iter(fed.values())))
        parts = []
        for first in range(0, count, batch):
            part = {name: array[first : first + batch] for name, array in fed.items()}
            real = min(batch, count - first)
            if real < batch:
                part = {
                    name: np.concatenate([array, np.repeat(array[-1:], batch - real, axis=0)])
                    for name, array in part.items()
                }
            made = self._run(part | whole)
            parts.append({n: array if n in same else array[:real] for n, array in made.items()})
        joined = {
            name: array if name in same else np.concatenate([part[name] for part in parts])
            for name, array in parts[0].items()
        }
        return fed | whole | joined

    def _run(self, fed: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        values = self._session.run(self._outputs, fed)
        return dict(zip(self._outputs, values, strict=True))


class Functions:
    """The functions of one graph that were used last; safe for threads.

    Parameters
    ----------
    graph : Graph
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._lock = threading.Lock()
        self._made: OrderedDict[tuple[tuple[str, ...], tuple[str, ...]], Function] = OrderedDict()

    def function(self, inputs: Sequence[str], outputs: Sequence[str]) -> Function:
        """From some tensors to others."""
        return self._kept(tuple(inputs), tuple(dict.fromkeys(outputs)), None)

    def backward(self, source: str, target: str, beside: Sequence[str]) -> Function:
        """From a tensor, what else the target follows from, and slopes, to a gradient.

        Raises
        ------
        camcore.models.onnx.slope_nodes.NoDerivativeError
        """
        inputs = (source, *beside, Backward.slopes)
        return self._kept(inputs, (Backward.gradient,), target)

    def _kept(
        self, inputs: tuple[str, ...], outputs: tuple[str, ...], target: str | None
    ) -> Function:
        with self._lock:
            key = inputs, outputs
            if key not in self._made:
                more, types = [], {}
                if target:
                    more = Backward(self.graph, inputs[0]).differentiate(target)
                    types = {Backward.slopes: self.graph.type_of(target)}
                self._made[key] = Function(self.graph, inputs, outputs, more, types)
                if len(self._made) > _SESSIONS:
                    self._made.popitem(last=False)
            self._made.move_to_end(key)
            return self._made[key]
