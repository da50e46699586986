"""Where the elements of each tensor of a trace lie in the picture, read off PyTorch's own graph.

The graph that PyTorch keeps for gradients holds what each operation was asked for: strides and
paddings of a convolution, the axis of a slice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from camcore.models.geometry.coordinates import Coordinates, combined, reduced, windowed
from camcore.models.geometry.grids import Place
from camcore.models.geometry.moved import (
    NOTHING,
    joined,
    multiplied,
    resampled,
    reshaped,
    widened,
)

Shape = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Given:
    """What an operation is given.

    Attributes
    ----------
    place : Place or None
    shape : tuple of int
        Empty where the graph does not hold it.
    depends : bool
        Whether its numbers follow from the picture.
    """

    place: Place | None
    shape: Shape
    depends: bool


@dataclass(frozen=True, eq=False)
class _Application:
    """One operation, and the coordinates of its inputs along one side of the picture."""

    node: Any
    inputs: tuple[Coordinates | None, ...]
    given: Sequence[Given]
    shape: Shape

    @property
    def first(self) -> Coordinates:
        """Those of the first input that has any."""
        return next(coordinates for coordinates in self.inputs if coordinates is not None)

    def saved(self, name: str, default: Any = None) -> Any:
        """A setting of the operation."""
        return getattr(self.node, f"_saved_{name}", default)

    def axis(self, name: str = "dim") -> int:
        """An axis that the operation was asked for, of its first input."""
        return _axis(self.saved(name), len(self.first.shape))


Rule = Callable[[_Application], "Coordinates | None"]


def of_pixels(shape: Shape) -> Place:
    """The place of pictures (N, C, H, W) themselves.

    Examples
    --------
    >>> of_pixels((1, 3, 4, 6)).columns.varying
    (3,)
    """
    return Place(Coordinates.of_axis(shape, 2), Coordinates.of_axis(shape, 3))


def place_behind(node: Any, given: Sequence[Given]) -> Place | None:
    """The place of what an operation makes of its inputs, or None where it has no one place.

    Parameters
    ----------
    node : torch.autograd.graph.Node
    given : sequence of Given
        Its inputs, in its own order.
    """
    kind = _kind(node)
    if kind in _LOST or (kind == "Bmm" and _is_attention(node)):
        return None
    shape = tuple(node._input_metadata[0].shape)
    sides: list[Coordinates | None] = []
    for side in ("rows", "columns"):
        inputs = tuple(
            None if source.place is None else getattr(source.place, side) for source in given
        )
        if not any(inputs):
            sides.append(None)
            continue
        call = _Application(node, inputs, given, shape)
        try:
            along = _RULES.get(kind, _elementwise)(call)
        except (ValueError, IndexError):  # shapes that the rule was not made for
            along = None
        sides.append(along if along is not None and along.shape == shape else None)
    return None if sides == [None, None] else Place(sides[0], sides[1])


def _kind(node: Any) -> str:
    name: str = node.name()
    return name.rstrip("0123456789").removesuffix("Backward")


def _is_attention(product: Any) -> bool:
    """Whether the first factor of a product is shares that a softmax made, of cells of the second.

    They are mixed by what they hold then, not by where they lie.
    """
    source = product.next_functions[0][0]
    while source is not None and _kind(source) in _HANDED_ON:
        source = source.next_functions[0][0]
    return source is not None and _kind(source) in ("Softmax", "SafeSoftmax")


def _elementwise(call: _Application) -> Coordinates | None:
    together = combined(
        [
            coordinates
            for coordinates, source in zip(call.inputs, call.given, strict=True)
            if coordinates is not None or source.depends
        ]
    )
    return None if together is None else widened(together, call.shape)


def _windows(call: _Application) -> Coordinates | None:
    """Convolution and pooling, over the axes from the third on, and all channels together."""
    together = reduced(call.first, [1])
    if together is None:
        return None
    weight = call.saved("weight")
    kernel = tuple(weight.shape[2:]) if weight is not None else call.saved("kernel_size")
    strides, paddings = call.saved("stride") or kernel, call.saved("padding")
    dilations = call.saved("dilation", (1,) * len(kernel))
    values = together.values
    for axis in set(together.varying) & set(range(2, len(call.shape))):
        size, stride, padding, dilation = (
            int(setting[axis - 2]) for setting in (kernel, strides, paddings, dilations)
        )
        placed = np.arange(call.shape[axis])
        if call.saved("transposed"):
            reach, moved = dilation * (size - 1), placed + padding
            low, high = np.ceil((moved - reach) / stride), moved // stride
            values = resampled(values, axis, (moved - reach / 2) / stride, low, high)
        else:
            values = windowed(values, axis, placed * stride - padding, size, dilation)
    return Coordinates(np.broadcast_to(values, (3, *call.shape)))


def _resized(call: _Application) -> Coordinates | None:
    """Pooling to a given size, enlarging, and pixels put into channels or taken out of them."""
    together = reduced(call.first, [1])
    if together is None or len(together.shape) != len(call.shape):
        return None
    values = together.values
    for axis in together.varying:
        count, target = together.shape[axis], call.shape[axis]
        placed = np.arange(target, dtype=np.float64)
        if call.saved("align_corners") and target > 1:
            index = placed * ((count - 1) / (target - 1))
            low, high = np.floor(index), np.ceil(index)
        else:
            ratio = count / target
            index = (placed + 0.5) * ratio - 0.5
            reach = max(ratio / 2 - 0.5, 0.5 - ratio / 2)
            low, high = np.floor(index - reach + 1e-9), np.ceil(index + reach - 1e-9)
        values = resampled(values, axis, index, low, high)
    return Coordinates(np.broadcast_to(values, (3, *call.shape)))


def _padded(call: _Application) -> Coordinates | None:
    pads = call.saved("pad") or call.saved("padding")
    values = call.first.values
    for axis in call.first.varying:
        last = 2 * (len(call.shape) - 1 - axis)  # pads are told from the last axis back
        before = int(pads[last]) if last + 1 < len(pads) else 0
        values = windowed(values, axis, np.arange(call.shape[axis]) - before, 1)
    return Coordinates(np.broadcast_to(values, (3, *call.shape)))


def _sliced(call: _Application) -> Coordinates | None:
    axis = call.axis()
    size = call.first.shape[axis]
    start = _signed(call.saved("start"))
    start = min(start + size if start < 0 else start, size)
    step = int(call.saved("step"))
    taken = slice(start, start + (call.shape[axis] - 1) * step + 1, step)
    return Coordinates(call.first.full[(slice(None),) * (axis + 1) + (taken,)])


def _selected(call: _Application) -> Coordinates | None:
    return Coordinates(call.first.full.take(_signed(call.saved("index")), call.axis() + 1))


def _flipped(call: _Application) -> Coordinates | None:
    axes = tuple(_axis(axis, len(call.shape)) + 1 for axis in call.saved("dims"))
    return Coordinates(np.flip(call.first.full, axes))


def _rolled(call: _Application) -> Coordinates | None:
    axes = tuple(_axis(axis, len(call.shape)) + 1 for axis in call.saved("dims"))
    shifts = tuple(_signed(shift) for shift in call.saved("shifts"))
    return Coordinates(np.roll(call.first.full, shifts, axes)) if axes else None


def _permuted(call: _Application) -> Coordinates | None:
    order = [_axis(axis, len(call.shape)) + 1 for axis in call.saved("dims")]
    return Coordinates(call.first.full.transpose(0, *order))


def _swapped(call: _Application) -> Coordinates | None:
    first, second = (call.axis(name) + 1 for name in ("dim0", "dim1"))
    return Coordinates(call.first.full.swapaxes(first, second))


def _turned(call: _Application) -> Coordinates | None:
    return Coordinates(call.first.full.swapaxes(1, 2))


def _viewed(call: _Application) -> Coordinates | None:
    fits = prod(call.shape) == prod(call.first.shape)
    return reshaped(call.first, call.shape) if fits else None


def _expanded(call: _Application) -> Coordinates | None:
    return widened(call.first, call.shape)


def _joined(call: _Application) -> Coordinates | None:
    axis = _axis(call.saved("dim"), len(call.shape))
    arrays = []
    for coordinates, source in zip(call.inputs, call.given, strict=True):
        if coordinates is not None:
            arrays.append(coordinates.full)
        elif source.depends:
            return None
        else:  # a constant; where the graph does not hold its shape, it is what the others leave
            shape = list(source.shape or call.shape)
            if not source.shape:
                shape[axis] -= sum(known.shape[axis] for known in call.given if known.shape)
            arrays.append(np.broadcast_to(NOTHING.reshape(3, *(1,) * len(shape)), (3, *shape)))
    return Coordinates(joined(call.inputs, arrays, axis))


def _split(call: _Application) -> Coordinates | None:
    """One of several parts, which the graph does not tell apart."""
    axis = call.axis()
    if axis in call.first.varying:
        return None
    return Coordinates(call.first.full.take(range(call.shape[axis]), axis + 1))


def _unbound(call: _Application) -> Coordinates | None:
    axis = call.axis()
    if axis in call.first.varying:
        return None
    return Coordinates(call.first.full.take(0, axis + 1))


def _reduced(call: _Application) -> Coordinates | None:
    dims = call.saved("dim")
    if dims is None:
        return None
    rank = len(call.first.shape)
    axes = [_axis(axis, rank) for axis in ([dims] if isinstance(dims, int) else dims)]
    together = reduced(call.first, axes or list(range(rank)))
    return None if together is None else reshaped(together, call.shape)


def _product(call: _Application) -> Coordinates | None:
    pairs = list(zip(call.inputs, (source.depends for source in call.given), strict=True))
    return multiplied(pairs[-2:], call.shape)  # before them, what is added


def _axis(axis: int, rank: int) -> int:
    axis = _signed(axis)
    return axis + rank if axis < 0 else axis


def _signed(number: int) -> int:
    """A number of which the graph keeps no sign, with its sign."""
    number = int(number)
    return number - 2**64 if number >= 2**63 else number


# Operations that hand on the numbers of their first input in another shape.
_HANDED_ON = ("Expand", "View", "UnsafeView", "ReshapeAlias", "Clone", "Squeeze", "Unsqueeze")
# Operations behind which elements are mixed, or lie in no even grid.
_LOST = frozenset((
    "Index", "IndexSelect", "Gather", "Im2Col", "Col2Im", "GridSampler2D", "Sort", "Topk",
    "Scatter", "FftR2C", "FftC2C", "Cumsum", "Cumprod", "MkldnnRnnLayer", "CudnnRnn",
    "ScaledDotProductFlashAttentionForCpu", "ScaledDotProductEfficientAttention",
    "ScaledDotProductFlashAttention", "ScaledDotProductAttentionMath", "NativeMultiHeadAttention",
))  # fmt: skip
_RULES: dict[str, Rule] = {
    **dict.fromkeys(
        ("Convolution", "MkldnnConvolution", "CudnnConvolution", "MaxPool2DWithIndices",
         "MkldnnMaxPool2D", "AvgPool2D"),
        _windows,
    ),
    **dict.fromkeys(
        ("AdaptiveAvgPool2D", "MkldnnAdaptiveAvgPool2D", "AdaptiveMaxPool2D", "UpsampleNearest2D",
         "UpsampleBilinear2D", "UpsampleBicubic2D", "UpsampleNearestExact2D",
         "UpsampleBilinear2DAa", "UpsampleBicubic2DAa", "PixelShuffle", "PixelUnshuffle"),
        _resized,
    ),
    **dict.fromkeys(("ConstantPadNd", "ReflectionPad2D", "ReplicationPad2D"), _padded),
    **dict.fromkeys(
        ("View", "UnsafeView", "ReshapeAlias", "Unsqueeze", "Squeeze", "ViewAsReal"), _viewed
    ),
    **dict.fromkeys(("Split", "SplitWithSizes", "UnsafeSplit"), _split),
    **dict.fromkeys(
        ("Mean", "Sum", "Amax", "Amin", "Max", "Min", "Var", "Std", "VarMean", "LinalgVectorNorm",
         "Norm"),
        _reduced,
    ),
    **dict.fromkeys(("Mm", "Bmm", "Addmm", "Addbmm", "Baddbmm"), _product),
    "Cat": _joined,
    "Unbind": _unbound,
    "Slice": _sliced,
    "Select": _selected,
    "Flip": _flipped,
    "Roll": _rolled,
    "Permute": _permuted,
    "Transpose": _swapped,
    "T": _turned,
    "Expand": _expanded,
}  # fmt: skip
