"""Where a component peaks: windows of pixels, one a picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from camcore.auditing.edits.regions import middle_of
from camcore.pictures.preprocessing import Frame

SHARE = 2 / 7
"""Of the picture's side: windows at the layer whose maps are audited."""

FINE = 3 / 14
"""The same at a finer layer."""


@dataclass(frozen=True, eq=False)
class Windows:
    """One component's peak in each picture.

    Attributes
    ----------
    boxes : ndarray, shape (N, 4), int
        Top, left, bottom, right in pixels of what the model sees; all of one size.
    presence : ndarray, shape (N,), float32
        Mean of the component inside the window.
    """

    boxes: np.ndarray
    presence: np.ndarray


def windows(maps: np.ndarray, frame: Frame, share: float) -> Windows:
    """The window of each map that holds most of it.

    Parameters
    ----------
    maps : ndarray, shape (N, h, w)
        None negative.
    frame : Frame
        Where they lie in the pictures that the model sees.
    share : float
        The window's side as a share of the picture's, 0 to 1.

    Examples
    --------
    >>> maps = np.zeros((1, 7, 7))
    >>> maps[0, 2:4, 4:6] = 1
    >>> found = windows(maps, Frame(0, 0, 70, 70, 70, 70), SHARE)
    >>> found.boxes.tolist(), found.presence.tolist()
    ([[20, 40, 40, 60]], [1.0])
    >>> windows(maps, Frame(-35, -35, 35, 35, 70, 70), SHARE).boxes.tolist()
    [[0, 5, 20, 25]]
    """
    picture = np.array([frame.height, frame.width])
    first = np.array([frame.y0, frame.x0])
    cell = (np.array([frame.y1, frame.x1]) - first) / maps.shape[1:]
    cells = np.clip(np.rint(share * picture / cell).astype(int), 1, maps.shape[1:])
    sums = _window_means(maps.astype(np.float64), *cells)
    places = sums.reshape(len(sums), -1).argmax(axis=1)
    corners = np.stack(np.divmod(places, sums.shape[2]), axis=1)
    sizes = np.clip(np.rint(cells * cell).astype(int), 1, picture)
    starts = np.clip(np.rint(first + corners * cell).astype(int), 0, picture - sizes)
    most = sums.reshape(len(sums), -1).max(axis=1)
    return Windows(np.concatenate([starts, starts + sizes], axis=1), most.astype(np.float32))


def _window_means(maps: np.ndarray, down: int, across: int) -> np.ndarray:
    total = np.pad(maps.cumsum(axis=1).cumsum(axis=2), ((0, 0), (1, 0), (1, 0)))
    sums = total[:, down:, across:] - total[:, :-down, across:]
    sums = sums - total[:, down:, :-across] + total[:, :-down, :-across]
    means: np.ndarray = sums / (down * across)
    return means


def scatter(boxes: np.ndarray, height: int, width: int) -> float:
    """How far the windows lie apart, against windows at random places: 0 at one place, 1 anywhere.

    Parameters
    ----------
    boxes : ndarray, shape (N, 4), int
    height, width : int

    Examples
    --------
    >>> scatter(np.array([[0, 0, 4, 4], [0, 0, 4, 4]]), 16, 16)
    0.0
    """
    room = np.array([height, width]) - (boxes[0, 2:] - boxes[0, :2])
    uniform = (room**2 / 12).sum()
    spread = boxes[:, :2].var(axis=0).sum()
    return float(min(np.sqrt(spread / uniform), 1.0)) if uniform > 0 else 0.0


def central(boxes: np.ndarray, height: int, width: int) -> float:
    """Share of the windows that lie wholly in the middle of the picture, 0 to 1.

    Parameters
    ----------
    boxes : ndarray, shape (N, 4), int
    height, width : int

    Examples
    --------
    >>> central(np.array([[6, 6, 10, 10], [0, 0, 4, 4]]), 16, 16)
    0.5
    """
    inside = middle_of(height, width)
    wholly = [inside[top:bottom, left:right].all() for top, left, bottom, right in boxes]
    return float(np.mean(wholly))
