"""What each operation of a TensorFlow graph does to picture coordinates.

A rule gets one application of an operation with the coordinates of its inputs, for one side of
the picture, and returns those of its outputs as arrays (3, *shape); None where an output has no
one place. Operations without a rule work element by element.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Any

import numpy as np
import tensorflow as tf

from camcore.models.geometry.coordinates import (
    CENTRE,
    FIRST,
    LAST,
    Coordinates,
    at,
    combined,
    filled,
    reduced,
    windowed,
)
from camcore.models.geometry.moved import NOTHING, joined, reshaped, widened

Found = Sequence["np.ndarray | Coordinates | None"]
# Operations that hand on the numbers of their first input, in another shape or kind.
_HANDED_ON = ("Cast", "ExpandDims", "Identity", "Reshape", "Squeeze", "Transpose")


@dataclass(frozen=True, eq=False)
class Application:
    """One operation and what is known of its inputs.

    Attributes
    ----------
    operation : tf.Operation
    inputs : list of Coordinates or None
        None for inputs without a place.
    mixed : list of bool
        Which inputs without a place depend on the picture all the same: not constants or weights,
        but mixtures of several places.
    constant : callable
        ``constant(i)`` -> value of input i, ndarray, or None where it cannot be known.
    """

    operation: Any
    inputs: list[Coordinates | None]
    mixed: list[bool]
    constant: Callable[[int], Any]

    def shape_of(self, index: int) -> tuple[int, ...]:
        """Shape of an input, for one picture."""
        known = self.inputs[index]
        if known is not None:
            return known.shape
        static = self.operation.inputs[index].shape
        if static.rank is None or None in tuple(static)[1:]:
            value = self.constant(index)
            if value is not None:
                return np.shape(value)
        return tuple(1 if n is None else int(n) for n in static)

    def full(self, index: int = 0) -> np.ndarray:
        """Coordinates of an input as an array, shape (3, *shape); nothing read where None."""
        known = self.inputs[index]
        if known is not None:
            return known.full
        shape = self.shape_of(index)
        return np.broadcast_to(NOTHING.reshape(3, *(1,) * len(shape)), (3, *shape))

    def attribute(self, name: str) -> Any:
        """A setting of the operation."""
        return self.operation.get_attr(name)


def elementwise(call: Application) -> Found:
    """Element by element, broadcasting."""
    outputs = call.operation.outputs
    involved = [
        c for c, mixed in zip(call.inputs, call.mixed, strict=True) if c is not None or mixed
    ]
    first = involved[0]
    if len(involved) == 1 and first is not None and _fits(outputs[0], first.shape):
        return [first if _fits(t, first.shape) else None for t in outputs]
    try:
        joint = combined(involved)
    except ValueError:
        return [None] * len(outputs)
    if joint is None:
        return [None] * len(outputs)
    shape = joint.shape
    for index in range(len(call.inputs)):  # a constant may be the larger partner
        other = call.operation.inputs[index].shape
        if call.inputs[index] is None and other.rank:
            try:
                shape = np.broadcast_shapes(shape, call.shape_of(index))
            except ValueError:
                continue
    result = widened(joint, shape)
    return [result if _fits(t, shape) else None for t in outputs]


def _fits(tensor: Any, shape: tuple[int, ...]) -> bool:
    static = tensor.shape
    return static.rank is None or (
        static.rank == len(shape)
        and all(n is None or int(n) == m for n, m in zip(static, shape, strict=True))
    )


def same(call: Application) -> Found:
    """Every output is the input of the same number, or the first."""
    outputs = call.operation.outputs
    if len(outputs) == len(call.inputs):
        return call.inputs
    return [call.inputs[0], *[None] * (len(outputs) - 1)]


def window(call: Application) -> Found:
    """Convolution and pooling: windows along the picture, channels mixed or kept."""
    operation, known = call.operation, call.inputs[0]
    if known is None:
        return [None]
    layout = _attribute(operation, "data_format", "NHWC")
    rank = len(known.shape)
    channel = layout.index("C") if layout.isalpha() and len(layout) == rank else rank - 1
    spatial = [a for a in range(1, rank) if a != channel]
    kernel = _kernel(call, spatial)
    strides, dilations = _attribute(operation, "strides"), _attribute(operation, "dilations")
    padding = _attribute(operation, "padding").decode()
    static = operation.outputs[0].shape
    mixes = operation.type in {"Conv2D", "Conv3D", "FusedConv2D"}
    if channel in known.varying:
        if not mixes and static[channel] != known.shape[channel]:
            return [None]
        together = reduced(known, [channel]) if mixes else known
        if together is None:
            return [None]
        known = together
    values, shape = known.values, list(known.shape)
    for axis, size in zip(spatial, kernel, strict=True):
        stride = strides[axis] if strides else 1
        dilation = dilations[axis] if dilations else 1
        span = (size - 1) * dilation + 1
        count = known.shape[axis]
        before, after = 0, 0
        if padding == "EXPLICIT":
            before, after = _attribute(operation, "explicit_paddings")[2 * axis : 2 * axis + 2]
        elif padding == "SAME":
            total = max((-(-count // stride) - 1) * stride + span - count, 0)
            before, after = total // 2, total - total // 2
        shape[axis] = max((count + before + after - span) // stride + 1, 0)
        if axis in known.varying:
            first = np.arange(shape[axis]) * stride - before
            values = windowed(values, axis, first, size, dilation)
    shape[channel] = int(static[channel])
    return [np.broadcast_to(values, (3, *shape))]


def _kernel(call: Application, spatial: list[int]) -> list[int]:
    operation = call.operation
    size = _attribute(operation, "ksize") or _attribute(operation, "ksizes")
    if size:
        return [int(size[axis]) for axis in spatial]
    if operation.type == "MaxPoolV2":
        return [int(call.constant(1)[axis]) for axis in spatial]
    return [int(n) for n in operation.inputs[1].shape[: len(spatial)]]


def patches(call: Application) -> Found:
    """Windows whose elements become channels; each patch counts as one place."""
    operation, known = call.operation, call.inputs[0]
    if known is None or 3 in known.varying:
        return [None]
    values, shape = known.values, list(known.shape)
    sizes, strides = operation.get_attr("ksizes"), operation.get_attr("strides")
    rates, padding = operation.get_attr("rates"), operation.get_attr("padding").decode()
    for axis in (1, 2):
        span, count = (sizes[axis] - 1) * rates[axis] + 1, known.shape[axis]
        total = max((-(-count // strides[axis]) - 1) * strides[axis] + span - count, 0)
        total = total if padding == "SAME" else 0
        shape[axis] = (count + total - span) // strides[axis] + 1
        if axis in known.varying:
            first = np.arange(shape[axis]) * strides[axis] - total // 2
            values = windowed(values, axis, first, sizes[axis], rates[axis])
    shape[3] = int(operation.outputs[0].shape[3])
    return [np.broadcast_to(values, (3, *shape))]


def transposed_convolution(call: Application) -> Found:
    """Each element spreads over a window of the output."""
    operation, known = call.operation, call.inputs[2]
    if known is None:
        return [None]
    layout = _attribute(operation, "data_format", "NHWC")
    channel = layout.index("C")
    together = reduced(known, [channel])
    if together is None:
        return [None]
    spatial = [a for a in (1, 2, 3) if a != channel]
    strides, padding = operation.get_attr("strides"), operation.get_attr("padding").decode()
    values, shape = together.values, list(together.shape)
    static = operation.outputs[0].shape
    sizes = call.constant(0)
    for axis, size in zip(spatial, operation.inputs[1].shape[:2], strict=True):
        count, stride, size = known.shape[axis], strides[axis], int(size)
        shape[axis] = int(static[axis] if static[axis] is not None else sizes[axis])
        total = max((count - 1) * stride + size - shape[axis], 0) if padding == "SAME" else 0
        if axis in together.varying:
            out = np.arange(shape[axis]) + total // 2
            centre = at(filled(values[CENTRE], axis), (out - (size - 1) / 2) / stride, axis)
            first = np.clip(np.ceil((out - size + 1) / stride), 0, count - 1).astype(int)
            last = np.clip(out // stride, 0, count - 1).astype(int)
            low = np.minimum(values[FIRST].take(first, axis), values[FIRST].take(last, axis))
            high = np.maximum(values[LAST].take(first, axis), values[LAST].take(last, axis))
            values = np.stack([centre, low, high])
    shape[channel] = int(operation.inputs[1].shape[2])
    return [np.broadcast_to(values, (3, *shape))]


def resize(call: Application) -> Found:
    """Resampling to another size, by the conventions of TensorFlow's resize operations."""
    operation, known = call.operation, call.inputs[0]
    size = call.constant(1)
    if known is None or size is None:
        return [None]
    values, shape = known.values, list(known.shape)
    for axis, target in zip((1, 2), size, strict=True):
        count, target = known.shape[axis], int(target)
        out = np.arange(target, dtype=np.float64)
        if operation.type == "ScaleAndTranslate":
            scale = float(call.constant(2)[axis - 1])
            moved = float(call.constant(3)[axis - 1])
            index = (out + 0.5 - moved) / scale - 0.5
        elif _attribute(operation, "align_corners"):
            index = out * ((count - 1) / max(target - 1, 1))
        elif _attribute(operation, "half_pixel_centers") or operation.type != "ResizeBilinear":
            index = (out + 0.5) * (count / target) - 0.5  # cells of the nearest begin at 0 too
        else:
            index = out * (count / target)
        shape[axis] = target
        if axis in known.varying:
            low = np.clip(np.floor(index), 0, count - 1).astype(int)
            high = np.clip(np.ceil(index), 0, count - 1).astype(int)
            values = np.stack([
                at(filled(values[CENTRE], axis), index, axis),
                np.minimum(values[FIRST].take(low, axis), values[FIRST].take(high, axis)),
                np.maximum(values[LAST].take(low, axis), values[LAST].take(high, axis)),
            ])  # fmt: skip
    return [np.broadcast_to(values, (3, *shape))]


