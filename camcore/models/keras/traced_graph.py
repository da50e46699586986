"""A Keras model traced once into one TensorFlow graph, and the pieces cut from it.

Whatever the model is (functional, Sequential, nested at any depth, subclassed), one trace yields
one flat graph. Every layer's output is noted while its ``call`` runs, so inner layers of nested
models need no surgery, and forward, backward and head functions are cut out of that graph, so
nothing is ever traced again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import keras
import tensorflow as tf

from camcore.errors import MethodError
from camcore.models.geometry.grids import Place, spatial_axes
from camcore.models.keras.channels_first import convolved_channels_last
from camcore.models.keras.geometry.layer_maps import LayerMap, even_map, layer_map
from camcore.models.keras.geometry.places import places
from camcore.models.keras.geometry.token_maps import TokenMap, token_map
from camcore.models.keras.subgraphs import cut

# Operations that hand on the numbers that they are given.
PASSED_THROUGH = {"Identity", "Reshape", "Squeeze", "Cast", "StopGradient", "ExpandDims"}
# Names that TensorFlow can make a scope of; people write others, so that these wait outside while
# a model is traced.
_SCOPE = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*")
_SUMS = {"Add", "AddV2", "AddN"}
_SHAPES = {"Shape", "ShapeN", "Size", "Rank"}


@tf.RegisterGradient("CamcoreMatMul")  # type: ignore[untyped-decorator]
def _matmul_gradient(operation: Any, slope: Any) -> tuple[Any, Any]:
    """The usual gradient of a matrix product, in an order that suits wide dense layers.

    TensorFlow multiplies by the transposed weights, which on a CPU took 89 ms for 16 images and
    VGG16's first dense layer; the transpose of the product takes 19 ms.
    """
    a, b = operation.inputs
    turned_a, turned_b = operation.get_attr("transpose_a"), operation.get_attr("transpose_b")
    weights = tf.transpose(b) if turned_b else b
    to_a = tf.matmul(weights, tf.transpose(slope))
    inputs = a if turned_a else tf.transpose(a)
    to_b = tf.matmul(inputs, slope)
    return to_a if turned_a else tf.transpose(to_a), tf.transpose(to_b) if turned_b else to_b


@dataclass(frozen=True, eq=False)
class Tap:
    """The output of one layer inside the graph.

    Attributes
    ----------
    name, kind : str
    tensor : tensor
    map : LayerMap, TokenMap or None
        How the tensor lies in the picture, where it holds a map of it.
    """

    name: str
    kind: str
    tensor: Any
    map: LayerMap | TokenMap | None = None

    @property
    def grid(self) -> tuple[int, int, int]:
        """Rows, columns and channels of the map."""
        shape = tuple(self.tensor.shape)
        if self.map:
            return self.map.grid(shape)
        rows, columns, channels = (int(size) for size in shape[1:])
        return rows, columns, channels

    def upright(self, tensor: Any) -> Any:
        """The map, (N, H, W, K), as the picture lies, of a tensor like the layer's own."""
        return self.map.upright(tensor) if self.map else tensor

    def restored(self, maps: Any, whole: Any = None) -> Any:
        """A tensor like the layer's own of a map that lies as the picture does.

        What is no cell of the map is taken from `whole`, the layer's tensor for one picture.
        """
        return self.map.restored(maps, whole) if self.map else maps


