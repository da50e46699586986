"""How a model's output is read: class scores before the last activation, probabilities after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from camcore.classifier import OutputKind
from camcore.errors import ModelError
from camcore.models.keras.traced_graph import PASSED_THROUGH, TracedGraph
from camcore.models.outputs import checked_kind, output_named


@dataclass(frozen=True, eq=False)
class Output:
    """One output of a traced model, in columns that can each be explained.

    Attributes
    ----------
    name : str
    kind : str
        One of `camcore.classifier.OutputKind`.
    scores : tensor, shape (N, C), float32
        Class scores; ``(-z, +z)`` for one sigmoid unit, ``(+y, -y)`` for each regression output.
    probabilities : tensor, shape (N, C), float32
    """

    name: str
    kind: OutputKind
    scores: Any
    probabilities: Any


def named_results(model: Any, results: Any) -> dict[str, Any]:
    """A model's results by the names of its outputs; a second one of a name is ``name:2``."""
    if isinstance(results, dict):
        pairs = [(str(name), tensor) for name, tensor in results.items()]
    else:
        tensors = list(results) if isinstance(results, (list, tuple)) else [results]
        names = getattr(model, "output_names", None) or ["output"]
        if len(names) != len(tensors):
            names = [f"output {index}" for index in range(len(tensors))]
        pairs = [(str(name), tensor) for name, tensor in zip(names, tensors, strict=True)]
    by_name: dict[str, Any] = {}
    for name, value in pairs:
        parts = (
            named_results(None, value) if isinstance(value, (dict, list, tuple)) else {"": value}
        )
        for part, tensor in parts.items():
            base = unique = f"{name}/{part}" if part else name
            count = 1
            while unique in by_name:
                count += 1
                unique = f"{base}:{count}"
            by_name[unique] = tensor
    return by_name


def choose_output(
    graph: TracedGraph,
    results: dict[str, Any],
    model: str,
    wanted: str | int | None = None,
    kind: OutputKind | None = None,
) -> tuple[Output, tuple[str, ...]]:
    """The output that is explained, and a note for each that was passed over.

    Parameters
    ----------
    results : dict
        As of `named_results`.
    model : str
        For the words of an error.
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
    if wanted is not None:
        name = output_named(tuple(results), model, wanted)
        try:
            return read_output(graph, name, results[name], kind), ()
        except ModelError as error:
            others = ", ".join(repr(other) for other in results if other != name)
            advice = f"; its other outputs are {others}" if others else ""
            raise ModelError(f"{model}: {str(error).rstrip('.')}{advice}.") from error
    notes: list[str] = []
    refusals: list[ModelError] = []
    for name, result in results.items():
        try:
            output = read_output(graph, name, result, kind)
        except ModelError as error:
            refusals.append(error)
            shape = "×".join("?" if s is None else str(s) for s in tuple(result.shape)[1:])
            notes.append(f"output {name!r} ({shape}) is no row of classes and was passed over")
            continue
        if graph.spatial_taps(output.scores):
            return output, tuple(notes)
        refusals.append(
            ModelError(
                f"{model} has no layer with a spatial map (height x width > 1) that its output "
                "depends on, so there is nothing to lay over a picture."
            )
        )
        notes.append(f"output {name!r} depends on no map of the picture and was passed over")
    raise refusals[0]


def read_output(
    graph: TracedGraph, name: str, result: Any, wanted: OutputKind | None = None
) -> Output:
    """Find the class scores before the last activation, and the probabilities after it.

    Parameters
    ----------
    name : str
    result : tensor
        What the model gives under that name.
    wanted : str, optional
        How a person says that it is to be read.

    Raises
    ------
    ModelError
        If it is not one row of numbers for each image.
    InputError
        If it cannot be read as wanted.
    """
    with graph.graph.as_default():
        output = tf.cast(as_matrix(name, result), tf.float32)
        activation, tensor = before_activation(output)
        logits = tf.cast(tf.reshape(tensor, (-1, output.shape[1])), tf.float32)
    units = int(output.shape[1])
    if wanted:
        kind = checked_kind(wanted, units)
    elif activation == "Softmax":
        kind = "softmax"
    elif activation == "Sigmoid":
        kind = "sigmoid" if units == 1 else "multi-label"
    elif units == 1:
        kind = "regression"
    else:
        kind = "log-probability" if _sums_to_one(graph, output) else "logits"
    with graph.graph.as_default():
        if kind == "softmax":
            scores, probabilities = logits, output
        elif kind == "logits":
            scores, probabilities = output, tf.nn.softmax(output)
        elif kind == "log-probability":
            scores = tf.math.log(tf.maximum(output, np.finfo(np.float32).tiny))
            probabilities = output
        elif kind == "multi-label":
            scores, probabilities = logits, tf.sigmoid(logits)
        elif kind == "sigmoid":
            scores = tf.concat([-logits, logits], axis=1)
            probabilities = tf.sigmoid(scores)
        else:
            pairs = tf.stack([output, -output], axis=2)
            scores = probabilities = tf.reshape(pairs, (-1, 2 * units))
    return Output(name, kind, scores, probabilities)


def before_activation(output: Any) -> tuple[str, Any]:
    """Walk back from an output, shape (N, C), to what its last activation was applied to.

    Returns
    -------
    activation : {"Softmax", "Sigmoid", ""}
    tensor : tensor of N x C values before the activation, or `output` itself without one.
    """
    tensor = output
    while tensor.op.type in PASSED_THROUGH:
        tensor = tensor.op.inputs[0]
    if tensor.op.type not in {"Softmax", "Sigmoid"}:
        return "", output
    if tensor.op.type == "Softmax" and tensor.shape[-1] != output.shape[-1]:
        raise ModelError("the output is a softmax over positions, not over classes.")
    return tensor.op.type, tensor.op.inputs[0]


def as_matrix(name: str, output: Any) -> Any:
    """An output as N x C; refuse what cannot be read as one row of numbers for each image."""
    if output.shape.rank is None:
        raise ModelError(f"output {name!r} has no shape that is known before a picture is given.")
    if not (output.dtype.is_floating or output.dtype.is_integer):
        raise ModelError(f"output {name!r} holds {output.dtype.name} values, not numbers.")
    sizes = tuple(output.shape)[1:]
    if None in sizes or (len(sizes) > 1 and int(np.prod(sizes)) != sizes[-1]):
        shape = " x ".join("?" if s is None else str(s) for s in sizes)
        raise ModelError(
            f"output {name!r} has shape {shape} for one image; CAM Audit explains outputs that are "
            "one row of numbers (class scores or regression values)."
        )
    return tf.reshape(output, (-1, sizes[-1] if sizes else 1))


def _sums_to_one(graph: TracedGraph, output: Any) -> bool:
    """Whether an output without a visible softmax holds probabilities all the same."""
    run = graph.function([graph.images], [output])
    noise = np.random.default_rng(0).uniform(0, 1, (4, *graph.images.shape[1:]))
    rows = run(tf.constant(noise, tf.float32))[0].numpy()
    return bool((rows >= 0).all() and np.allclose(rows.sum(axis=1), 1, atol=1e-3))
