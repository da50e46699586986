"""Cutting a region from one side after another, until only its cue is left."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import ndimage

from camcore.auditing.edits.regions import Region, region_of
from camcore.auditing.rules import RULES

Side = tuple[int, bool]
SIDES: tuple[Side, ...] = ((0, False), (0, True), (1, False), (1, True))
"""Axis, and whether it is the side towards the middle of the image: rows first, outer first."""
TRIMS = tuple(f"trimmed-{k}" for k in range(1, RULES.trims * len(SIDES) + 1))
"""Names of the cuts, in order."""


def finely(region: Region) -> Region:
    """The same region as cells of a fine grid, as far as its cells are made of such cells.

    Examples
    --------
    >>> corner = finely(Region(4, 4, ((0, 3),)))
    >>> corner.rows, corner.area, corner.box
    (32, 0.0625, (0.75, 0.0, 1.0, 0.25))
    """
    rows, columns = (
        next(
            (fine for fine in (RULES.trimmed_to, RULES.trimmed_thirds_to) if fine % parts == 0),
            parts,
        )
        for parts in (region.rows, region.columns)
    )
    each = np.ones((rows // region.rows, columns // region.columns), bool)
    return region_of(np.kron(_grid(region), each))


def parts(region: Region) -> tuple[Region, ...]:
    """The separate parts of a region, such as single corners of four; none where it is one.

    Examples
    --------
    >>> [part.name for part in parts(Region(4, 4, ((0, 0), (0, 1), (3, 3))))]
    ['cells 4x4: 0,0 0,1', 'cells 4x4: 3,3']
    """
    labels, count = ndimage.label(_grid(region), np.ones((3, 3)))
    return tuple(region_of(labels == k) for k in range(1, count + 1)) if count > 1 else ()


def cut(region: Region, side: Side, step: int) -> Region | None:
    """The region without a strip of one of its sides; None where nothing is to be cut.

    Separate parts, such as four corners, lose the same side at once: the outer or the inner one,
    as seen from the middle of the image. A region that has a hole is not cut.

    Parameters
    ----------
    region : Region
    side : one of `SIDES`
    step : int
        From 1: the first step takes off a quarter of the side, each further one half as much, one
        cell at least.

    Examples
    --------
    >>> corner = Region(4, 4, ((0, 0), (0, 1), (1, 0), (1, 1)))
    >>> [left.name for left in (cut(corner, side, 1) for side in SIDES)]
    ['cells 4x4: 1,0 1,1', 'cells 4x4: 0,0 0,1', 'cells 4x4: 0,1 1,1', 'cells 4x4: 0,0 1,0']
    """
    axis, inner = side
    grid = _grid(region)
    if (ndimage.binary_fill_holes(grid) & ~grid).any():
        return None
    labels, _ = ndimage.label(grid, np.ones((3, 3)))
    left = grid.copy()
    for box in ndimage.find_objects(labels):
        start, stop = box[axis].start, box[axis].stop
        width = max(1, (stop - start) // (4 * 2 ** (step - 1)))
        # The outer side is the upper or left one in the upper or left half.
        low = (start + stop <= grid.shape[axis]) != inner
        strip = list(box)
        strip[axis] = slice(start, start + width) if low else slice(stop - width, stop)
        left[tuple(strip)] = False
    return region_of(left) if left.any() else None


def trimmed(region: Region, keeps: Callable[[Region, str], bool]) -> Region:
    """The region cut from each side by itself, as long as the rest keeps the effect.

    Every cut is tried on what the cuts before it have left, and stands or falls by itself: sides
    that may each be spared need not be so together, where either half of a cue suffices.

    Parameters
    ----------
    region : Region
    keeps : callable
        (what is left, one of `TRIMS`: each is asked once at most) -> whether that keeps the effect.

    Examples
    --------
    >>> whole = finely(Region(4, 4, ((0, 3),)))
    >>> tag = Region(32, 32, tuple((r, c) for r in range(1, 5) for c in range(27, 31)))
    >>> trimmed(whole, lambda left, trim: set(tag.cells) <= set(left.cells)) == tag
    True
    """
    refused: set[Region] = set()
    for step in range(1, RULES.trims + 1):
        for place, side in enumerate(SIDES):
            left = cut(region, side, step)
            if left is None or left in refused:
                continue
            if keeps(left, TRIMS[(step - 1) * len(SIDES) + place]):
                region = left
            else:
                refused.add(left)
    return region


def _grid(region: Region) -> np.ndarray:
    grid = np.zeros((region.rows, region.columns), bool)
    grid[tuple(zip(*region.cells, strict=True))] = True
    return grid
