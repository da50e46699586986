"""Cutting a region from all sides, step by step, until only its cue is left."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from camcore.auditing.edits.regions import Region, region_of
from camcore.auditing.rules import RULES


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


def cuts(region: Region, step: int) -> tuple[Region, ...]:
    """The region without a strip of each of its sides.

    Separate parts, such as four corners, lose the same side at once: the outer or the inner one,
    as seen from the middle of the image. A region that has a hole is not cut.

    Parameters
    ----------
    region : Region
    step : int
        From 1: the first step takes off a quarter of the side, each further one half as much, one
        cell at least.

    Examples
    --------
    >>> corner = Region(4, 4, ((0, 0), (0, 1), (1, 0), (1, 1)))
    >>> [left.name for left in cuts(corner, 1)]
    ['cells 4x4: 1,0 1,1', 'cells 4x4: 0,0 0,1', 'cells 4x4: 0,1 1,1', 'cells 4x4: 0,0 1,0']
    """
    grid = _grid(region)
    if (ndimage.binary_fill_holes(grid) & ~grid).any():
        return ()
    labels, _ = ndimage.label(grid, np.ones((3, 3)))
    found = []
    for axis in (0, 1):
        for inner in (False, True):
            left = grid.copy()
            for box in ndimage.find_objects(labels):
                start, stop = box[axis].start, box[axis].stop
                width = max(1, (stop - start) // (4 * 2 ** (step - 1)))
                # The outer side is the upper or left one in the upper or left half.
                low = (start + stop <= grid.shape[axis]) != inner
                strip = list(box)
                strip[axis] = slice(start, start + width) if low else slice(stop - width, stop)
                left[tuple(strip)] = False
            if left.any():
                found.append(region_of(left))
    return tuple(found)


def shared(first: Region, second: Region) -> Region | None:
    """What two regions of one grid share, if anything.

    Examples
    --------
    >>> shared(Region(2, 2, ((0, 0), (0, 1))), Region(2, 2, ((0, 1), (1, 1)))).cells
    ((0, 1),)
    """
    both = _grid(first) & _grid(second)
    return region_of(both) if both.any() else None


def _grid(region: Region) -> np.ndarray:
    grid = np.zeros((region.rows, region.columns), bool)
    grid[tuple(zip(*region.cells, strict=True))] = True
    return grid
