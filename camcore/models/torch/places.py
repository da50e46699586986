"""Where the elements of each tensor of a trace lie in the picture, read off PyTorch's own graph.

The graph that PyTorch keeps for gradients holds what each operation was asked for: strides and
paddings of a convolution, the axis of a slice. Along each side of the picture the centres of a
tensor's receptive fields are evenly spaced; they are followed from the pixels on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

ROWS, COLUMNS = 0, 1


@dataclass(frozen=True)
class Side:
    """The elements of a tensor along one side of the picture, in pixels from its edge.

    Attributes
    ----------
    axis : int
        Of the tensor.
    count : int
        Elements along it.
    first, step : float
        Centre of the first element's receptive field, and way to the next; negative where the
        tensor holds the picture the other way round.
    radius : float
        Half a receptive field.
    low, high : float
        Pixels beyond them were cut off before.
    """

    axis: int
    count: int
    first: float
    step: float
    radius: float
    low: float
    high: float


Place = tuple[Side, Side]
"""Rows and columns."""
Shape = Sequence[int]


def of_pixels(shape: Shape) -> Place:
    """The place of pictures (N, C, H, W) themselves.

    Examples
    --------
    >>> of_pixels((1, 3, 4, 6))[COLUMNS]
    Side(axis=3, count=6, first=0.5, step=1.0, radius=0.5, low=0.0, high=6.0)
    """
    rows, columns = (
        Side(axis, int(shape[axis]), 0.5, 1.0, 0.5, 0.0, float(shape[axis])) for axis in (2, 3)
    )
    return rows, columns


def place_behind(node: Any, given: Sequence[tuple[Place | None, Shape]]) -> Place | None:
    """The place of what an operation makes of its inputs, or None where it has no one place.

    Parameters
    ----------
    node : torch.autograd.graph.Node
    given : sequence of (Place or None, shape)
        Of its inputs.
    """
    kind = node.name().rstrip("0123456789").removesuffix("Backward")
    shape = tuple(node._input_metadata[0].shape)
    if kind in _LOST:
        return None
    known = [(place, sizes) for place, sizes in given if place is not None]
    if not known:
        return None
    place, sizes = known[0]
    if rule := _RULES.get(kind):
        return rule(node, place, sizes, shape)
    for place, sizes in known:  # element by element, with what is spread over the others
        if len(sizes) == len(shape) and all(
            side.count == shape[side.axis] == sizes[side.axis] for side in place
        ):
            return place
    return None


def _windows(node: Any, place: Place, sizes: Shape, shape: Shape) -> Place | None:
    """Convolution and pooling, over axes 2 and 3 of tensors (N, C, H, W)."""
    if [side.axis for side in place] != [2, 3] or len(shape) != 4:
        return None
    weight = getattr(node, "_saved_weight", None)
    kernel = tuple(weight.shape[2:]) if weight is not None else node._saved_kernel_size
    strides, paddings = node._saved_stride or kernel, node._saved_padding
    dilations = getattr(node, "_saved_dilation", (1, 1))
    sides = []
    for side in place:
        k, s, p, d = (t[side.axis - 2] for t in (kernel, strides, paddings, dilations))
        reach = d * (k - 1) / 2
        if getattr(node, "_saved_transposed", False):
            sides.append(_resampled(side, (p - reach) / s, 1 / s, reach / s, shape))
        else:
            sides.append(_resampled(side, reach - p, s, reach, shape))
    return sides[0], sides[1]


def _resized(node: Any, place: Place, sizes: Shape, shape: Shape) -> Place | None:
    """Pooling to a given size, enlarging, and pixels put into channels or taken out of them."""
    if len(sizes) != len(shape):
        return None
    sides = []
    for side in place:
        new = shape[side.axis]
        if getattr(node, "_saved_align_corners", False) and new > 1:
            sides.append(_resampled(side, 0.0, (side.count - 1) / (new - 1), 0.5, shape))
        else:
            ratio = side.count / new
            reach = (ratio - 1) / 2
            sides.append(_resampled(side, reach, ratio, abs(reach), shape))
    return sides[0], sides[1]


def _resampled(side: Side, offset: float, stride: float, reach: float, shape: Shape) -> Side:
    return replace(
        side,
        count=shape[side.axis],
        first=side.first + offset * side.step,
        step=side.step * stride,
        radius=side.radius + reach * abs(side.step),
    )


def _padded(node: Any, place: Place, sizes: Shape, shape: Shape) -> Place | None:
    pads = getattr(node, "_saved_pad", None) or node._saved_padding
    sides = []
    for side in place:
        last = 2 * (len(shape) - 1 - side.axis)  # pads are told from the last axis back
        before, behind = (pads[last], pads[last + 1]) if last + 1 < len(pads) else (0, 0)
        if before < 0 or behind < 0:
            side = _bounded(side, max(-before, 0), side.count - 1 - max(-behind, 0))
        sides.append(_resampled(side, -before, 1.0, 0.0, shape))
    return sides[0], sides[1]


def _sliced(node: Any, place: Place, sizes: Shape, shape: Shape) -> Place | None:
    axis = _axis(node._saved_dim, sizes)
    size = sizes[axis]
    start = int(node._saved_start)
    start = min(start + size if start < 0 else start, size)
    step = int(node._saved_step)
    sides = []
    for side in place:
        if side.axis == axis:
            side = _bounded(side, start, start + (shape[axis] - 1) * step)
            side = _resampled(side, start, step, 0.0, shape)
        sides.append(side)
    return sides[0], sides[1]


def _bounded(side: Side, start: int, stop: int) -> Side:
    """A side of which the elements from `start` to `stop` are kept."""
    ends = sorted(side.first + side.step * place for place in (start, stop))
    return replace(
        side, low=max(side.low, ends[0] - side.radius), high=min(side.high, ends[1] + side.radius)
    )


def _flipped(node: Any, place: Place, sizes: Shape, shape: Shape) -> Place | None:
    turned = {_axis(axis, sizes) for axis in node._saved_dims}
    rows, columns = (
        replace(side, first=side.first + side.step * (side.count - 1), step=-side.step)
        if side.axis in turned
        else side
        for side in place
    )
    return rows, columns


def _permuted(node: Any, place: Place, sizes: Shape, shape: Shape) -> Place | None:
    order = [_axis(axis, sizes) for axis in node._saved_dims]
    rows, columns = (replace(side, axis=order.index(side.axis)) for side in place)
    return rows, columns


def _swapped(node: Any, place: Place, sizes: Shape, shape: Shape) -> Place | None:
    first, second = _axis(node._saved_dim0, sizes), _axis(node._saved_dim1, sizes)
    swap = {first: second, second: first}
    rows, columns = (replace(side, axis=swap.get(side.axis, side.axis)) for side in place)
    return rows, columns


def _viewed(node: Any, place: Place, sizes: Shape, shape: Shape) -> Place | None:
    """Axes joined or split: those of the picture must stay axes of their own."""
    sides = []
    for side in place:
        ahead, behind = prod(sizes[: side.axis]), prod(sizes[side.axis + 1 :])
        kept = [
            axis
            for axis, size in enumerate(shape)
            if size == side.count
            and prod(shape[:axis]) == ahead
            and prod(shape[axis + 1 :]) == behind
        ]
        if not kept:
            return None
        sides.append(replace(side, axis=kept[-1]))
    return None if sides[0].axis == sides[1].axis else (sides[0], sides[1])


def _joined(node: Any, place: Place, sizes: Shape, shape: Shape) -> Place | None:
    """Concatenation and splitting, along an axis that is not the picture's."""
    axis = _axis(node._saved_dim, shape)
    return None if axis in [side.axis for side in place] else place


