"""Single pictures with what belongs below them: overlays of a gallery, the four of a swap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from camcore.auditing.figures.maps import inside
from camcore.auditing.runs.findings import Finding
from camcore.auditing.runs.run import Run
from camcore.drawing.overlay import overlay, png
from camcore.errors import CamcoreError
from camcore.heatmap import Heatmap

if TYPE_CHECKING:
    from camcore.auditing.interventions.replay import Swap

_ALPHA = 0.45
_LOOKED_AT = 1000  # images of a class that are searched for a place in their maps


@dataclass(frozen=True, eq=False)
class Tile:
    """One picture and the words below it.

    Attributes
    ----------
    image : int
        Its id in the run.
    title : str
        Its file, or its part in a swap.
    pixels : ndarray or None
        Shape (H, W, 3), uint8, what the model sees; None where the file is gone.
    predicted : str
        Empty where it is not known.
    margin : float
        Log-odds of the finding's class; NaN where it is not known.
    note : str
        What else is to be said, such as why there is no picture.
    alt : str
        The text alternative.
    """

    image: int
    title: str
    pixels: np.ndarray | None
    predicted: str
    margin: float
    note: str
    alt: str

    @property
    def caption(self) -> str:
        """One line: prediction, log-odds and note, as far as they are known."""
        predicted = f"predicted {self.predicted}" if self.predicted else ""
        odds = f"log-odds {signed(self.margin)}" if np.isfinite(self.margin) else ""
        return ", ".join(part for part in (predicted, odds, self.note) if part)

    def png(self) -> bytes | None:
        """The picture as a PNG file."""
        return None if self.pixels is None else png(self.pixels)


def signed(value: float) -> str:
    """One decimal with its sign; a true minus, which no line breaks after.

    Examples
    --------
    >>> signed(-2.04), signed(0.3), signed(-0.01)
    ('−2.0', '+0.3', '0.0')
    """
    text = f"{value:+.1f}".replace("-", "−")
    return "0.0" if text[1:] == "0.0" else text


def gallery(run: Run, finding: Finding, count: int = 8) -> tuple[Tile, ...]:
    """The images that show a finding most, each under its map for its own class.

    Parameters
    ----------
    run : Run
    finding : Finding
    count : int
        Most images.

    Returns
    -------
    tuple of Tile
        Strongest first. Files that are gone by now have no pixels and say so. For a part that
        moves: its crops, see `contact_sheet`.
    """
    if finding.part is not None:
        return contact_sheet(run, finding, count)
    ids = shown_by(run, finding)[:count]
    rows = run.images.loc[list(ids)]
    return tuple(
        _overlaid(run, int(image_id), raw, row)
        for image_id, raw, (_, row) in zip(ids, run.maps(list(ids)), rows.iterrows(), strict=True)
    )


def contact_sheet(run: Run, finding: Finding, count: int = 8) -> tuple[Tile, ...]:
    """The crops of a part that moves, from the images that show most of it.

    Parameters
    ----------
    run : Run
    finding : Finding
        One with a `Finding.part`.
    count : int
        Most crops.
    """
    assert finding.part is not None
    tiles = []
    for image, top, left, bottom, right in finding.part["windows"][:count]:
        row = run.images.loc[image]
        predicted = run.class_names[row["predicted"]] if row["predicted"] >= 0 else "another class"
        identity = image, str(row["path"])
        try:
            pixels = _rgb(run.seen(image))
        except CamcoreError as error:
            note = "the file can no longer be read"
            tiles.append(
                Tile(*identity, None, predicted, float(row["margin"]), note, f"No picture: {error}")
            )
            continue
        height, width = pixels.shape[:2]
        across, down = 50 * (left + right) / width, 50 * (top + bottom) / height
        note = f"{across:.0f} % from the left, {down:.0f} % from the top"
        alt = f"{row['path']}: the part, {note}"
        crop = pixels[top:bottom, left:right]
        tiles.append(Tile(*identity, crop, predicted, float(row["margin"]), note, alt))
    return tuple(tiles)


def shown_by(run: Run, finding: Finding) -> tuple[int, ...]:
    """Ids of the images that show a finding, strongest first.

    Where no intervention has ranked them: for a place, images of the class by the share of their
    evidence there; for a property, from the end that speaks for the class.
    """
    if finding.images:
        return finding.images
    images, klass = run.images, run.class_names.index(finding.class_name)
    of_class = images[(images["klass"] == klass) & (images["error"] == "")]
    if finding.region is not None:
        few = of_class.index[:_LOOKED_AT].to_numpy()
        positive = np.maximum(np.nan_to_num(run.maps(few)), 0)
        there = positive[:, inside(finding.region, *run.grid, run.frame)].sum(axis=1)
        total = positive.sum(axis=(1, 2))
        shares = np.divide(there, total, out=np.zeros_like(there), where=total > 0)
        return tuple(int(image_id) for image_id in few[np.argsort(-shares, kind="stable")])
    if finding.property is None or finding.property not in of_class:
        return tuple(
            int(image_id) for image_id in of_class.sort_values("margin", ascending=False).index
        )
    table = run.evidence("association")
    same = (table["class"] == klass) & (table["property"] == finding.property)
    upwards = bool((table.loc[same, "direction"] > 0).all())
    return tuple(
        int(image_id)
        for image_id in of_class.sort_values(finding.property, ascending=not upwards).index
    )


def swap_strip(swap: Swap, class_name: str) -> tuple[Tile, Tile, Tile, Tile]:
    """The recipient before and after it took the cue, the donor, and the control.

    Parameters
    ----------
    swap : Swap
    class_name : str
        The class that the cue speaks for.
    """
    unknown = float("nan")
    parts = (
        ("Before", swap.recipient, swap.before, swap.margin_before, f"image {swap.recipient_id}"),
        ("Donor", swap.donor, "", unknown, f"image {swap.donor_id}, of {class_name}"),
        (
            "With the donor's cue",
            swap.edited,
            swap.after,
            swap.margin_edited,
            f"from image {swap.donor_id}",
        ),
        (
            "Control",
            swap.controlled,
            swap.after_control,
            swap.margin_controlled,
            f"the same from image {swap.control_id}, of its own class",
        ),
    )
    before, donor, edited, controlled = (
        Tile(
            swap.donor_id if title == "Donor" else swap.recipient_id,
            title,
            _rgb(pixels),
            predicted,
            margin,
            note,
            f"{title}, {note}" + (f": predicted {predicted}" if predicted else ""),
        )
        for title, pixels, predicted, margin, note in parts
    )
    return before, donor, edited, controlled


def _overlaid(run: Run, image: int, raw: np.ndarray, row: pd.Series) -> Tile:
    predicted = run.class_names[row["predicted"]] if row["predicted"] >= 0 else "another class"
    identity = image, str(row["path"])
    known = predicted, float(row["margin"])
    try:
        pixels = _rgb(run.seen(image))
    except CamcoreError as error:
        return Tile(
            *identity, None, *known, "the file can no longer be read", f"No picture: {error}"
        )
    if not np.isfinite(raw).all():
        return Tile(*identity, pixels, *known, "no map", f"{row['path']}, without a map")
    heatmap = Heatmap(raw, run.frame)
    if heatmap.evidence == "none":
        note = "no positive evidence"
        return Tile(*identity, pixels, *known, note, f"{row['path']}: {note} for its class")
    share, area = heatmap.focus
    alt = (
        f"{row['path']} under its map: {100 * share:.0f} % of the evidence in "
        f"{100 * area:.0f} % of the picture"
    )
    return Tile(*identity, overlay(pixels, heatmap.upsampled(), alpha=_ALPHA), *known, "", alt)


def _rgb(pixels: np.ndarray) -> np.ndarray:
    return np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels
