"""Parts of the image that a local cue can sit in, as cells of a grid, at any image size."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from scipy import ndimage

from camcore.auditing.rules import RULES
from camcore.errors import InputError
from camcore.pictures.preprocessing import Frame

_ROUNDING = 1e-6  # of a cell
_LATTICE = 96  # geometry is judged at this size: whole cells for grids of 3, 4, 6, 8, 12 and 16
_VERTICAL = ("upper", "middle", "lower")
_HORIZONTAL = ("left", "centre", "right")


@dataclass(frozen=True)
class Region:
    """A set of cells of a rows x columns grid laid over the image.

    Attributes
    ----------
    rows, columns : int
        The grid, from 1 x 1. Cell edges lie at the nearest whole pixels, so that the cells of a
        grid cover any image once, and the halves of a cell cover the cell.
    cells : tuple of (int, int)
        (row, column) of each cell, from the top left; stored sorted and once each.

    Raises
    ------
    InputError
        If there is no cell, or one lies outside the grid.

    Examples
    --------
    >>> corner = Region(4, 4, ((0, 3),))
    >>> corner.name, corner.words, corner.family, corner.area
    ('cells 4x4: 0,3', 'top right corner', 'tag', 0.0625)
    >>> int(corner.mask(28, 28).sum())
    49
    """

    rows: int
    columns: int
    cells: tuple[tuple[int, int], ...]

    def __post_init__(self) -> None:
        cells = tuple(sorted({(int(r), int(c)) for r, c in self.cells}))
        inside = all(0 <= r < self.rows and 0 <= c < self.columns for r, c in cells)
        if not cells or not inside:
            raise InputError(
                f"{len(cells)} cells were given for a {self.rows}x{self.columns} grid; "
                "give at least one cell, each inside the grid."
            )
        object.__setattr__(self, "cells", cells)

    @property
    def name(self) -> str:
        """Text that `region_named` turns back into this region."""
        known = _NAME_OF.get(self)
        cells = " ".join(f"{r},{c}" for r, c in self.cells)
        return known or f"cells {self.rows}x{self.columns}: {cells}"

    @property
    def area(self) -> float:
        """Share of the image, 0 to 1."""
        return len(self.cells) / (self.rows * self.columns)

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Bounding box (x0, y0, x1, y1) in fractions of the width and the height."""
        down, across = zip(*self.cells, strict=True)
        return (
            min(across) / self.columns,
            min(down) / self.rows,
            (max(across) + 1) / self.columns,
            (max(down) + 1) / self.rows,
        )

    def mask(self, height: int, width: int) -> np.ndarray:
        """Pixels of the region, bool (height, width), read-only."""
        return _mask(self, height, width)

    def boxes(self, height: int, width: int) -> tuple[tuple[slice, slice], ...]:
        """Disjoint rectangles of pixels (row slice, column slice) that make up the region."""
        down, across = _edges(self.rows, height), _edges(self.columns, width)
        rectangles = []
        for row, run in ((r, run) for r, line in enumerate(self._grid) for run in _runs(line)):
            rectangles.append(
                (slice(down[row], down[row + 1]), slice(across[run[0]], across[run[1]]))
            )
        return tuple(rectangles)

    @cached_property
    def _grid(self) -> np.ndarray:
        grid = np.zeros((self.rows, self.columns), bool)
        grid[tuple(zip(*self.cells, strict=True))] = True
        return grid

    @cached_property
    def family(self) -> str:
        """Family of cue that a region of this shape and place stands for.

        Mostly (75 %) inside corners, or small (1/8) with its middle in one: ``tag``. Much like a
        ring of 1/8 or 1/16, or a thinner one along all four sides: ``frame``. Mostly inside the top
        or bottom third or the left or right quarter, and running along most of that side: a band.
        Anything else: ``region``.
        """
        seen = self.mask(_LATTICE, _LATTICE)

        def inside(other: str) -> float:
            share: float = (seen & NAMED[other].mask(*seen.shape)).sum() / seen.sum()
            return share

        def like(other: str) -> float:
            ring = NAMED[other].mask(*seen.shape)
            overlap: float = (seen & ring).sum() / (seen | ring).sum()
            return overlap

        if inside("corners 1/4") >= 0.75 or self._in_a_corner():
            return "tag"
        if max(like("ring 1/8"), like("ring 1/16")) >= 0.5 or _thin_ring(seen):
            return "frame"
        along, up = seen.any(axis=0).mean() >= 0.6, seen.any(axis=1).mean() >= 0.6
        if along and inside("top 1/3") >= 0.75:
            return "sky/top-band"
        if along and inside("bottom 1/3") >= 0.75:
            return "bottom-band"
        if up and max(inside("left 1/4"), inside("right 1/4")) >= 0.75:
            return "side-band"
        return "region"

    def _in_a_corner(self) -> bool:
        middle = (np.array(self.cells).mean(axis=0) + 0.5) / (self.rows, self.columns)
        return self.area <= RULES.largest_tag and bool(
            (np.minimum(middle, 1 - middle) <= 0.25).all()
        )

    @property
    def words(self) -> str:
        """The region in words for people, such as ``top left corner`` or ``top band``."""
        if self in _NAME_OF:
            return _WORDS[_NAME_OF[self]]
        down, across = np.array(self.cells).mean(axis=0) + 0.5
        vertical = _VERTICAL[int(3 * down / self.rows)]
        horizontal = _HORIZONTAL[int(3 * across / self.columns)]
        x0, y0, x1, y1 = self.box
        if self.family == "frame":
            place = "frame"
        elif self.family == "sky/top-band":
            place = "top band"
        elif self.family == "bottom-band":
            place = "bottom band"
        elif self.family == "side-band":
            place = f"{horizontal} band"
        elif self.family == "tag" and max(x1 - x0, y1 - y0) <= 0.5:
            place = f"{'top' if vertical == 'upper' else 'bottom'} {horizontal} corner"
        elif self.family == "tag":
            place = "corners"
        elif (vertical, horizontal) == ("middle", "centre"):
            place = "centre"
        else:
            place = f"{vertical} {horizontal}"
        if len(self.cells) > 1:
            return f"{place}, {self.area:.0%} of the image"
        if self.family == "tag" and self.rows == self.columns == 4:
            return place
        ((row, column),) = self.cells
        return f"{place}, row {row + 1}, column {column + 1} of {self.rows}×{self.columns}"

    def children(self) -> tuple[Region, ...]:
        """The parts to look at next, coarse to fine; together they cover the region.

        A ring gives its four sides, separate parts give each part, other cells are halved along
        their longer side, and a single cell gives its four quarters until the grid is
        `RULES.finest`.

        Examples
        --------
        >>> [part.name for part in NAMED["corners 1/4"].children()]
        ['cells 4x4: 0,0', 'cells 4x4: 0,3', 'cells 4x4: 3,0', 'cells 4x4: 3,3']
        >>> [part.name for part in Region(4, 4, ((0, 3),)).children()]
        ['cells 8x8: 0,6', 'cells 8x8: 0,7', 'cells 8x8: 1,6', 'cells 8x8: 1,7']
        """
        if len(self.cells) == 1:
            if 2 * max(self.rows, self.columns) > RULES.finest:
                return ()
            ((r, c),) = self.cells
            quarters = ((2 * r + i, 2 * c + j) for i in (0, 1) for j in (0, 1))
            return tuple(Region(2 * self.rows, 2 * self.columns, (q,)) for q in quarters)
        if self.rows == self.columns > 2 and self == ring(self.rows):
            last = self.rows - 1
            sides = (
                [cell for cell in self.cells if cell[0] == 0],
                [cell for cell in self.cells if cell[1] == 0],
                [cell for cell in self.cells if cell[1] == last],
                [cell for cell in self.cells if cell[0] == last],
            )
            return tuple(self._part(side) for side in sides)
        labels, count = ndimage.label(self._grid, np.ones((3, 3)))
        if count > 1:
            return tuple(self._part(np.argwhere(labels == k)) for k in range(1, count + 1))
        x0, y0, x1, y1 = self.box
        axis = 0 if y1 - y0 > x1 - x0 else 1
        ordered = sorted(self.cells, key=lambda cell: (cell[axis], cell[1 - axis]))
        half = len(ordered) // 2
        return self._part(ordered[:half]), self._part(ordered[half:])

    def elsewhere(self, rng: np.random.Generator) -> Region:
        """The same cells moved to another place, around the edges, with the least overlap.

        Examples
        --------
        >>> moved = NAMED["corners 1/4"].elsewhere(np.random.default_rng(0))
        >>> len(moved.cells), set(moved.cells) & set(NAMED["corners 1/4"].cells)
        (4, set())
        """
        moves = [(r, c) for r in range(self.rows) for c in range(self.columns)]
        moved = [np.roll(self._grid, move, (0, 1)) for move in moves]
        overlap = np.array([(grid & self._grid).sum() for grid in moved])
        best = np.flatnonzero(overlap == overlap.min())
        return self._part(np.argwhere(moved[rng.choice(best)]))

    def _part(self, cells: Iterable[Iterable[int]]) -> Region:
        return Region(self.rows, self.columns, tuple((r, c) for r, c in cells))


