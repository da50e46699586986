"""Localisation over a folder: each picture's map, its box, and the true box that it overlaps."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from camcore.classifier import Classifier
from camcore.engine.engine import Engine
from camcore.errors import ImageError, InputError
from camcore.explanation import Explanation, Prediction
from camcore.localization.boxes import Box, TrueBox, best_iou, checked
from camcore.localization.pairing import pair
from camcore.localization.reading import Boxes
from camcore.localization.result import Localization, Located
from camcore.pictures.picture import Picture, read_image
from camcore.sources.ahead import ahead
from camcore.sources.listing import counted, levels, list_pictures
from camcore.sources.matching import by_mapping, by_name, none_found
from camcore.sources.splits import choose_splits, lay_out, splits_of
from camcore.sources.splits import told as told_of_splits
from camcore.storage.place import Place, place_of, readers

_NAMED = 5

Labelled = dict[str, list[TrueBox]]


def localize(
    engine: Engine,
    model: Classifier,
    folder: str | os.PathLike[str],
    boxes: Boxes,
    *,
    layer: str | None = None,
    method: str = "grad-cam",
    threshold: float = 0.2,
    fit: str | None = None,
    preprocessing: str | None = None,
    mapping: Mapping[str, Sequence[int]] | None = None,
    split: str | None = None,
    stretch: str = "none",
    progress: Callable[[int, int], None] | None = None,
) -> Localization:
    """Measure how well the maps of a model localise what it was never shown the place of.

    The map of the predicted class is cut at a share of its maximum; the box of the largest
    connected part is compared with the true boxes (Zhou et al., CVPR 2016, arXiv:1512.04150). A
    box's label is its own, or else the class folder of its picture. Of several labels in one
    picture the one that the model scores highest is judged, with its boxes. Where no label stands
    for a class of the model, the boxes are compared all the same, and nothing is said of classes.

    Parameters
    ----------
    engine : Engine
    model : Classifier
    folder : path
        Pictures, in class folders or not; or the address of a folder.
    boxes : Boxes
        As from `read_boxes`.
    layer, method, fit, preprocessing
        As for `camcore.Engine.explain`.
    threshold : float
        Share of the maximum, above 0 and at most 1.
    mapping : mapping of str to sequence of int, optional
        The classes that each label stands for, as from `camcore.sources.matching.read_mapping`;
        by name or index if not given.
    split : str, optional
        Which of several splits is judged, of those that have boxes; see
        `camcore.sources.splits.choose_splits`.
    stretch : str
        As for `camcore.read_image`.
    progress : callable, optional
        Called with the pictures done and their number; it may raise to stop.

    Raises
    ------
    InputError
        If the folder cannot be read, no box belongs to a picture in it, the mapping names no
        label, the model predicts numbers, or an option is unknown.
    MethodError
        If the method needs what this model does not have.

    Examples
    --------
    >>> import tempfile, camcore
    >>> from pathlib import Path
    >>> from camcore.making.scenes import write_scenes
    >>> from camcore.localization.reading import read_boxes
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = write_scenes("laboratory", 2, 0, folder / "scenes", size=128)
    >>> tank = sorted(file.name for file in (folder / "scenes" / "tank").iterdir())[0]
    >>> file = folder / "boxes.csv"
    >>> _ = file.write_text(f"path,x0,y0,x1,y1\\n{tank},20,50,110,110\\n")
    >>> model = camcore.load_model("tank-detector")
    >>> found = localize(camcore.Engine(), model, folder / "scenes", read_boxes(file))
    >>> found.judged, found.rows[0].label
    (1, 'tank')
    """
    if not 0 < threshold <= 1:
        raise InputError(f"threshold {threshold:g} is no share; give one above 0, at most 1.")
    if model.output_kind == "regression":
        raise InputError(
            f"{model.name} predicts numbers, and localisation is measured for classifiers; choose "
            "another output, or say how this one is to be read."
        )
    root, labelled, notes = _paired(place_of(folder), boxes, split)
    counts = Counter(label for labels in labelled.values() for label in labels)
    columns, about = _columns(counts, model, mapping)
    if columns:
        labelled = {
            path: {label: true_boxes for label, true_boxes in labels.items() if label in columns}
            for path, labels in labelled.items()
        }
        labelled = {path: labels for path, labels in labelled.items() if labels}
    run = _Run(
        engine, model, threshold, columns,
        {"layer": layer, "preprocessing": preprocessing, "fit": fit}, method,
    )  # fmt: skip
    rows = []
    with ThreadPoolExecutor(readers(root)) as threads:
        tasks = (partial(_read, root / path, stretch) for path in labelled)
        pictures = ahead(threads, tasks, most=2 * readers(root))
        for (path, labels), picture in zip(labelled.items(), pictures, strict=True):
            rows.append(run.located(path, picture, labels))
            if progress is not None:
                progress(len(rows), len(labelled))
    return Localization(
        tuple(rows),
        model.name,
        layer or model.default_layer,
        method,
        threshold,
        (*boxes.notes, *notes, *about),
    )


def _paired(
    folder: Place, boxes: Boxes, split: str | None
) -> tuple[Place, dict[str, Labelled], list[str]]:
    """The boxes of each picture by label, sorted by path, and what has no counterpart."""
    try:
        is_folder = folder.is_dir()
    except OSError as error:
        raise InputError(f"{folder} cannot be read ({error.strerror}).") from None
    if not is_folder:
        raise InputError(f"{folder} is no folder; give a folder of pictures.")
    *_, root = levels(folder)
    listing = list_pictures(root)
    pairs = pair(boxes.boxes, listing.paths)
    if not pairs.boxes:
        named = f"the boxes name {boxes.boxes[0].picture!r}"
        there = f"{folder} holds {sorted(listing.paths)[0]!r}" if listing.paths else "it is empty"
        raise InputError(
            f"no box belongs to a picture in {folder}: {named}, and {there}; give the folder that "
            "the boxes are for."
        )
    layout = lay_out(listing.paths)
    class_of = dict(zip(listing.paths, layout.labels, strict=True))
    split_of = dict(zip(listing.paths, layout.splits, strict=True))
    boxed = sorted(pairs.boxes)
    splits = splits_of(["boxed"] * len(boxed), [split_of[path] for path in boxed])
    chosen = choose_splits(splits, split)
    if len(chosen) < len(splits):
        names = {chosen_split.name for chosen_split in chosen}
        boxed = [path for path in boxed if split_of[path] in names]
    labelled: dict[str, Labelled] = {}
    for path in boxed:
        by_label: Labelled = defaultdict(list)
        for box in pairs.boxes[path]:
            by_label[box.label or class_of[path]].append(box)
        labelled[path] = by_label
    bare = len(listing.paths) - len(pairs.boxes)
    counts = (
        (bare, "picture has", "pictures have", "no true box: left out", ()),
        (len(pairs.lost), "picture", "pictures", "with boxes not in the folder", pairs.lost),
        (
            len(pairs.unclear), "name", "names", "of the box file fit several pictures or share "
            "one: left out", pairs.unclear,
        ),
    )  # fmt: skip
    notes = [
        f"{counted(count, singular, many)} {what}{_listed(names)}"
        for count, singular, many, what, names in counts
        if count
    ]
    if splits:
        notes.insert(0, told_of_splits(splits, chosen))
    return root, labelled, notes


def _columns(
    counts: Mapping[str, int], model: Classifier, mapping: Mapping[str, Sequence[int]] | None
) -> tuple[dict[str, tuple[int, ...]], list[str]]:
    """The columns of each label that has some, and what to say of the others."""
    labels = sorted(label for label in counts if label)
    if not labels:
        return {}, ["the boxes have no labels, so Top-1 is not known"]
    if mapping is None:
        columns, others = by_name(labels, model.class_names)
    else:
        columns, others = by_mapping(labels, mapping)
    if mapping is not None and not columns:
        raise none_found(labels, model.class_names, mapping)
    if not columns:
        return {}, [
            f"no label stands for a class of {model.name}{_listed(labels)}, so Top-1 is not known; "
            "say with --labels which classes they stand for"
        ]
    left = [*others, *([""] if "" in counts else [])]
    if not left:
        return columns, []
    count = counted(len(left), "label stands", "labels stand")
    return columns, [
        f"{count} for no class of {model.name}, and such boxes are left out{_listed(left)}"
    ]


def _listed(names: Sequence[str]) -> str:
    """Some names, behind a colon."""
    more = ", ..." if len(names) > _NAMED else ""
    quoted = ", ".join(repr(name[:60]) for name in names[:_NAMED])
    return f": {quoted}{more}" if names else ""


def _read(file: Place, stretch: str) -> Picture | ImageError:
    try:
        return read_image(file, stretch=stretch)
    except ImageError as error:
        return error


@dataclass(frozen=True)
class _Run:
    """What is the same for every picture."""

    engine: Engine
    model: Classifier
    threshold: float
    columns: Mapping[str, tuple[int, ...]]
    view: dict[str, Any]
    method: str

    def located(self, path: str, picture: Picture | ImageError, labels: Labelled) -> Located:
        """One row."""
        if isinstance(picture, ImageError):
            return Located(path, note=str(picture))
        true, problems = _on(picture, labels)
        row = Located(path, note="; ".join(problems))
        if not true:
            return row
        answers = self.engine.predict(self.model, picture, top=None, **self.view)
        first = answers[0]
        row = replace(row, predicted=first.name, probability=first.probability)
        if not self.columns:
            return self._judged(
                row, picture, first, [box for of_label in true.values() for box in of_label]
            )
        meant = {column for label in true for column in self.columns[label]}
        best = next(answer for answer in answers if answer.index in meant)
        judged = [label for label in true if best.index in self.columns[label]]
        boxes = [box for label in judged for box in true[label]]
        row = replace(row, label=", ".join(judged), right=best.index == first.index)
        # One backward pass for both; what follows finds them remembered.
        self._maps(picture, first.index, best.index)
        known = self._judged(row, picture, best, boxes)
        return replace(self._judged(row, picture, first, boxes), known_iou=known.iou)

    def _maps(self, picture: Picture, *targets: int) -> tuple[Explanation, ...]:
        return self.engine.explain_each(
            self.model, picture, targets, method=self.method, **self.view
        )

    def _judged(
        self, row: Located, picture: Picture, target: Prediction, true: Sequence[Box]
    ) -> Located:
        """The row with the box of one target's map."""
        (explanation,) = self._maps(picture, target.index)
        box = explanation.heatmap.box(self.threshold)
        if box is None:
            notes = [*filter(None, [row.note]), f"no positive evidence for {target.name}"]
            return replace(row, iou=0.0, true=true[0], note="; ".join(notes))
        overlap, best = best_iou(box, true)
        return replace(row, box=box, iou=overlap, true=best)


def _on(picture: Picture, labels: Labelled) -> tuple[dict[str, list[Box]], list[str]]:
    """The boxes on the pixels of the upright picture, and what is wrong with the others."""
    size = picture.width, picture.height
    true: dict[str, list[Box]] = defaultdict(list)
    problems: dict[str, None] = {}  # an ordered set
    for label, true_box in (
        (label, true_box) for label, boxes in labels.items() for true_box in boxes
    ):
        try:
            if true_box.size is not None and true_box.size != size:
                raise InputError(
                    f"a box was drawn on a picture of {true_box.size[0]} x {true_box.size[1]} "
                    f"pixels, and this one has {size[0]} x {size[1]} upright"
                )
            box = checked(true_box.box, size)
        except InputError as error:
            problems[str(error)] = None
        else:
            true[label].append(box)
    return dict(true), list(problems)