def walk(model: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every innermost layer or operation of a model with its path, nested models opened."""
    for operation in getattr(model, "operations", None) or model.layers:
        if isinstance(operation, keras.Model):
            yield from walk(operation, f"{prefix}{operation.name}/")
        elif not isinstance(operation, keras.layers.InputLayer):
            yield prefix + operation.name, operation


def all_operations(model: Any) -> Iterator[Any]:
    """A model and all that it is made of, at any depth."""
    yield model
    for operation in getattr(model, "operations", None) or model.layers:
        if isinstance(operation, keras.Model):
            yield from all_operations(operation)
        elif isinstance(operation, keras.Layer):
            yield from operation._flatten_layers()  # itself, and what a wrapper holds
        else:
            yield operation


class TracedGraph:
    """One model as one graph: where its maps are, and functions cut out of it.

    Parameters
    ----------
    model : keras.Model
    input_shape : tuple of int
        Height, width, channels to trace with; the number of images stays free.
    fed : callable, optional
        Makes what the model is called with from the images, in place of the images alone.
    """

    def __init__(
        self,
        model: Any,
        input_shape: tuple[int, int, int],
        fed: Callable[[Any], Any] | None = None,
    ) -> None:
        self._kept = model, fed  # keep the variables alive
        taps: list[Tap] = []
        dtype = model.inputs[0].dtype if getattr(model, "inputs", None) else "float32"

        def run(images: Any) -> Any:
            graph = tf.compat.v1.get_default_graph()
            with graph.gradient_override_map({"MatMul": "CamcoreMatMul"}):
                return model(fed(images) if fed else tf.cast(images, dtype), training=False)

        operations = list(all_operations(model))
        with convolved_channels_last(operations), _noted(model, taps), _named(operations):
            self._function = tf.compat.v1.wrap_function(
                run, [tf.TensorSpec((None, *input_shape), tf.float32)]
            )
        self.graph = self._function.graph
        self.images = self._function.inputs[0]
        self.results = self._function.structured_outputs
        self.taps = tuple(_numbered(taps))
        self.dependent = self.descendants(self.images)
        self._places: dict[str, Place] = places(self.graph, self.images, self.dependent)

    def spatial_taps(self, target: Any) -> tuple[Tap, ...]:
        """Taps that hold a map of more than one cell and that `target` is computed from.

        Two axes of a map are the picture's rows and columns, in an even grid, or one axis counts
        the cells of such a grid (tokens); what else has so many axes, such as attention between
        tokens, is no map. Where no layer at all can be followed
        from the picture, those are taken that have four axes, and their grids for even ones over
        the whole of it.
        """
        sources = self.ancestors(target)
        size = int(self.images.shape[1]), int(self.images.shape[2])
        maps: list[Tap] = []
        unfollowed: list[Tap] = []
        for tap in self.taps:
            tensor = tap.tensor
            if (
                tensor.shape.rank not in (3, 4)
                or None in tuple(tensor.shape)[1:]
                or not tensor.dtype.is_floating
                or tensor.op not in sources
            ):
                continue
            place = self._places.get(tensor.name)
            lies: LayerMap | TokenMap | None
            if tensor.shape.rank == 3:
                lies = token_map(place, size)
            else:
                lies = layer_map(place, size) if place is not None else even_map(size)
            if lies is None:
                continue
            rows, columns, _ = lies.grid(tuple(tensor.shape))
            if rows * columns > 1:
                (unfollowed if place is None else maps).append(replace(tap, map=lies))
        return tuple(maps or unfollowed)

    def cell_axes(self, tensor: Any) -> tuple[int, ...] | None:
        """Axes of a tensor that count the cells of a map, and nothing beside them."""
        place = self._places.get(tensor.name)
        if tensor.shape.rank == 3:
            tokens = token_map(place, (int(self.images.shape[1]), int(self.images.shape[2])))
            return (tokens.axis,) if tokens is not None and not tokens.beside else None
        return spatial_axes(place) or ((1, 2) if tensor.shape.rank == 4 else None)

    def mixes_cells(self, operation: Any) -> bool:
        """Whether an operation joins the tokens of a map with mixtures of all of them."""
        if operation.type not in _SUMS or operation.outputs[0].shape.rank != 3:
            return False
        place = self._places.get(operation.outputs[0].name)
        return (
            place is not None
            and place.rows is not None
            and any(
                source.op in self.dependent
                and source.shape.rank == 3
                and source.shape[1:] == operation.outputs[0].shape[1:]
                and (there := self._places.get(source.name)) is not None
                and there.rows is None
                for source in operation.inputs
            )
        )

    def function(
        self,
        inputs: list[Any],
        outputs: list[Any],
        variables: Mapping[str, Any] | None = None,
    ) -> Any:
        """Cut out just the operations that compute `outputs` from `inputs`.

        `variables` take the place of the model's own, by the names of their captures.
        """
        return cut(self.graph, inputs, outputs, variables=variables)

    def differentiate(self, scores: Any, activations: Any) -> tuple[Any, Any, list[Any]]:
        """Add d (slopes . scores) / d activations to the graph.

        Returns
        -------
        slopes : tensor, shape (N, C), float32
            Placeholder of what each score counts; one at the target and else zero for its score.
        gradients : tensor, shape of `activations`
        residuals : list of tensor
            Forward results that the backward pass starts from, each with the batch first; given
            these, no forward computation is done again.
        """
        before = len(self.graph.get_operations())
        with self.graph.as_default():
            slopes = tf.compat.v1.placeholder(scores.dtype, (None, scores.shape[1]))
            (gradients,) = tf.gradients(scores, [activations], grad_ys=slopes)
        if gradients is None:
            raise MethodError("the class scores have no gradient with respect to this layer.")
        added = set(self.graph.get_operations()[before:])
        residuals: dict[str, Any] = {}
        seen = set()
        stack = [gradients.op]
        while stack:
            operation = stack.pop()
            if operation in seen:
                continue
            seen.add(operation)
            for tensor in operation.inputs:
                if tensor.op in added or tensor.op not in self.dependent:
                    stack.append(tensor.op)
                elif tensor.dtype.is_floating and tensor.shape.rank and tensor.shape[0] is None:
                    residuals[tensor.name] = tensor
                else:  # shapes and the like depend on the number of images: compute them again
                    stack.append(tensor.op)
        return slopes, gradients, list(residuals.values())

    def bypassing(self, activations: Any, scores: Any) -> list[Any]:
        """What the scores are computed from beside the activations: skip connections, mostly."""
        inside = (self.descendants(activations) & self.ancestors(scores)) - {activations.op}
        tensors = {
            source.name: source
            for operation in inside
            for source in operation.inputs
            if source is not activations and source.op not in inside and source.op in self.dependent
        }
        return list(tensors.values())

    def descendants(self, tensor: Any) -> set[Any]:
        """Operations whose numbers, not only whose shapes, follow from `tensor`."""
        operations = {tensor.op}
        stack = [tensor]
        while stack:
            for consumer in stack.pop().consumers():
                if consumer not in operations and consumer.type not in _SHAPES:
                    operations.add(consumer)
                    stack.extend(consumer.outputs)
        return operations

    def ancestors(self, tensor: Any) -> set[Any]:
        """Operations that `tensor` is computed from."""
        operations = {tensor.op}
        stack = [tensor.op]
        while stack:
            for source in stack.pop().inputs:
                if source.op not in operations:
                    operations.add(source.op)
                    stack.append(source.op)
        return operations


@contextmanager
def _noted(model: Any, taps: list[Tap]) -> Iterator[None]:
    """Meanwhile, what each layer gives is noted; the first path of a shared one counts."""
    wrapped: dict[int, tuple[Any, Any]] = {}
    try:
        for path, operation in walk(model):
            if id(operation) not in wrapped:
                wrapped[id(operation)] = operation, operation.__dict__.get("call")
                operation.__dict__["call"] = _noting(path, operation, taps)
        yield
    finally:
        for operation, before in wrapped.values():
            operation.__dict__.pop("call", None)
            if before is not None:
                operation.__dict__["call"] = before


@contextmanager
def _named(operations: Sequence[Any]) -> Iterator[None]:
    """Meanwhile, no operation has a name that TensorFlow can make no scope of."""
    renamed: list[tuple[Any, str]] = []
    try:
        for number, operation in enumerate(operations):
            if not _SCOPE.fullmatch(operation.name):
                renamed.append((operation, operation.name))
                operation.name = f"operation_{number}"
        yield
    finally:
        for operation, name in renamed:
            operation.name = name


def _noting(path: str, operation: Any, taps: list[Tap]) -> Any:
    original = operation.call
    kind = type(operation).__name__

    def call(*args: Any, **kwargs: Any) -> Any:
        result = original(*args, **kwargs)
        if isinstance(result, tf.Tensor):
            taps.append(Tap(path, kind, result))
        return result

    return call


def _numbered(taps: list[Tap]) -> Iterator[Tap]:
    """A layer used more than once gets one name for each use: ``conv``, ``conv:2``."""
    uses: dict[str, int] = {}
    for tap in taps:
        uses[tap.name] = uses.get(tap.name, 0) + 1
        name = tap.name if uses[tap.name] == 1 else f"{tap.name}:{uses[tap.name]}"
        yield Tap(name, tap.kind, tap.tensor)
