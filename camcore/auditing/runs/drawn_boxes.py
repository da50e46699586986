"""Boxes around objects that a person gave for some pictures of a run; kept with it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence

from camcore.auditing.runs.run import Run
from camcore.auditing.runs.schema import BOXES, read_checked
from camcore.errors import InputError
from camcore.localization.boxes import Box, TrueBox, checked, four_numbers
from camcore.localization.pairing import pair
from camcore.localization.reading import Boxes

STAGE = "boxed"
"""Stage of the trials that are made among pictures whose objects are known."""

_PATIENCE = 20.0  # seconds to wait for another writer
_NAMED = 3  # pictures that a note names


def drawn_boxes(run: Run) -> dict[int, tuple[Box, ...]]:
    """The boxes that a person gave, by the image's id, in pixels of its file."""
    kept = read_checked(run.store, BOXES) or {}
    return {
        int(image): tuple(four_numbers(box) for box in boxes)
        for image, boxes in kept.get("boxes", {}).items()
    }


def boxes_notes(run: Run) -> tuple[str, ...]:
    """What was left out of the boxes that were given last, and why."""
    return tuple((read_checked(run.store, BOXES) or {}).get("notes", ()))


def keep_boxes(
    run: Run, boxes: Mapping[int, Sequence[Sequence[float]]], notes: Sequence[str] = ()
) -> None:
    """Keep boxes with a run, beside those of other pictures, until it is judged again by them.

    Trials that were made by other boxes are removed: the same audit, started again, makes them
    anew and judges by them.

    Parameters
    ----------
    run : Run
        Whose images have been scanned.
    boxes : mapping of int to sequence of box
        All boxes of an image, by its id; (x0, y0, x1, y1) in pixels of its file, ends exclusive. An
        image with none loses those that it had.
    notes : sequence of str

    Raises
    ------
    InputError
        If an image is not in the run, or a box is empty or lies outside of its picture.
    StoreError
        If another process works on the run, or it cannot be written.
    """
    images = run.images
    fitting = {}
    for image, given in boxes.items():
        if image not in images.index:
            raise InputError(f"the run has no image {image}; give ids from its images.csv.")
        size = int(images.at[image, "width"]), int(images.at[image, "height"])
        fitting[image] = tuple(checked(four_numbers(box), size) for box in given)
    with run.store.locked(_PATIENCE):
        before = drawn_boxes(run)
        now = {image: kept for image, kept in (before | fitting).items() if kept}
        if now == before and tuple(notes) == boxes_notes(run):
            return
        if now != before:  # first, so that no trial is ever taken for one by other boxes
            shutil.rmtree(run.folder / "trials" / STAGE, ignore_errors=True)
        run.store.write_json(
            BOXES,
            {"boxes": {str(image): now[image] for image in sorted(now)}, "notes": list(notes)},
        )


def keep_boxes_of(run: Run, boxes: Boxes, name: str | os.PathLike[str]) -> None:
    """Keep the boxes of a file that name pictures of a run; what it cannot use becomes a note.

    All boxes of a picture are its object, whatever their labels.

    Raises
    ------
    InputError
        If none of them lies on a picture of the run.
    StoreError
    """
    readable = run.images[run.images["error"] == ""]
    pairs = pair(boxes.boxes, readable["path"].tolist())
    ids = dict(zip(readable["path"], readable.index, strict=True))
    by_image: dict[int, list[Box]] = {}
    outside: list[str] = []
    for path, true_boxes in pairs.boxes.items():
        image = int(ids[path])
        size = int(readable.at[image, "width"]), int(readable.at[image, "height"])
        try:
            by_image[image] = [_fitting(true_box, size) for true_box in true_boxes]
        except InputError:
            outside.append(path)
    if not by_image:
        raise InputError(
            f"no box of {os.fspath(name)} lies on a picture of this audit; its column path must "
            "name them as images.csv of the run does."
        )
    notes = list(boxes.notes)
    for lost, why in (
        (pairs.lost, "no picture of this audit goes by"),
        (pairs.unclear, "several pictures go by"),
        (outside, "not within the picture are those of"),
    ):
        if lost:
            more = f" and {len(lost) - _NAMED} others" if len(lost) > _NAMED else ""
            notes.append(f"boxes left out: {why} {', '.join(lost[:_NAMED])}{more}")
    keep_boxes(run, by_image, notes)


def _fitting(true_box: TrueBox, size: tuple[int, int]) -> Box:
    if true_box.size not in (None, size):
        raise InputError("it was drawn on a picture of another size")
    return checked(true_box.box, size)