def ring(grid: int) -> Region:
    """The outermost cells of a grid x grid grid: a frame of 1/grid of each side."""
    last = grid - 1
    cells = ((r, c) for r in range(grid) for c in range(grid) if {r, c} & {0, last})
    return Region(grid, grid, tuple(cells))


def middle_of(height: int, width: int) -> np.ndarray:
    """Where objects are taken to be if nothing tells: an ellipse, bool (height, width).

    Examples
    --------
    >>> middle_of(3, 5).astype(int).tolist()
    [[0, 1, 1, 1, 0], [1, 1, 1, 1, 1], [0, 1, 1, 1, 0]]
    """
    down, across = (
        (2 * np.arange(side) + 1 - side) / (RULES.middle * side) for side in (height, width)
    )
    inside: np.ndarray = np.add.outer(down**2, across**2) <= 1
    return inside


def corners(grid: int) -> Region:
    """The four corner cells of a grid x grid grid, together."""
    last = grid - 1
    return Region(grid, grid, ((0, 0), (0, last), (last, 0), (last, last)))


def region_of(cells: np.ndarray) -> Region:
    """The region of a bool array (rows, columns), such as the hot cells of a map.

    Raises
    ------
    InputError
        If no cell is True.

    Examples
    --------
    >>> region_of(np.eye(7, dtype=bool) & (np.arange(7) < 2)).name
    'cells 7x7: 0,0 1,1'
    """
    rows, columns = cells.shape
    return Region(rows, columns, tuple((int(r), int(c)) for r, c in np.argwhere(cells)))


