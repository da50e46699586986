"""Where the evidence of a class activation map lies, in numbers on the map's own grid."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from camcore.pictures.preprocessing import Frame, whole_frame

AREAS: dict[str, float] = {
    "share_ring": 1 - (3 / 4) ** 2,
    "share_corners": 1 / 4,
    "share_top": 1 / 3,
    "share_middle": 1 / 3,
    "share_bottom": 1 / 3,
    "share_left": 1 / 3,
    "share_right": 1 / 3,
}
"""Share of the image that each region takes: a share of the evidence divided by it is the lift.

The ring is the outer eighth of each side, the corners are four squares of a quarter of each
side, and top, middle, bottom, left and right are thirds.
"""


def focus(
    maps: np.ndarray, masks: np.ndarray | None = None, frame: Frame | None = None
) -> dict[str, np.ndarray]:
    r"""Numbers about maps, one row a map.

    Parameters
    ----------
    maps : ndarray, shape (N, h, w), float
        Raw, before ReLU; the evidence is :math:`p = \max(m, 0)`. What is not a number counts as
        none.
    masks : ndarray, shape (N, h, w), float, optional
        Share of each cell that the object covers, 0 to 1; NaN where it is not known.
    frame : Frame, optional
        Where the cells lie in the image; evenly over all of it if None. Cells beside it, as of
        padding, show nothing of the image and count as none.

    Returns
    -------
    dict of str to ndarray, shape (N,)
        ``evidence``: bool, whether any cell is positive. All else is float32, NaN without
        evidence:

        - the names of `AREAS`: share of :math:`\sum p` in that region, cells on its border
          counting by the part that lies inside;
        - ``share_object``: share of :math:`\sum p` on the object, and ``area_object``: share of
          the map that it covers; NaN where there is no mask. The area needs no evidence.
        - ``map_entropy``: :math:`-\sum q \ln q / \ln hw` of :math:`q = p / \sum p`: 0 where one
          cell has it all, 1 where all cells have the same; 0 for a map of one cell;
        - ``centroid_x``, ``centroid_y``: 0 at the left or upper edge, 1 at the other.

    Examples
    --------
    >>> told = focus(np.array([[[0.0, 3.0], [-1.0, 1.0]]]))
    >>> {name: round(float(told[name][0]), 4) for name in ("share_top", "share_ring", "centroid_x")}
    {'share_top': 0.5, 'share_ring': 0.4375, 'centroid_x': 0.75}
    """
    count, height, width = maps.shape
    most = float(np.finfo(np.float32).max)
    wide = np.nan_to_num(maps.astype(np.float64), nan=0.0, posinf=most, neginf=0.0)
    lies = frame or whole_frame(1, 1)
    sizes = cell_sizes(height, width, lies).ravel()
    positive = np.maximum(wide, 0.0).reshape(count, height * width) * (sizes > 0)
    total = positive.sum(axis=1, keepdims=True)
    evidence = total[:, 0] > 0
    share = positive / np.where(evidence[:, None], total, 1.0)
    unknown = np.full(maps.shape, np.nan)
    covered = (unknown if masks is None else masks.astype(np.float64)).reshape(share.shape)

    # einsum, not a matrix product: a map's numbers must not depend on how many come with it.
    sums = np.einsum("wc,nc->wn", _weights(height, width, lies), share)
    numbers = dict(zip((*AREAS, "centroid_x", "centroid_y"), sums, strict=True))
    numbers["map_entropy"] = _entropy(share)
    numbers["share_object"] = (share * covered).sum(axis=1)
    numbers = {name: np.where(evidence, values, np.nan) for name, values in numbers.items()}
    numbers["area_object"] = covered @ (sizes / sizes.sum())
    columns = {name: values.astype(np.float32) for name, values in numbers.items()}
    return {"evidence": evidence} | columns


def cell_sizes(rows: int, columns: int, frame: Frame) -> np.ndarray:
    """Which share of the image each cell of a map speaks for, shape (rows, columns)."""
    down, across = frame.cell_edges(rows, columns)
    return np.outer(np.diff(down), np.diff(across))


def coverage(mask: np.ndarray, rows: int, columns: int, frame: Frame) -> np.ndarray:
    """Which part of each cell a mask covers, every pixel being a square; 0 of cells beside it.

    Parameters
    ----------
    mask : ndarray, shape (H, W), bool
    frame : Frame
        Where the cells lie in the image.

    Returns
    -------
    ndarray, shape (rows, columns), float64 in 0..1

    Examples
    --------
    >>> left = np.arange(4) < 1
    >>> coverage(np.stack([left, left]), 1, 2, whole_frame(4, 2)).tolist()
    [[0.5, 0.0]]
    """
    high, wide = _of_pixels(mask.shape[0], mask.shape[1], rows, columns, frame)
    shares: np.ndarray = high.T @ mask @ wide
    return shares


@lru_cache(maxsize=32)
def _of_pixels(
    height: int, width: int, rows: int, columns: int, frame: Frame
) -> tuple[np.ndarray, np.ndarray]:
    """Part of each cell that lies in each row and column of pixels, the same for every mask."""
    high, wide = (
        np.stack([_inside(k / pixels, (k + 1) / pixels, edges) for k in range(pixels)])
        for pixels, edges in zip((height, width), frame.cell_edges(rows, columns), strict=True)
    )
    return high, wide


def _entropy(share: np.ndarray) -> np.ndarray:
    logs = np.log(share, out=np.zeros_like(share), where=share > 0)
    most = np.log(max(share.shape[1], 2))
    entropy: np.ndarray = np.maximum(-(share * logs).sum(axis=1) / most, 0.0)
    return entropy


@lru_cache(maxsize=32)
def _weights(height: int, width: int, frame: Frame) -> np.ndarray:
    """What a cell adds to each region of `AREAS`, then to both centroids; (9, height * width)."""
    edges = down, across = frame.cell_edges(height, width)
    all_y, all_x = np.ones(height), np.ones(width)
    inner = np.outer(_inside(1 / 8, 7 / 8, down), _inside(1 / 8, 7 / 8, across))
    outer_y, outer_x = (1 - _inside(1 / 4, 3 / 4, side) for side in edges)
    third_y, third_x = ([_inside(k / 3, (k + 1) / 3, side) for k in range(3)] for side in edges)
    centre_y, centre_x = ((side[1:] + side[:-1]) / 2 for side in edges)
    planes = (
        1 - inner,
        np.outer(outer_y, outer_x),
        np.outer(third_y[0], all_x),
        np.outer(third_y[1], all_x),
        np.outer(third_y[2], all_x),
        np.outer(all_y, third_x[0]),
        np.outer(all_y, third_x[2]),
        np.outer(all_y, centre_x),
        np.outer(centre_y, all_x),
    )
    return np.stack([plane.ravel() for plane in planes])


def _inside(start: float, end: float, edges: np.ndarray) -> np.ndarray:
    """Part of each cell of a side that lies between two fractions of the side; 0 of empty ones."""
    overlap = np.minimum(end, edges[1:]) - np.maximum(start, edges[:-1])
    sizes = np.diff(edges)
    inside: np.ndarray = np.clip(overlap / np.where(sizes > 0, sizes, 1.0), 0.0, 1.0) * (sizes > 0)
    return inside
