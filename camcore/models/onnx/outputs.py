"""How an output of an ONNX model is read: class scores before the last activation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from camcore.classifier import OutputKind
from camcore.errors import ModelError
from camcore.models.onnx.attributes import attribute
from camcore.models.onnx.graph import PASSED_THROUGH, Graph
from camcore.models.outputs import checked_kind, output_named

_LEAST = np.finfo(np.float32).tiny


@dataclass(frozen=True)
class Output:
    """One output, in columns that can each be explained.

    Attributes
    ----------
    name : str
    kind : str
        One of `camcore.classifier.OutputKind`.
    tensor : str
        What the class scores are made of: the numbers before the last activation, where there
        is one that can be cut.
    answer : str
        What the probabilities are made of.
    units : int
        Numbers in a row of the output.
    """

    name: str
    kind: OutputKind
    tensor: str
    answer: str
    units: int

    @property
    def columns(self) -> int:
        """Number of columns of the scores."""
        if self.kind == "sigmoid":
            return 2
        return 2 * self.units if self.kind == "regression" else self.units

    def scores(self, values: np.ndarray) -> np.ndarray:
        """Class scores, (N, C) float32, of values of `tensor`."""
        rows = values.reshape(-1, self.units).astype(np.float32)
        if self.kind == "log-probability":
            return np.log(np.maximum(rows, _LEAST))
        if self.kind == "sigmoid":
            return np.concatenate([-rows, rows], axis=1)
        if self.kind == "regression":
            return np.stack([rows, -rows], axis=2).reshape(-1, 2 * self.units)
        return rows

    def probabilities(self, scores: np.ndarray, answers: np.ndarray) -> np.ndarray:
        """Class probabilities, (N, C) float32, of scores and values of `answer`."""
        if self.kind in ("softmax", "log-probability"):
            return answers.reshape(-1, self.units).astype(np.float32)
        if self.kind == "logits":
            powers = np.exp(scores - scores.max(axis=1, keepdims=True))
            softmax: np.ndarray = powers / powers.sum(axis=1, keepdims=True)
            return softmax
        if self.kind == "regression":
            return scores
        half = np.tanh(scores / 2)
        sigmoid: np.ndarray = (half + 1) / 2
        return sigmoid

    def slopes(self, counted: np.ndarray, scores: np.ndarray) -> np.ndarray:
        """What each value of `tensor` counts, (N, units), where each score counts `counted`."""
        if self.kind == "log-probability":
            slopes: np.ndarray = counted / np.maximum(np.exp(scores), _LEAST)
            return slopes
        if self.kind == "sigmoid":
            counted = counted[:, 1:] - counted[:, :1]
        if self.kind == "regression":
            counted = counted[:, 0::2] - counted[:, 1::2]
        return counted


def choose_output(
    graph: Graph,
    model: str,
    has_map: Callable[[str], bool],
    sums_to_one: Callable[[str], bool],
    wanted: str | int | None = None,
    kind: OutputKind | None = None,
) -> tuple[Output, tuple[str, ...]]:
    """The output that is explained, and a note for each that was passed over.

    Parameters
    ----------
    model : str
        For the words of an error.
    has_map : callable
        Whether a tensor depends on a layer with a map.
    sums_to_one : callable
        Whether the rows of a tensor are probabilities.
    wanted : str or int, optional
        Its name, or its position from 0; by default the first that can be explained.
    kind : str, optional
        How a person says that it is to be read.

    Raises
    ------
    ModelError
        If the output, or each of them, cannot be explained.
    InputError
        If there is no such output, or it cannot be read as wanted.
    """
    names = graph.outputs
    if wanted is not None:
        names = (output_named(names, model, wanted),)
    notes: list[str] = []
    refusals: list[str] = []
    for name in names:
        try:
            output = _read(graph, name, sums_to_one, kind)
        except ModelError as error:
            refusals.append(str(error))
            notes.append(f"output {name!r} is no row of classes and was passed over")
            continue
        if has_map(output.tensor):
            return output, tuple(notes)
        refusals.append(
            "it has no layer with a spatial map (height x width > 1, in an even grid over the "
            "picture) that its output depends on, so there is nothing to lay over a picture."
        )
        notes.append(f"output {name!r} depends on no map of the picture and was passed over")
    raise ModelError(f"{model}: {refusals[0] if refusals else 'it has no output.'}")


def _read(
    graph: Graph, name: str, sums_to_one: Callable[[str], bool], wanted: OutputKind | None
) -> Output:
    units = _units(graph, name)
    activation, tensor = _before_activation(graph, name, units)
    kind: OutputKind
    if wanted:
        kind = checked_kind(wanted, units)
    elif activation == "Softmax":
        kind = "softmax"
    elif activation == "LogSoftmax":
        kind = "logits"
    elif activation == "Sigmoid":
        kind = "sigmoid" if units == 1 else "multi-label"
    elif units == 1:
        kind = "regression"
    else:
        kind = "log-probability" if sums_to_one(name) else "logits"
    if kind == "regression" or (wanted == "logits" and activation != "LogSoftmax"):
        tensor = name
    return Output(name, kind, tensor, name, units)


def _units(graph: Graph, name: str) -> int:
    shape = graph.shapes.get(name)
    if shape is None or None in shape[1:] or not graph.is_floating(name):
        raise ModelError(f"output {name!r} has no shape that is known before a picture is given.")
    sizes = [int(side or 1) for side in shape[1:]]
    units = int(np.prod(sizes)) if sizes else 1
    if sizes and units != max(sizes):
        raise ModelError(
            f"output {name!r} has shape {' x '.join(map(str, sizes))} for one image; CAM Audit "
            "explains outputs that are one row of numbers (class scores or regression values)."
        )
    return units


def _before_activation(graph: Graph, name: str, units: int) -> tuple[str, str]:
    """The last activation and what it was applied to, or the output itself without one."""
    tensor = name
    while (node := graph.of(tensor)) is not None and node.op_type in PASSED_THROUGH:
        tensor = node.input[0]
    if node is None or node.op_type not in ("Softmax", "LogSoftmax", "Sigmoid"):
        return "", name
    before: str = node.input[0]
    if node.op_type != "Sigmoid":
        shape = graph.shapes.get(before) or ()
        axis = attribute(node, "axis", 1 if graph.opset < 13 else -1)
        if not shape or shape[axis] != units:
            raise ModelError(f"output {name!r} is a softmax over positions, not over classes.")
    return node.op_type, before