def region_of_map(cells: np.ndarray, frame: Frame) -> Region | None:
    """The region of the image that cells of a map speak for.

    Where the map does not lie evenly over the image, its cells are looked up on a grid over all
    of the image whose cells are as large or smaller.

    Parameters
    ----------
    cells : ndarray, shape (rows, columns), bool
    frame : Frame
        Where they lie in the image.

    Returns
    -------
    Region or None
        None where none of the cells lies on the image.

    Examples
    --------
    >>> lower = Frame(0.0, 4.0, 8.0, 8.0, 8, 8)  # the model cuts the upper half off
    >>> region_of_map(np.array([[True, False]]), lower).name
    'cells 2x2: 1,0'
    """
    rows, columns = cells.shape
    down, across = frame.cell_edges(rows, columns)
    high, wide = (frame.y1 - frame.y0) / rows, (frame.x1 - frame.x0) / columns
    lattice = [
        math.ceil(side / cell - _ROUNDING)
        for side, cell in ((frame.height, high), (frame.width, wide))
    ]
    row, column = (
        np.searchsorted(edges, (np.arange(count) + 0.5) / count, "right") - 1
        for count, edges in zip(lattice, (down, across), strict=True)
    )
    seen = np.outer((row >= 0) & (row < rows), (column >= 0) & (column < columns))
    marked = seen & cells[np.ix_(np.clip(row, 0, rows - 1), np.clip(column, 0, columns - 1))]
    if not marked.any():  # less than half a cell is on the image
        for r, c in np.argwhere(cells & (np.diff(down)[:, None] > 0) & (np.diff(across) > 0)):
            middle = (down[r] + down[r + 1]) / 2, (across[c] + across[c + 1]) / 2
            marked[tuple(int(at * count) for at, count in zip(middle, lattice, strict=True))] = True
    return region_of(marked) if marked.any() else None