def pad(call: Application) -> Found:
    """More elements at the ends; they lie where the picture would go on, and read nothing."""
    known, around = call.inputs[0], call.constant(1)
    if known is None or around is None:
        return [None]
    values, shape = known.values, list(known.shape)
    for axis, (before, after) in enumerate(np.asarray(around, int)):
        shape[axis] += int(before + after)
        if axis in known.varying and before + after:
            values = _extended(values, axis, int(before), int(after))
    return [np.broadcast_to(values, (3, *shape))]


def reshape(call: Application) -> Found:
    """The same elements in other axes; axes that nothing varies along stay compact."""
    known = call.inputs[0]
    if known is None:
        return [None]
    old = known.shape
    static = call.operation.outputs[0].shape
    if static.rank is None or sum(n is None for n in static) > 1:
        asked = call.constant(1)
        if asked is None:
            return [None]
        sizes = [None if n < 0 else int(n) for n in asked]
    else:
        sizes = [None if n is None else int(n) for n in static]
    rest = int(np.prod([n for n in sizes if n is not None]))
    if None in sizes and not rest:
        return [None]
    new = [int(np.prod(old)) // rest if n is None else n for n in sizes]
    if int(np.prod(new)) != int(np.prod(old)):
        return [None]
    return [reshaped(known, new)]


def transpose(call: Application) -> Found:
    """Axes in another order."""
    order = call.constant(1)
    if call.inputs[0] is None or order is None:
        return [None]
    return [call.full().transpose(0, *(int(a) + 1 for a in order))]


def reverse(call: Application) -> Found:
    """Mirrored axes."""
    axes = call.constant(1)
    if call.inputs[0] is None or axes is None:
        return [None]
    rank = len(call.shape_of(0))
    return [np.flip(call.full(), tuple(int(a) % rank + 1 for a in np.ravel(axes)))]


def roll(call: Application) -> Found:
    """Axes moved around; what comes back at the other end has its own place there."""
    shift, axes = call.constant(1), call.constant(2)
    if call.inputs[0] is None or shift is None or axes is None:
        return [None]
    rank = len(call.shape_of(0))
    axes = tuple(int(a) % rank + 1 for a in np.ravel(axes))
    return [np.roll(call.full(), tuple(int(s) for s in np.ravel(shift)), axes)]


def squeeze(call: Application) -> Found:
    """Axes of one element left out."""
    if call.inputs[0] is None:
        return [None]
    shape = call.shape_of(0)
    chosen = call.attribute("squeeze_dims") or [a for a, n in enumerate(shape) if n == 1 and a]
    return [np.squeeze(call.full(), tuple(int(a) % len(shape) + 1 for a in chosen))]


def expand(call: Application) -> Found:
    """One more axis."""
    axis = call.constant(1)
    if call.inputs[0] is None or axis is None:
        return [None]
    axis = int(np.ravel(axis)[0])
    return [np.expand_dims(call.full(), axis + 1 if axis >= 0 else axis)]


def tile(call: Application) -> Found:
    """Repeated axes."""
    times = call.constant(1)
    known = call.inputs[0]
    if known is None or times is None:
        return [None]
    shape = [n * int(t) for n, t in zip(known.shape, times, strict=True)]
    varying = [int(t) if a in known.varying else 1 for a, t in enumerate(times)]
    return [np.broadcast_to(np.tile(known.values, (1, *varying)), (3, *shape))]


def broadcast(call: Application) -> Found:
    """Repeated along new axes, or along axes of one element."""
    known = call.inputs[0]
    static = call.operation.outputs[0].shape
    if known is None or static.rank is None:
        return [None]
    shape = tuple(1 if n is None else int(n) for n in static)
    return [widened(known, shape)]


def concatenate(call: Application) -> Found:
    """Several tensors along an axis; what they agree upon stays compact."""
    count = len(call.inputs) - 1
    axis = call.constant(count)
    if axis is None:
        return [None]
    return [_joined(call, range(count), int(axis))]


def _joined(call: Application, which: Sequence[int], axis: int) -> np.ndarray | None:
    known = [call.inputs[i] for i in which]
    if any(call.mixed[i] for i in which):
        return None
    arrays = [call.full(i) for i in which]
    return joined(known, arrays, axis % len(call.shape_of(which[0])))


def pack(call: Application) -> Found:
    """Several tensors along a new axis."""
    axis = call.attribute("axis")
    wider = [
        None if c is None else Coordinates(np.expand_dims(c.full, axis + 1 if axis >= 0 else axis))
        for c in call.inputs
    ]
    if any(c is None for c in wider):
        return [None]
    rank = len(call.shape_of(0)) + 1
    inner = Application(call.operation, wider, call.mixed, call.constant)
    return [_joined(inner, range(len(wider)), axis % rank)]


def unpack(call: Application) -> Found:
    """One tensor for each element of an axis."""
    outputs = call.operation.outputs
    if call.inputs[0] is None:
        return [None] * len(outputs)
    axis = call.attribute("axis") % len(call.shape_of(0)) + 1
    whole = call.full()
    return [whole[(slice(None),) * axis + (i,)] for i in range(len(outputs))]


def split(call: Application) -> Found:
    """Consecutive parts of an axis."""
    outputs = call.operation.outputs
    plain = call.operation.type == "Split"
    known = call.inputs[1 if plain else 0]
    axis = call.constant(0 if plain else 2)
    if known is None or axis is None:
        return [None] * len(outputs)
    axis = int(axis) % len(known.shape)
    if plain:
        sizes = [known.shape[axis] // len(outputs)] * len(outputs)
    else:
        sizes = [int(n) for n in call.constant(1)]
    ends = np.cumsum(sizes)
    whole = known.full
    return [
        whole[(slice(None),) * (axis + 1) + (slice(end - size, end),)]
        for size, end in zip(sizes, ends, strict=True)
    ]


def gather(call: Application) -> Found:
    """Chosen elements of an axis."""
    index = call.constant(1)
    axis = call.constant(2) if len(call.inputs) > 2 else 0
    if call.inputs[0] is None or index is None or axis is None:
        return [None]
    return [call.full().take(np.asarray(index), int(axis) % len(call.shape_of(0)) + 1)]


def strided_slice(call: Application) -> Found:
    """``x[a:b:c, ..., None]``."""
    if call.inputs[0] is None:
        return [None]
    begin, end, strides = (call.constant(i) for i in (1, 2, 3))
    if begin is None or end is None or strides is None:
        return [None]
    masks = {
        name: call.attribute(f"{name}_mask")
        for name in ("begin", "end", "ellipsis", "new_axis", "shrink_axis")
    }
    index: list[Any] = [slice(None)]
    for place, (low, high, step) in enumerate(zip(begin, end, strides, strict=True)):
        bit = 1 << place
        if masks["ellipsis"] & bit:
            index.append(Ellipsis)
        elif masks["new_axis"] & bit:
            index.append(None)
        elif masks["shrink_axis"] & bit:
            index.append(int(low))
        else:
            index.append(slice(
                None if masks["begin"] & bit else int(low),
                None if masks["end"] & bit else int(high),
                int(step),
            ))  # fmt: skip
    return [call.full()[tuple(index)]]


def plain_slice(call: Application) -> Found:
    """A block."""
    begin, size = call.constant(1), call.constant(2)
    if call.inputs[0] is None or begin is None or size is None:
        return [None]
    index = [
        slice(int(low), None if many < 0 else int(low) + int(many))
        for low, many in zip(begin, size, strict=True)
    ]
    return [call.full()[(slice(None), *index)]]


def reduction(call: Application) -> Found:
    """Sum, mean or extreme over axes."""
    known, axes = call.inputs[0], call.constant(1)
    if known is None or axes is None:
        return [None]
    chosen = [int(a) % len(known.shape) for a in np.ravel(axes)]
    result = reduced(known, chosen)
    if result is None:
        return [None]
    if _attribute(call.operation, "keep_dims"):
        return [result.full]
    return [np.squeeze(result.full, tuple(a + 1 for a in chosen))]


def product(call: Application) -> Found:
    """Matrix products: each side keeps its own axis and is summed over the common one."""
    operation = call.operation
    if _is_attention(operation):
        return [None]
    turned = [
        bool(_attribute(operation, name) or _attribute(operation, other))
        for name, other in (("transpose_a", "adj_x"), ("transpose_b", "adj_y"))
    ]
    parts: list[Coordinates | None] = []
    for index in (0, 1):
        known = call.inputs[index]
        if known is None:
            if call.mixed[index]:
                parts.append(None)
            continue
        full = known.full.swapaxes(-1, -2) if turned[index] else known.full
        parts.append(reduced(Coordinates(full), [full.ndim - 2 - index]))
    joint = combined(parts)
    if joint is None:
        return [None]
    static = operation.outputs[0].shape
    rows = call.shape_of(0)[-1 if turned[0] else -2]
    columns = call.shape_of(1)[-2 if turned[1] else -1]
    if static.rank is None:
        return [None]
    shape = (*joint.shape[:-2], rows, columns)
    return [np.broadcast_to(joint.values, (3, *shape))]


def _is_attention(operation: Any) -> bool:
    """Whether a factor of a product is shares that a softmax made, of places of the other.

    They are mixed by what they hold then, not by where they lie.
    """
    for factor in operation.inputs[:2]:
        source = factor.op
        while source.type in _HANDED_ON:
            source = source.inputs[0].op
        if source.type == "Softmax":
            return True
    return False


def einsum(call: Application) -> Found:
    """Sums of products by labels."""
    if _is_attention(call.operation):
        return [None]
    equation = call.attribute("equation").decode().replace(" ", "")
    if "->" not in equation:
        return [None]
    left, right = _written_out(equation, [len(call.shape_of(i)) for i in range(len(call.inputs))])
    parts: list[Coordinates | None] = []
    sizes: dict[str, int] = {}
    for index, labels in enumerate(left.split(",")):
        sizes |= dict(zip(labels, call.shape_of(index), strict=True))
        known = call.inputs[index]
        if known is None:
            if call.mixed[index]:
                parts.append(None)
            continue
        gone = [a for a, label in enumerate(labels) if label not in right]
        kept = reduced(known, gone)
        if kept is None:
            parts.append(None)
            continue
        values = np.squeeze(kept.full, tuple(a + 1 for a in gone))
        here = [label for label in labels if label in right]
        order = np.argsort([right.index(label) for label in here], kind="stable").tolist()
        values = values.transpose(0, *(a + 1 for a in order))
        at_places = [sizes[label] if label in here else 1 for label in right]
        parts.append(Coordinates(values.reshape(3, *at_places)))
    joint = combined(parts)
    if joint is None:
        return [None]
    shape = tuple(sizes[label] for label in right)
    return [np.broadcast_to(joint.values, (3, *shape))]


def _written_out(equation: str, ranks: Sequence[int]) -> list[str]:
    """Both sides of an equation of labels, with capital letters for the axes of an ellipsis.

    Examples
    --------
    >>> _written_out("...ij,jk->...ik", (4, 2))
    ['ABij,jk', 'ABik']
    """
    left, right = equation.split("->")
    terms = left.split(",")
    counts = [rank - len(term.replace("...", "")) for term, rank in zip(terms, ranks, strict=True)]
    most = max((n for n, term in zip(counts, terms, strict=True) if "..." in term), default=0)
    free = [letter for letter in ascii_uppercase if letter not in equation][:most]

    def spelled(term: str, count: int) -> str:
        return term.replace("...", "".join(free[most - count :]))

    written = ",".join(spelled(*pair) for pair in zip(terms, counts, strict=True))
    return [written, spelled(right, most)]


def space_to_batch(call: Application) -> Found:
    """Every n-th row and column becomes a picture of its own: a step of dilated convolutions."""
    known, block, around = call.inputs[0], call.constant(1), call.constant(2)
    if known is None or block is None or around is None:
        return [None]
    values = _thin(known)
    for axis, (before, after) in enumerate(np.asarray(around, int), start=1):
        values = _extended(values, axis, int(before), int(after))
    batch, *sizes = values.shape[1:]
    down, across = (int(n) for n in block)
    rows, columns, channels = sizes
    parts = values.reshape(3, batch, rows // down, down, columns // across, across, channels)
    parts = parts.transpose(0, 3, 5, 1, 2, 4, 6)
    parts = parts.reshape(3, -1, rows // down, columns // across, channels)
    return [np.broadcast_to(parts, (*parts.shape[:-1], known.shape[-1]))]


def batch_to_space(call: Application) -> Found:
    """The way back of `space_to_batch`."""
    known, block, cropped = call.inputs[0], call.constant(1), call.constant(2)
    if known is None or block is None or cropped is None:
        return [None]
    values = _thin(known)
    down, across = (int(n) for n in block)
    _, batch, rows, columns, channels = values.shape
    parts = values.reshape(3, down, across, -1, rows, columns, channels)
    parts = parts.transpose(0, 3, 4, 1, 5, 2, 6)
    parts = parts.reshape(3, batch // (down * across), rows * down, columns * across, channels)
    (top, bottom), (left, right) = np.asarray(cropped, int)
    parts = parts[:, :, top : rows * down - bottom, left : columns * across - right]
    return [np.broadcast_to(parts, (*parts.shape[:-1], known.shape[-1]))]


def _thin(known: Coordinates) -> np.ndarray:
    """All coordinates, but the last axis once where nothing varies along it."""
    last = len(known.shape) - 1
    return known.full if last in known.varying else known.full[..., :1]


def _extended(values: np.ndarray, axis: int, before: int, after: int) -> np.ndarray:
    """More elements at the ends of an axis, where the picture would go on, that read nothing."""
    count = values.shape[axis + 1]
    index = np.arange(-before, count + after)
    shape = [1] * (values.ndim - 1)
    shape[axis] = len(index)
    inside = ((index >= 0) & (index < count)).reshape(shape)
    near = np.clip(index, 0, count - 1)
    centre = at(filled(values[CENTRE], axis), index.astype(np.float64), axis)
    low = np.where(inside, values[FIRST].take(near, axis), np.inf)
    high = np.where(inside, values[LAST].take(near, axis), -np.inf)
    return np.stack([centre, low, high])


def carried_out(call: Application) -> Found:
    """Operations that only move elements are carried out upon the coordinates themselves."""
    operation, known = call.operation, call.inputs[0]
    if known is None:
        return [None]
    settings = {
        attribute.name: operation.get_attr(attribute.name)
        for attribute in operation.op_def.attr
        if attribute.type != "type"
    }
    settings = {k: v.decode() if isinstance(v, bytes) else v for k, v in settings.items()}
    others = {}
    for index, argument in enumerate(operation.op_def.input_arg):
        if index:
            value = call.constant(index)
            if value is None:
                return [None]
            others[argument.name] = tf.constant(value)
    first = operation.op_def.input_arg[0].name
    run = getattr(tf.raw_ops, operation.type)

    def moved(values: np.ndarray) -> np.ndarray:
        answer: np.ndarray = run(
            **{first: tf.constant(values, tf.float32)}, **others, **settings
        ).numpy()
        return answer

    full = known.full
    reads = moved(np.isfinite(full[CENTRE])) > 0.5  # padding is written as zero
    blank = (np.nan, np.inf, -np.inf)
    parts = [
        np.where(reads, moved(np.nan_to_num(values, posinf=0, neginf=0)).astype(np.float64), fill)
        for values, fill in zip(full, blank, strict=True)
    ]
    return [np.stack(parts)]


def nowhere(call: Application) -> Found:
    """No output has a place."""
    return [None] * len(call.operation.outputs)


def _attribute(operation: Any, name: str, default: Any = None) -> Any:
    try:
        value = operation.get_attr(name)
    except ValueError:
        return default
    return value.decode() if name == "data_format" else value


RULES: dict[str, Callable[[Application], Found]] = {
    **dict.fromkeys(("Identity", "IdentityN", "StopGradient", "PreventGradient", "Snapshot",
                     "EnsureShape", "CheckNumerics"), same),
    **dict.fromkeys(("Conv2D", "DepthwiseConv2dNative", "MaxPool", "MaxPoolV2", "AvgPool",
                     "FusedConv2D", "Conv3D", "AvgPool3D", "MaxPool3D"), window),
    "ExtractImagePatches": patches,
    "Conv2DBackpropInput": transposed_convolution,
    **dict.fromkeys(("ResizeBilinear", "ResizeNearestNeighbor", "ResizeBicubic", "ResizeArea",
                     "ScaleAndTranslate"), resize),
    **dict.fromkeys(("Pad", "PadV2", "MirrorPad"), pad),
    "Reshape": reshape, "Transpose": transpose, "ReverseV2": reverse, "Roll": roll,
    "Squeeze": squeeze, "ExpandDims": expand, "Tile": tile, "BroadcastTo": broadcast,
    "ConcatV2": concatenate, "Pack": pack, "Unpack": unpack, "Split": split, "SplitV": split,
    "GatherV2": gather, "StridedSlice": strided_slice, "Slice": plain_slice,
    **dict.fromkeys(("Mean", "Sum", "Max", "Min", "Prod", "Any", "All"), reduction),
    **dict.fromkeys(("MatMul", "BatchMatMul", "BatchMatMulV2", "BatchMatMulV3"), product),
    "Einsum": einsum,
    "SpaceToBatchND": space_to_batch, "BatchToSpaceND": batch_to_space,
    **dict.fromkeys(("SpaceToDepth", "DepthToSpace", "GatherNd"), carried_out),
    **dict.fromkeys(("Shape", "ShapeN", "Size", "Rank", "ArgMax", "ArgMin", "TopKV2"), nowhere),
}  # fmt: skip
