"""The columns of a comparison: what each number is, and how it is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Column:
    """One number of a row.

    Attributes
    ----------
    name, title : str
        Its name in files, and its name shown to people.
    about : str
        What it says, with its range and the better direction where there is one.
    format : str
        As after the colon of a format string.
    group : {"agreement", "faithfulness", "box", "cost"}

    Examples
    --------
    >>> format(0.12345, COLUMNS["adcc"].format)
    '0.123'
    """

    name: str
    title: str
    about: str
    format: str
    group: Literal["agreement", "faithfulness", "box", "cost"]


def _agreement(key: str, title: str) -> tuple[Column, ...]:
    same = f"{title} of the same layer and class"
    return (
        Column(
            f"pearson_{key}", f"r, {title}", f"Pearson correlation with {same}: 1 is the same map.",
            ".3f", "agreement",
        ),
        Column(
            f"spearman_{key}", f"ρ, {title}",
            f"Spearman rank correlation with {same}: 1 is the same order of cells.",
            ".3f", "agreement",
        ),
        Column(
            f"iou_{key}", f"IoU, {title}",
            f"Overlap of the regions at or above 20 % of the maximum with {same}, 0 to 1.",
            ".3f", "agreement",
        ),
    )  # fmt: skip


COLUMNS = {
    column.name: column
    for column in (
        *_agreement("cam", "CAM"),
        *_agreement("grad_cam", "Grad-CAM"),
        Column(
            "drop", "Drop",
            "Share of the class probability that is lost when only what the map shows is kept; "
            "lower is better.",
            ".3f", "faithfulness",
        ),
        Column(
            "increase", "Increase",
            "1 where the class becomes more probable when only what the map shows is kept.",
            ".0f", "faithfulness",
        ),
        Column(
            "coherency", "Coherency",
            "How alike the map stays when only what it shows is kept, 0 to 1; higher is better.",
            ".3f", "faithfulness",
        ),
        Column(
            "complexity", "Complexity",
            "Mean of the map, 0 to 1; lower says the same with less.",
            ".3f", "faithfulness",
        ),
        Column(
            "adcc", "ADCC",
            "Harmonic mean of coherency, 1 - complexity and 1 - drop (Poppi et al. 2021), 0 to 1; "
            "higher is better.",
            ".3f", "faithfulness",
        ),
        Column(
            "deletion", "Deletion",
            "Area under the class probability while the pixels go, the map's highest first "
            "(Petsiuk et al. 2018); lower is better.",
            ".3f", "faithfulness",
        ),
        Column(
            "insertion", "Insertion",
            "Area under the class probability while the pixels come, the map's highest first; "
            "higher is better.",
            ".3f", "faithfulness",
        ),
        Column(
            "share", "Share in box", "Share of the positive evidence inside the true box, 0 to 1.",
            ".3f", "box",
        ),
        Column(
            "area", "Area of box",
            "The box's own share of what the model saw: the share that a flat map would reach.",
            ".3f", "box",
        ),
        Column(
            "lift", "Lift", "Share divided by area: 1 is no better than a flat map.", ".2f", "box"
        ),
        Column(
            "pointing", "Hit", "1 where the map's maximum lies inside the true box.", ".0f", "box"
        ),
        Column(
            "box_iou", "Box IoU",
            "Overlap of the map's box (largest region at or above 20 % of the maximum) with the "
            "true box; 0.5 counts as found.",
            ".3f", "box",
        ),
        Column(
            "passes", "Passes",
            "Forward passes beside the first one; of the network behind the layer for Recipro-CAM "
            "and Ablation-CAM.",
            ".0f", "cost",
        ),
        Column(
            "seconds", "Seconds",
            "From the picture to the map with a model that has answered before; the better of two, "
            "or the one run of a method of many passes.",
            ".3f", "cost",
        ),
    )
}  # fmt: skip
"""By name, in the order of the table."""