def region_named(name: str) -> Region:
    """The region that a `Region.name` stands for.

    Raises
    ------
    InputError
        If the text is no name of a region.

    Examples
    --------
    >>> region_named("top 1/3").mask(9, 4)[:, 0].tolist()
    [True, True, True, False, False, False, False, False, False]
    """
    if name in NAMED:
        return NAMED[name]
    match = re.fullmatch(r"cells ([1-9]\d{0,2})x([1-9]\d{0,2}):((?: \d+,\d+)+)", name)
    if match is None:
        raise InputError(
            f"{name!r} is no region. Give 'cells 8x8: 0,0 0,1' (rows x columns, then row,column "
            f"of each cell) or one of {', '.join(NAMED)}."
        )
    pairs = (cell.split(",") for cell in match[3].split())
    return Region(int(match[1]), int(match[2]), tuple((int(r), int(c)) for r, c in pairs))


NAMED: dict[str, Region] = {
    "corners 1/4": corners(4),
    "corners 1/8": corners(8),
    "ring 1/8": ring(8),
    "ring 1/16": ring(16),
    "top 1/3": Region(3, 1, ((0, 0),)),
    "bottom 1/3": Region(3, 1, ((2, 0),)),
    "left 1/4": Region(1, 4, ((0, 0),)),
    "right 1/4": Region(1, 4, ((0, 3),)),
}
"""The regions that have a short name."""

_NAME_OF = {region: name for name, region in NAMED.items()}
_WORDS = {
    "corners 1/4": "four corners",
    "corners 1/8": "four small corners",
    "ring 1/8": "frame",
    "ring 1/16": "thin frame",
    "top 1/3": "top band",
    "bottom 1/3": "bottom band",
    "left 1/4": "left band",
    "right 1/4": "right band",
}


def _thin_ring(seen: np.ndarray) -> bool:
    """Whether what is seen runs along all four sides, and hardly anywhere else."""
    wide = len(seen) // 16
    sides = (seen[:wide], seen[-wide:], seen[:, :wide].T, seen[:, -wide:].T)
    outside = seen & NAMED["ring 1/16"].mask(*seen.shape)
    return bool(
        outside.sum() >= 0.75 * seen.sum() and all(side.any(axis=0).mean() >= 0.6 for side in sides)
    )


def _edges(parts: int, size: int) -> np.ndarray:
    return np.rint(np.arange(parts + 1) * size / parts).astype(int)


def _runs(line: np.ndarray) -> np.ndarray:
    """First and one past the last index of each run of True, (runs, 2)."""
    steps = np.diff(np.concatenate([[0], line.astype(int), [0]]))
    return np.stack([np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)], axis=1)


@lru_cache(maxsize=512)
def _mask(region: Region, height: int, width: int) -> np.ndarray:
    mask = np.zeros((height, width), bool)
    for box in region.boxes(height, width):
        mask[box] = True
    mask.flags.writeable = False
    return mask
