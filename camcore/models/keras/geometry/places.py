"""The place of every tensor of a traced graph in the picture: pixel rows and columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from camcore.models.geometry.coordinates import CENTRE, FIRST, LAST, Coordinates, at
from camcore.models.geometry.grids import Place
from camcore.models.keras.geometry.rules import RULES, Application, elementwise
from camcore.models.keras.subgraphs import cut

_CALLS = {"PartitionedCall", "StatefulPartitionedCall"}
_BRANCHES = {"If", "StatelessIf"}
_REPEATING = {"Reshape", "GatherV2", "ConcatV2"}


def places(graph: Any, images: Any, dependent: Iterable[Any]) -> dict[str, Place]:
    """Follow the pixels of a picture through a graph.

    Parameters
    ----------
    graph : FuncGraph
    images : tensor, shape (N, H, W, C)
        Where pictures enter.
    dependent : collection of tf.Operation
        What is computed from them.

    Returns
    -------
    dict of str to Place
        By the names of tensors.
    """
    shape = (1, *(int(n) for n in images.shape[1:]))
    start = Place(Coordinates.of_axis(shape, 1), Coordinates.of_axis(shape, 2))
    known = {images.name: start}
    _follow(graph, known, set(dependent), {})
    return known


def _follow(
    graph: Any, known: dict[str, Place], dependent: set[Any], given: dict[str, Any]
) -> None:
    """Add the places of all dependent tensors; `given` are values of a function's arguments."""
    operations = [operation for operation in graph.get_operations() if operation in dependent]
    # Shapes that static inference leaves open are computed together: each cut takes time.
    shapes = [
        operation.inputs[1]
        for operation in operations
        if operation.type == "Reshape" and not _one_free(operation.outputs[0].shape)
    ]
    constants = dict(zip((t.name for t in shapes), _values(graph, shapes, given), strict=True))

    def value(tensor: Any) -> Any:
        if tensor.name not in constants:
            constant = tf.get_static_value(tensor)
            if constant is None and tensor.op not in dependent:
                (constant,) = _values(graph, [tensor], given)
            constants[tensor.name] = constant
        return constants[tensor.name]

    for operation in operations:
        if operation.type == "Placeholder":
            continue
        inputs = [known.get(tensor.name) for tensor in operation.inputs]
        if operation.type in _CALLS:
            name = operation.get_attr("f").name
            output_places = _called(graph, name, operation, inputs, value)
        elif operation.type in _BRANCHES:
            output_places = _branch(graph, operation, inputs, value)
        else:
            output_places = _applied(operation, inputs, dependent, value)
        for tensor, place in zip(operation.outputs, output_places, strict=True):
            known[tensor.name] = place


def _values(graph: Any, tensors: list[Any], given: dict[str, Any]) -> list[Any]:
    """Values of tensors that depend on a picture by its shape alone; None where they do not."""
    fed: dict[str, tuple[Any, Any]] = {}
    stack, seen = list(tensors), {tensor.name for tensor in tensors}
    while stack:
        tensor = stack.pop()
        operation = tensor.op
        if tensor.name in given:
            fed[tensor.name] = tensor, given[tensor.name]
        elif operation.type == "Shape":
            static = operation.inputs[0].shape
            if static.rank is None or None in tuple(static)[1:]:
                return [None] * len(tensors)
            fed[tensor.name] = tensor, np.array([1 if n is None else int(n) for n in static])
        elif operation.type == "Placeholder" and tensor.dtype != tf.resource:
            return [None] * len(tensors)
        else:
            more = [source for source in operation.inputs if source.name not in seen]
            seen.update(source.name for source in more)
            stack += more
    if not tensors or any(value is None for _, value in fed.values()):
        return [None] * len(tensors)
    arguments = [tf.constant(value, tensor.dtype) for tensor, value in fed.values()]
    run = cut(graph, [tensor for tensor, _ in fed.values()], tensors)
    return [result.numpy() for result in run(*arguments)]


