"""The layers of a module that hold a map, the one shown by default, and its two halves."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from camcore.classifier import Head, LayerRow
from camcore.models import default_layer
from camcore.models.geometry.tokens import Tokens, map_in
from camcore.models.torch.passes import Tap
from camcore.models.torch.trace import Trace

_UNPOOLED = 3  # layers in a row without a pooled head, from the last one, that end the search
_FAR = 30.0  # times as far as between two maps: there a gate is fully open or shut
_CLOSE = 1e-4  # of the scores: how far from affine a head may be by rounding


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
        rank = len(call.shape)
        if rank not in (3, 4) or call.node not in wanted or not trace.of_picture(call.node):
            continue
        grid = map_in(trace.place(call.node), rank, input_size)
        if grid is None:
            if rank == 4 and call.leaf and max(call.shape[2:]) > 1:
                passed_over.append(call.name)
            continue
        rows, columns, channels = grid.grid(call.shape)
        if rows * columns > 1:
            taps.append(Tap(call.name, call.kind, (rows, columns, channels), grid))
    return tuple(taps), tuple(passed_over)


def has_unread_tokens(trace: Trace, node: int | None, taps: Sequence[Tap]) -> bool:
    """Whether a transformer shows no map but those from before its first attention."""
    calls = {call.name: call for call in trace.calls}
    return len(trace.attentions(node)) >= default_layer.TRANSFORMER and not any(
        trace.attentions(calls[tap.name].node) for tap in taps
    )


def default_tap(
    trace: Trace, node: int | None, taps: Sequence[Tap], reads: Callable[[Tap, Tap | None], bool]
) -> Tap:
    """The map that is shown, by the outermost name that it has.

    Parameters
    ----------
    node : int or None
        Of the scores in the trace.
    reads : callable
        See `camcore.models.default_layer.Network`.
    """
    calls = {call.name: call for call in trace.calls}
    active = [tap for tap in taps if not calls[tap.name].passive] or list(taps)
    network = default_layer.Network[Tap](
        mixings=len(trace.attentions(node)),
        is_tokens=lambda tap: isinstance(tap.grid, Tokens),
        is_linear=lambda tap: trace.is_linear(calls[tap.name].node),
        is_projection=lambda tap: tap.kind == "Linear",
        follows=lambda later, tap: (
            calls[tap.name].node in trace.ancestors(calls[later.name].node)
            and calls[tap.name].group != calls[later.name].group
        ),
        reads=reads,
    )
    group = calls[default_layer.default_tap(active, network).name].group
    return [tap for tap in active if calls[tap.name].group == group][-1]


def pooled_taps(
    trace: Trace, node: int | None, taps: Sequence[Tap], head_of: Callable[[Tap], Head]
) -> tuple[str, ...]:
    """Names of the layers whose means alone make the scores, by an affine function.

    Found by what the rest of the network answers, not by what it is called. Layers are tried from
    the last one back, until several in a row have no such head.

    Parameters
    ----------
    head_of : callable
        The rest of the network behind a layer, for some picture.
    """
    calls = {call.name: call for call in trace.calls}
    pooled: list[str] = []
    missed = 0
    for tap in reversed(taps):
        bypassed = trace.of_picture(node, without=calls[tap.name].node)
        if not bypassed and not tap.grid.beside and is_pooled(head_of(tap), tap.shape):
            pooled.append(tap.name)
            missed = 0
        elif (missed := missed + 1) == _UNPOOLED:
            break
    return tuple(pooled)


def is_pooled(head: Head, shape: tuple[int, int, int]) -> bool:
    """Whether the rest of a network is an affine function of the mean over the cells of a map.

    Parameters
    ----------
    head : callable
    shape : tuple of int
        Rows, columns and channels of the map.

    Examples
    --------
    >>> is_pooled(lambda maps: maps.mean(axis=(1, 2)) * 2 + 1, (2, 2, 3))
    True
    >>> is_pooled(lambda maps: maps.max(axis=(1, 2)), (2, 2, 3))
    False
    """
    rng = np.random.default_rng(0)
    # Means that differ between channels: what a gate makes of them must not look affine.
    first, second = rng.normal(size=(2, *shape)) + 2 * rng.normal(size=(2, 1, 1, shape[2]))
    moved = rng.permutation(first.reshape(-1, shape[2])).reshape(shape)
    far = _FAR * first + (1 - _FAR) * second
    between = (first + second) / 2
    maps = np.stack([first, second, moved, between, far]).astype(np.float32)
    answers = head(maps).astype(np.float64)
    if not np.isfinite(answers).all():
        return False
    expected = np.stack(
        [
            answers[0],
            (answers[0] + answers[1]) / 2,
            _FAR * answers[0] + (1 - _FAR) * answers[1],
        ]
    )
    off = np.abs(answers[2:] - expected).max(axis=1)
    near = max(float(np.ptp(answers[:2], axis=0).max()), float(np.abs(answers[:2]).max()))
    return bool((off <= _CLOSE * near * np.array([1, 1, _FAR])).all())


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
