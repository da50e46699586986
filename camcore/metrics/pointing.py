"""Whether a map points at what is known to be the object.

Where the object is, is said by a box ``(x0, y0, x1, y1)`` in source pixels, ends exclusive, or by
a mask of the source picture, shape (H, W) bool. Numbers are taken on the map's own grid, each
cell counting by the exact part of it that the object covers, so that they depend on no
upsampling.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from camcore.errors import InputError
from camcore.heatmap import Heatmap
from camcore.pictures.preprocessing import Frame

Where = tuple[float, float, float, float] | np.ndarray


@dataclass(frozen=True)
class EnergyShare:
    """How much of a map's positive evidence lies on the object.

    Attributes
    ----------
    share : float
        Of the positive evidence, 0 to 1; nan where there is none.
    area : float
        The object's share of what the model saw, black bars and all: what a flat map reaches.
    lift : float
        share / area: 1 is no better than a flat map; nan without evidence or outside of what the
        model saw.
    """

    share: float
    area: float
    lift: float


def pointing_game(heatmap: Heatmap, where: Where) -> bool:
    """Whether the maximum of the map lies on the object.

    The maximum is the centre of the highest cell, as it is of the map enlarged bilinearly: where
    a cell of the border has its centre in what the network pads, that is the pixel of the picture
    next to it. Where several cells are the highest all have to hit; a map without evidence
    misses, and so does a cell that speaks for nothing of the picture. Zhang et al., ECCV 2016,
    arXiv:1608.00507, whose tolerance of 15 pixels is not granted.

    Parameters
    ----------
    heatmap : Heatmap
    where : tuple (x0, y0, x1, y1) or ndarray, shape (H, W), bool

    Raises
    ------
    InputError
        If the box is empty or the mask has another size than the picture.

    Examples
    --------
    >>> from camcore.pictures.preprocessing import frame_of
    >>> heatmap = Heatmap(np.array([[0.0, 5.0]]), frame_of(100, 50, 8, 8, "stretch"))
    >>> pointing_game(heatmap, (70, 20, 80, 30)), pointing_game(heatmap, (0, 0, 70, 50))
    (True, False)
    """
    known = _checked(where, heatmap.frame)
    if heatmap.evidence == "none":
        return False
    rows, columns = np.nonzero(heatmap.raw == heatmap.raw.max())
    across, down = _centres(heatmap)
    x, y = across[columns], down[rows]
    if not (np.isfinite(x) & np.isfinite(y)).all():
        return False
    if isinstance(known, np.ndarray):
        height, width = known.shape
        on_picture = (x >= 0) & (x < width) & (y >= 0) & (y < height)
        if not on_picture.all():
            return False
        return bool(known[y.astype(int), x.astype(int)].all())
    x0, y0, x1, y1 = known
    return bool(((x >= x0) & (x < x1) & (y >= y0) & (y < y1)).all())


def energy_pointing(heatmap: Heatmap, where: Where) -> EnergyShare:
    """Share of the positive evidence on the object, and its share of the area.

    The energy-based pointing game of Wang et al., CVPRW 2020, arXiv:1910.01279, beside what a flat
    map would reach. Evidence is what is positive before scaling.

    Parameters
    ----------
    heatmap : Heatmap
    where : tuple (x0, y0, x1, y1) or ndarray, shape (H, W), bool

    Raises
    ------
    InputError
        If the box is empty or the mask has another size than the picture.

    Examples
    --------
    >>> from camcore.pictures.preprocessing import frame_of
    >>> heatmap = Heatmap(np.array([[1.0, 3.0]]), frame_of(100, 50, 8, 8, "stretch"))
    >>> energy_pointing(heatmap, (50, 0, 75, 50))
    EnergyShare(share=0.375, area=0.25, lift=1.5)
    """
    known = _checked(where, heatmap.frame)
    x_edges, y_edges = _reached(heatmap)
    if isinstance(known, np.ndarray):
        covered = _covered_by_mask(known, x_edges, y_edges)
    else:
        x0, y0, x1, y1 = known
        width, height = heatmap.frame.width, heatmap.frame.height
        ends_x, ends_y = np.clip([x0, x1], 0, width), np.clip([y0, y1], 0, height)
        covered = np.outer(_parts(y_edges, ends_y), _parts(x_edges, ends_x))
    area = float(covered.mean())
    positive = np.maximum(heatmap.raw, 0).astype(np.float64)
    if heatmap.evidence == "none":
        return EnergyShare(float("nan"), area, float("nan"))
    share = float((positive * covered).sum() / positive.sum())
    return EnergyShare(share, area, share / area if area > 0 else float("nan"))


def _edges(heatmap: Heatmap) -> tuple[np.ndarray, np.ndarray]:
    """Where the cells begin and end in source pixels: columns, rows."""
    frame, (rows, columns) = heatmap.frame, heatmap.raw.shape
    return (
        np.linspace(frame.x0, frame.x1, columns + 1),
        np.linspace(frame.y0, frame.y1, rows + 1),
    )


def _centres(heatmap: Heatmap) -> tuple[np.ndarray, np.ndarray]:
    """Centres of the cells in source pixels: columns, rows; nan for what lies beside the picture.

    Never beyond the outermost pixels that the map speaks for.
    """
    reach = heatmap.frame.reach
    sides = []
    for edges, axis in zip(_edges(heatmap), (0, 1), strict=True):
        centres = (edges[:-1] + edges[1:]) / 2
        if reach is not None:
            low, high = reach[axis], reach[axis + 2]
            beside = (edges[1:] <= low) | (edges[:-1] >= high)
            inset = min(0.5, (high - low) / 2)
            centres = np.where(beside, np.nan, centres.clip(low + inset, high - inset))
        sides.append(centres)
    return sides[0], sides[1]


def _reached(heatmap: Heatmap) -> tuple[np.ndarray, np.ndarray]:
    """The same with the outermost cells as far as they speak for the picture, and no further."""
    reach = heatmap.frame.reach
    columns, rows = _edges(heatmap)
    if reach is None:
        return columns, rows
    for edges, low, high in ((columns, reach[0], reach[2]), (rows, reach[1], reach[3])):
        edges.clip(low, high, out=edges)
        edges[0], edges[-1] = low, high
    return columns, rows


def _parts(edges: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Which part of each cell of a side lies between consecutive ends, (cells, len(ends) - 1).

    None of a cell that is empty, because it speaks for nothing of the picture.
    """
    low = np.maximum(edges[:-1, None], ends[None, :-1])
    high = np.minimum(edges[1:, None], ends[None, 1:])
    sizes = np.diff(edges)[:, None]
    shares: np.ndarray = np.maximum(high - low, 0) / np.where(sizes > 0, sizes, 1.0)
    return shares


def _covered_by_mask(mask: np.ndarray, x_edges: np.ndarray, y_edges: np.ndarray) -> np.ndarray:
    """Which part of each cell a mask covers, every pixel being a unit square."""
    height, width = mask.shape
    across = _parts(x_edges, np.arange(width + 1.0))
    down = _parts(y_edges, np.arange(height + 1.0))
    rows = []
    for part in down:  # only the pixel rows of one row of cells at a time become numbers
        touched = np.nonzero(part)[0]
        rows.append(across @ (part[touched] @ mask[touched]))
    return np.stack(rows)


def _checked(where: Where, frame: Frame) -> Where:
    if isinstance(where, np.ndarray) and where.ndim == 2:
        if where.shape != (frame.height, frame.width):
            raise InputError(
                f"a mask of {where.shape[1]}×{where.shape[0]} pixels does not fit a picture of "
                f"{frame.width}×{frame.height}; give one of the picture's own size."
            )
        return where.astype(bool, copy=False)
    if np.shape(where) != (4,) or not (where[0] < where[2] and where[1] < where[3]):
        raise InputError(
            f"the box {where} is empty; give left, top, right and bottom in pixels of the picture."
        )
    return where