def _one_free(shape: Any) -> bool:
    return shape.rank is not None and sum(n is None for n in shape) <= 1


def _applied(
    operation: Any,
    inputs: list[Place | None],
    dependent: set[Any],
    value: Callable[[Any], Any],
) -> list[Place]:
    rule = RULES.get(operation.type, elementwise)
    sides: list[list[Coordinates | None]] = []
    from_picture = [tensor.op in dependent for tensor in operation.inputs]
    for side in ("rows", "columns"):
        coordinates = [None if place is None else getattr(place, side) for place in inputs]
        mixed = [
            within and known is None
            for within, known in zip(from_picture, coordinates, strict=True)
        ]
        call = Application(operation, coordinates, mixed, lambda i: value(operation.inputs[i]))
        none = not any(c is not None for c in coordinates)
        outputs = [None] * len(operation.outputs) if none else rule(call)
        sides.append([Coordinates(f) if isinstance(f, np.ndarray) else f for f in outputs])
    if operation.type in _REPEATING:
        sides = [[_even(a, b) for a, b in zip(*pair, strict=True)] for pair in (sides, sides[::-1])]
    return [Place(*pair) for pair in zip(*sides, strict=True)]


def _even(coordinates: Coordinates | None, other: Coordinates | None) -> Coordinates | None:
    """Coordinates of one side, with copies of an element spread over the cell that they fill.

    Copies are what neither side tells apart: nearest-neighbour upsampling written as repetition.
    """
    if coordinates is None or len(coordinates.varying) != 1:
        return coordinates
    (axis,) = coordinates.varying
    if other is None or axis in other.varying:
        return coordinates
    centre = np.moveaxis(coordinates.values[CENTRE], axis, 0).reshape(coordinates.shape[axis], -1)[
        :, 0
    ]
    starts = np.flatnonzero(np.r_[True, np.abs(np.diff(centre)) > 0])
    times, rest = divmod(len(centre), len(starts))
    if times < 2 or rest or len(starts) < 2 or (starts != np.arange(len(starts)) * times).any():
        return coordinates
    index = (np.arange(len(centre)) + 0.5) / times - 0.5
    thin = coordinates.values[CENTRE].take(starts, axis)
    values = np.stack([at(thin, index, axis), coordinates.values[FIRST], coordinates.values[LAST]])
    return Coordinates(np.broadcast_to(values, (3, *coordinates.shape)))


def _called(
    graph: Any,
    name: str,
    operation: Any,
    inputs: list[Place | None],
    value: Callable[[Any], Any],
    skipped: int = 0,
) -> list[Place]:
    """Outputs of a function, given the places of its arguments."""
    function = graph._get_function(name)  # as traced, shapes included; no public way to it
    if function is None:
        return [Place(None, None)] * len(operation.outputs)
    body = function.graph
    known: dict[str, Place] = {}
    dependent: set[Any] = set()
    given: dict[str, Any] = {}
    for argument, place, outer in zip(
        body.inputs, inputs[skipped:], list(operation.inputs)[skipped:], strict=True
    ):
        if place is not None:
            known[argument.name] = place
            dependent.add(argument.op)
        elif argument.dtype != tf.resource:
            given[argument.name] = value(outer)
    for inner in body.get_operations():
        if any(tensor.op in dependent for tensor in inner.inputs) and inner.type != "Shape":
            dependent.add(inner)
    _follow(body, known, dependent, given)
    return [known.get(tensor.name, Place(None, None)) for tensor in body.outputs]


def _branch(
    graph: Any, operation: Any, inputs: list[Place | None], value: Callable[[Any], Any]
) -> list[Place]:
    """Outputs of a condition that is the same for every picture."""
    chosen = value(operation.inputs[0])
    if chosen is None:
        return [Place(None, None)] * len(operation.outputs)
    name = operation.get_attr("then_branch" if bool(np.ravel(chosen)[0]) else "else_branch").name
    return _called(graph, name, operation, inputs, value, 1)


Places = Mapping[str, Place]
