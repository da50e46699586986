"""The layers of a module that hold a map, the one shown by default, and its two halves."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from camcore.classifier import Head, LayerRow
from camcore.models.torch.grids import grid_of
from camcore.models.torch.passes import Tap
from camcore.models.torch.trace import Trace

_UNPOOLED = 3  # layers in a row without a pooled head, from the last one, that end the search
_CLOSE = 1e-3  # of the spread of the scores: how far from affine a head may be by rounding


def spatial_taps(
    trace: Trace, node: int | None, input_size: tuple[int, int]
) -> tuple[tuple[Tap, ...], tuple[str, ...]]:
    """The calls that hand on a map of more than one cell and that the scores depend on.

    Parameters
    ----------
    node : int or None
        Of the scores in the trace.
    input_size : tuple of int
        Height and width of a picture.

    Returns
    -------
    taps : tuple of Tap
        In order of computation.
    passed_over : tuple of str
        Names of calls of four axes that are no map of the picture.
    """
    wanted = trace.ancestors(node)
    taps: list[Tap] = []
    passed_over: list[str] = []
    for call in trace.calls:
        if len(call.shape) != 4 or call.node not in wanted or not trace.of_picture(call.node):
            continue
        place = trace.place(call.node)
        if place is None or {0} & {side.axis for side in place}:
            if call.leaf and max(call.shape[2:]) > 1:
                passed_over.append(call.name)
            continue
        grid = grid_of(place, input_size)
        rows, columns, channels = (call.shape[axis] for axis in grid.order[1:])
        if rows * columns > 1:
            taps.append(Tap(call.name, call.kind, (rows, columns, channels), grid))
    return tuple(taps), tuple(passed_over)


def default_tap(trace: Trace, taps: Sequence[Tap]) -> Tap:
    """The last map that a module made, by the outermost name that it has."""
    calls = {call.name: call for call in trace.calls}
    active = [tap for tap in taps if not calls[tap.name].passive] or list(taps)
    group = calls[active[-1].name].group
    return [tap for tap in active if calls[tap.name].group == group][-1]


def pooled_taps(taps: Sequence[Tap], head_of: Callable[[int, Tap], Head]) -> tuple[str, ...]:
    """Names of the layers whose means alone the scores are affine in, for every picture.

    Found by what the rest of the network answers, not by what it is called. Layers are tried from
    the last one back, until several in a row have no such head.

    Parameters
    ----------
    head_of : callable
        ``head_of(i, tap)`` -> the rest of the network behind a layer, for picture i of two.
    """
    pooled: list[str] = []
    missed = 0
    for tap in reversed(taps):
        if is_pooled(head_of(0, tap), head_of(1, tap), tap.shape):
            pooled.append(tap.name)
            missed = 0
        elif (missed := missed + 1) == _UNPOOLED:
            break
    return tuple(pooled)


def is_pooled(first: Head, second: Head, shape: tuple[int, int, int]) -> bool:
    """Whether the rest of a network is one affine function of the mean over the cells of a map.

    Parameters
    ----------
    first, second : callable
        The rest of the network for two pictures.
    shape : tuple of int
        Rows, columns and channels of the map.

    Examples
    --------
    >>> head = lambda maps: maps.mean(axis=(1, 2)) * 2 + 1
    >>> other = lambda maps: maps.max(axis=(1, 2))
    >>> is_pooled(head, head, (2, 2, 3)), is_pooled(other, other, (2, 2, 3))
    (True, False)
    """
    rng = np.random.default_rng(0)
    one, two = rng.normal(size=(2, *shape))
    moved = rng.permutation(one.reshape(-1, shape[2])).reshape(shape)
    maps = np.stack([one, two, moved, (one + two) / 2, 3 * one - 2 * two]).astype(np.float32)
    answers = first(maps).astype(np.float64)
    expected = np.stack(
        [
            answers[0],
            (answers[0] + answers[1]) / 2,
            3 * answers[0] - 2 * answers[1],
            second(maps[:1])[0],
        ]
    )
    found = np.stack([answers[2], answers[3], answers[4], answers[0]])
    if not np.isfinite(answers).all():
        return False
    spread = max(float(np.ptp(answers, axis=0).max()), 1e-6 * float(np.abs(answers).max()))
    return bool(np.abs(found - expected).max() <= _CLOSE * spread)


def split_tables(
    trace: Trace, name: str, node: int | None
) -> tuple[tuple[LayerRow, ...], tuple[LayerRow, ...]]:
    """Rows of a network split at a layer: from the picture to it, and from there to the scores.

    Containers are told by their parts, but for the layer itself, which ends the first table.
    """
    (split,) = (call for call in trace.calls if call.name == name)
    wanted, to_map = trace.ancestors(node), trace.ancestors(split.node)
    before: list[LayerRow] = []
    behind: list[LayerRow] = []
    for call in trace.calls:
        if call.node not in wanted or not (call.leaf or call is split):
            continue
        after = call is not split and split.node in trace.ancestors(call.node)
        row = LayerRow(
            call.name,
            call.kind,
            call.shape[1:],
            call.parameters,
            beside=not after and call.node not in to_map,
        )
        (behind if after else before).append(row)
    return tuple(before), tuple(behind)
