"""A class activation map as a value: native grid, evidence, scaling, upsampling, box."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from PIL import Image
from scipy import ndimage

from camcore.errors import InputError
from camcore.pictures.preprocessing import Frame

Evidence = Literal["positive", "none"]
SCALINGS = {
    "relu": "negative values cut, divided by the maximum",
    "min-max": "minimum to maximum stretched over 0 to 1",
}
INTERPOLATIONS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
}
_ROUNDING = 1e-9  # of a cell
_BOX_SIDE = 1024  # a box needs no finer grid, and photos of many megapixels stay quick


@dataclass(frozen=True, eq=False)
class Heatmap:
    """A map on its native grid.

    Attributes
    ----------
    raw : ndarray, shape (h, w), float32
        Before ReLU and scaling; always finite.
    frame : Frame
        The rectangle of the source picture that the grid covers.
    scaling : {"relu", "min-max"}

    Examples
    --------
    >>> from camcore.pictures.preprocessing import frame_of
    >>> raw = np.array([[-1.0, 0.0], [1.0, 4.0]], np.float32)
    >>> heatmap = Heatmap(raw, frame_of(8, 8, 8, 8, "stretch"))
    >>> heatmap.values.tolist(), heatmap.evidence
    ([[0.0, 0.0], [0.25, 1.0]], 'positive')
    >>> Heatmap(-raw * 0, heatmap.frame).evidence
    'none'
    """

    raw: np.ndarray
    frame: Frame
    scaling: str = "relu"

    def __post_init__(self) -> None:
        if self.scaling not in SCALINGS:
            raise InputError(
                f"scaling={self.scaling!r} is not known; choose one of {', '.join(SCALINGS)}."
            )
        limit = float(np.finfo(np.float32).max)
        raw = np.nan_to_num(np.asarray(self.raw, np.float32), nan=0.0, posinf=limit, neginf=-limit)
        raw.flags.writeable = False
        object.__setattr__(self, "raw", raw)

    @cached_property
    def evidence(self) -> Evidence:
        """``positive`` where any cell speaks for the target, else ``none``."""
        return "positive" if self.raw.max() > 0 else "none"

    @cached_property
    def values(self) -> np.ndarray:
        """The map in 0..1, shape (h, w) float32; all zeros where there is no positive evidence."""
        if self.evidence == "none":
            return np.zeros_like(self.raw)
        wide = self.raw.astype(np.float64)  # a difference of two large float32 may overflow
        low = wide.min() if self.scaling == "min-max" else 0.0
        spread = wide.max() - low
        if spread <= 0:  # a constant positive map: min-max has nothing to stretch
            return np.ones_like(self.raw)
        scaled: np.ndarray = np.clip((wide - low) / spread, 0.0, 1.0).astype(np.float32)
        return scaled

    @property
    def raw_range(self) -> tuple[float, float]:
        """Lowest and highest value before ReLU and scaling."""
        return float(self.raw.min()), float(self.raw.max())

    @cached_property
    def focus(self) -> tuple[float, float]:
        """Share of the evidence in the cells at or above half the maximum, and their area share.

        Evidence is what is positive, whatever the scaling.
        """
        if self.evidence == "none":
            return 0.0, 0.0
        positive = np.maximum(self.raw, 0).astype(np.float64)
        hot = positive >= positive.max() / 2
        return float(positive[hot].sum() / positive.sum()), float(hot.mean())

    def upsampled(
        self, interpolation: str = "bilinear", size: tuple[int, int] | None = None
    ) -> np.ndarray:
        """The map on the pixels of the source picture.

        Parameters
        ----------
        interpolation : {"nearest", "bilinear", "bicubic"}
            Half-pixel centres; bicubic is clipped to 0..1 and smooths without adding information.
        size : tuple of int, optional
            Height and width of the result when it should not be the source picture's own.

        Returns
        -------
        ndarray, shape (H, W), float32 in 0..1; 0 where the model saw nothing.

        Raises
        ------
        InputError
            If `interpolation` is unknown.
        """
        values: np.ndarray = np.clip(
            on_picture(self.values, self.frame, size, interpolation), 0.0, 1.0
        )
        return values

    def seen(self, size: tuple[int, int] | None = None) -> np.ndarray:
        """Which source pixels the model saw, shape (H, W) bool."""
        outline: np.ndarray = on_picture(np.ones_like(self.raw), self.frame, size, "nearest") > 0
        return outline

    def box(self, threshold: float = 0.2) -> tuple[int, int, int, int] | None:
        """Box of the largest connected region at or above `threshold` times the maximum.

        Weakly supervised localisation as in Zhou et al. 2016 (20 % of the maximum).

        Returns
        -------
        tuple (x0, y0, x1, y1) in source pixels, ends exclusive, or None without evidence on the
        picture.
        """
        if self.evidence == "none":
            return None
        frame = self.frame
        shrink = min(1.0, _BOX_SIDE / max(frame.width, frame.height))
        size = max(1, round(frame.height * shrink)), max(1, round(frame.width * shrink))
        smooth = self.upsampled("bilinear", size)
        if not smooth.any():  # all of it lies on the bars beside the picture
            return None
        labels, count = ndimage.label(smooth >= threshold * smooth.max())
        largest = 1 + int(np.argmax(np.bincount(labels.ravel(), minlength=count + 1)[1:]))
        rows, columns = ndimage.find_objects(labels)[largest - 1]
        fy, fx = frame.height / size[0], frame.width / size[1]
        return (
            round(columns.start * fx),
            round(rows.start * fy),
            round(columns.stop * fx),
            round(rows.stop * fy),
        )


def on_picture(
    values: np.ndarray,
    frame: Frame,
    size: tuple[int, int] | None = None,
    interpolation: str = "bilinear",
) -> np.ndarray:
    """The cells of a grid laid over its picture.

    Parameters
    ----------
    values : ndarray, shape (h, w), float32
    frame : Frame
        Where they lie.
    size : tuple of int, optional
        Height and width of the result when it should not be the picture's own.
    interpolation : {"nearest", "bilinear", "bicubic"}
        Half-pixel centres, edges held.

    Returns
    -------
    ndarray, shape (H, W), float32; 0 where the grid says nothing.

    Raises
    ------
    InputError
        If `interpolation` is unknown.

    Examples
    --------
    >>> right = Frame(2.0, 0.0, 4.0, 1.0, 4, 1)
    >>> on_picture(np.array([[1.0, 3.0]], np.float32), right).tolist()
    [[0.0, 0.0, 1.0, 3.0]]
    """
    if interpolation not in INTERPOLATIONS:
        choices = ", ".join(INTERPOLATIONS)
        raise InputError(f"interpolation={interpolation!r} is not known; choose {choices}.")
    height, width = size or (frame.height, frame.width)
    sx, sy = width / frame.width, height / frame.height
    edges = frame.reach or (frame.x0, frame.y0, frame.x1, frame.y1)
    left, top = max(0.0, edges[0]), max(0.0, edges[1])
    right, bottom = min(float(frame.width), edges[2]), min(float(frame.height), edges[3])
    x0, x1 = round(left * sx), round(right * sx)
    y0, y1 = round(top * sy), round(bottom * sy)
    rows, columns = values.shape
    wide, high = (frame.x1 - frame.x0) / columns, (frame.y1 - frame.y0) / rows
    part = np.array([  # in cells: what lies on the picture
        (left - frame.x0) / wide, (top - frame.y0) / high,
        (right - frame.x0) / wide, (bottom - frame.y0) / high,
    ])  # fmt: skip
    beyond = np.ceil(np.array([0, 0, -columns, -rows]) + part * [-1, -1, 1, 1] - _ROUNDING)
    before_x, before_y, after_x, after_y = np.maximum(beyond, 0).astype(int)
    cells = np.pad(values, ((before_y, after_y), (before_x, after_x)), mode="edge")
    part += [before_x, before_y, before_x, before_y]
    part = np.clip(part, 0, [*cells.shape[::-1], *cells.shape[::-1]])
    inside = Image.fromarray(np.ascontiguousarray(cells)).resize(
        (max(1, x1 - x0), max(1, y1 - y0)), INTERPOLATIONS[interpolation], box=tuple(part)
    )
    full = np.zeros((height, width), np.float32)
    full[y0:y1, x0:x1] = np.asarray(inside)[: y1 - y0, : x1 - x0]
    return full