def _reduced(node: Any, place: Place, sizes: Shape, shape: Shape) -> Place | None:
    dims = getattr(node, "_saved_dim", None)
    if dims is None:
        return None
    gone = {_axis(axis, sizes) for axis in ([dims] if isinstance(dims, int) else dims)}
    if any(side.axis in gone for side in place):
        return None
    if len(sizes) == len(shape):
        return place
    rows, columns = (
        replace(side, axis=side.axis - sum(axis < side.axis for axis in gone)) for side in place
    )
    return rows, columns


def _axis(axis: int, shape: Shape) -> int:
    axis = int(axis)
    axis = axis - 2**64 if axis >= 2**63 else axis  # the graph keeps some without their sign
    return axis + len(shape) if axis < 0 else axis


# Operations behind which elements are mixed, or lie in no even grid.
_LOST = frozenset((
    "Mm", "Bmm", "Addmm", "Addbmm", "Baddbmm", "Index", "IndexSelect", "Gather", "Im2Col",
    "Col2Im", "Roll", "GridSampler2D", "Sort", "Topk", "Scatter", "FftR2C", "FftC2C",
    "ScaledDotProductFlashAttentionForCpu", "ScaledDotProductEfficientAttention",
    "ScaledDotProductFlashAttention", "ScaledDotProductAttentionMath", "NativeMultiHeadAttention",
))  # fmt: skip
_RULES: dict[str, Callable[[Any, Place, Shape, Shape], Place | None]] = {
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
    **dict.fromkeys(("Cat", "Split", "SplitWithSizes", "UnsafeSplit"), _joined),
    **dict.fromkeys(
        ("Mean", "Sum", "Amax", "Amin", "Max", "Min", "Var", "Std", "VarMean", "LinalgVectorNorm",
         "Norm", "Select", "Unbind"),
        _reduced,
    ),
    "Slice": _sliced,
    "Flip": _flipped,
    "Permute": _permuted,
    "Transpose": _swapped,
}  # fmt: skip
