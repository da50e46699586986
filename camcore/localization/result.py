"""How well maps localise: one row a picture, and the figures over all of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from camcore.csv_cells import without_formulas
from camcore.localization.boxes import Box

ENOUGH = 0.5
"""IoU from which on an object counts as found (ILSVRC: Russakovsky et al. 2015)."""


@dataclass(frozen=True)
class Located:
    """One picture with true boxes.

    Attributes
    ----------
    path : str
        Relative to the folder.
    label : str
        The label that is judged; "" where no label stands for a class of the model.
    predicted : str
        The predicted class; "" where nothing could be judged.
    probability : float or None
        Of the predicted class.
    right : bool or None
        Whether the label stands for the predicted class.
    box : tuple of int, or None
        From the map of the predicted class; None without positive evidence.
    iou : float or None
        With the true box that it overlaps best; 0 without a box; None where nothing was judged.
    true : Box or None
        That true box; without a box of the map, the first.
    known_iou : float or None
        The same for the map of the true class; None without a label.
    note : str
        Why there is no box, or why nothing was judged.
    """

    path: str
    label: str = ""
    predicted: str = ""
    probability: float | None = None
    right: bool | None = None
    box: tuple[int, int, int, int] | None = None
    iou: float | None = None
    true: Box | None = None
    known_iou: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Localization:
    """Weakly supervised localisation over a folder.

    Attributes
    ----------
    rows : tuple of Located
        Every picture with true boxes, sorted by path; those that could not be judged say why.
    model, layer, method : str
    threshold : float
        Share of the maximum from which on a map counts as the object.
    notes : tuple of str
        What was left out and why.

    Examples
    --------
    >>> rows = (
    ...     Located("1.png", "cat", "cat", 0.9, True, (0, 0, 4, 4), 0.6, (0, 0, 4, 7), 0.6),
    ...     Located("2.png", "cat", "dog", 0.7, False, (0, 0, 2, 2), 0.8, (0, 0, 2, 2), 0.2),
    ...     Located("3.png", note="3.png is empty"),
    ... )
    >>> found = Localization(rows, "m", "conv", "cam", 0.2, ())
    >>> found.judged, found.top1, found.accuracy, found.known, found.mean_iou
    (2, 0.5, 0.5, 0.5, 0.7)
    """

    rows: tuple[Located, ...]
    model: str
    layer: str
    method: str
    threshold: float
    notes: tuple[str, ...]

    @property
    def judged(self) -> int:
        """How many pictures the figures are over."""
        return sum(row.iou is not None for row in self.rows)

    @property
    def without_evidence(self) -> int:
        """How many of them have no positive evidence for the predicted class, and IoU 0."""
        return sum(row.iou is not None and row.box is None for row in self.rows)

    @property
    def top1(self) -> float | None:
        """Share of pictures whose predicted class is right; None without labels."""
        return _mean(row.right for row in self.rows)

    @property
    def accuracy(self) -> float | None:
        """Localisation accuracy: the class is right, and IoU >= 0.5; None without labels."""
        return _mean(
            None if row.right is None or row.iou is None else row.right and row.iou >= ENOUGH
            for row in self.rows
        )

    @property
    def known(self) -> float | None:
        """GT-known accuracy: IoU >= 0.5 of the map of the true class; None without labels."""
        return _mean(
            None if row.known_iou is None else row.known_iou >= ENOUGH for row in self.rows
        )

    @property
    def mean_iou(self) -> float | None:
        """Over the maps of the predicted class; None where no picture could be judged."""
        return _mean(row.iou for row in self.rows)

    def table(self) -> pd.DataFrame:
        """One row a picture.

        Its columns are path, label, predicted, probability, right, x0, y0, x1, y1 (the box of the
        map), iou, true_x0, true_y0, true_x1, true_y1, known_iou, note.
        """
        table = pd.DataFrame(
            [vars(row) for row in self.rows], columns=list(Located.__annotations__)
        )
        for column, prefix in (("box", ""), ("true", "true_")):
            place = table.columns.get_loc(column)
            boxes = table.pop(column)
            for number, edge in enumerate(("x0", "y0", "x1", "y1")):
                values = [None if box is None else box[number] for box in boxes]
                kind = "Int64" if column == "box" else "Float64"
                table.insert(place + number, prefix + edge, pd.array(values, dtype=kind))
        return table

    def csv(self) -> str:
        """The table as CSV; what is not known is an empty cell."""
        table = without_formulas(self.table())
        text: str = table.to_csv(index=False, float_format="%.6g", lineterminator="\n")
        return text


def _mean(values: Iterable[float | None]) -> float | None:
    known = [float(value) for value in values if value is not None]
    return sum(known) / len(known) if known else None
