"""The scan: one pass over the files, a row for each, in parts that are complete or absent."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from camcore.auditing.audited_classes import class_margins, predicted_classes
from camcore.auditing.executors.executor import Count, Executor
from camcore.auditing.held_columns import held_at, stacked, values_of
from camcore.auditing.runs.plan import PART, Plan, part_of
from camcore.auditing.runs.progress import Watch
from camcore.auditing.runs.store import Store
from camcore.auditing.scan.image_properties import PROPERTIES, measure, measure_file
from camcore.auditing.scan.map_statistics import coverage, focus
from camcore.classifier import Classifier, Forward
from camcore.errors import CamcoreError, ImageError
from camcore.methods import Method, method_named
from camcore.methods.applying import raw_maps
from camcore.models.finite_answers import finite_rows
from camcore.pictures.model_view import Decoded, box_mask, decode, read_mask
from camcore.pictures.preprocessing import preprocess
from camcore.sources.ahead import ahead
from camcore.storage.place import Place, readers

BATCH = 32
_AHEAD = 3 * BATCH
_TOP = 5


@dataclass(frozen=True, eq=False)
class _Looked:
    """One file, decoded and measured in a worker thread, or why it could not be."""

    decoded: Decoded | None = None
    inputs: np.ndarray | None = None
    properties: np.ndarray | None = None
    coverage: np.ndarray | None = None
    error: str = ""
    notes: str = ""
    others: dict[str, np.ndarray] = field(default_factory=dict)


def scan(
    store: Store,
    plan: Plan,
    classifier: Classifier,
    watch: Watch,
    executor: Executor | None = None,
) -> None:
    """Look at every listed file that has no row yet.

    Parameters
    ----------
    store : Store
        Gets ``images/00000.parquet`` and so on, `PART` rows each, in order of id.
    plan : Plan
    classifier : Classifier
        Fit for many images; see `Classifier.for_throughput`.
    watch : Watch
    executor : Executor, optional
        Scans the parts, in any order; by default this process does, reading ahead over their ends.

    Raises
    ------
    StoreError, StoppedError
    """
    files = store.read_table("files.parquet")
    starts = range(0, len(files), PART)
    missing = [start for start in starts if not store.whole(part_of(start))]
    watch.begin("scan", total=len(files), done=len(files) - _size(files, missing))
    if executor is not None:
        parts = (files.iloc[start : start + PART] for start in missing)
        made = executor.map(partial(_Scanner, plan), _Scanner.table, parts, watch.advance)
        for place, table in made:
            store.write_table(part_of(missing[place]), table)
        return
    rows = (
        files.iloc[start + k] for start in missing for k in range(min(PART, len(files) - start))
    )
    with _looking(rows, plan) as looked:  # ahead over the ends of parts, so the model never waits
        for start in missing:
            part = files.iloc[start : start + PART]
            store.write_table(part_of(start), _table(part, looked, plan, classifier, watch.advance))


def scan_part(files: pd.DataFrame, plan: Plan, classifier: Classifier) -> pa.Table:
    """Rows of the scan for some files: what the model says of each, its maps and properties.

    Nothing is written and nothing else is read than the files, so parts may be scanned in any
    order, in threads, processes or on other machines that see the same files. A run is complete
    for `camcore.audit` once each part of `PART` files lies in its store.

    Parameters
    ----------
    files : DataFrame
        Rows of the run's ``files.parquet``: ``id``, ``path``, ``label``, ``bytes``, ``mtime_ns``,
        ``mask`` and ``box``.
    plan : Plan
        What exactly runs; `Run.plan`.
    classifier : Classifier
        The model that the plan names, fit for many images; see `Classifier.for_throughput`.

    Returns
    -------
    pyarrow.Table
        A row for each file, in their order; ``error`` says why a file has no numbers.

    Examples
    --------
    Parts of a run, in the processes of any executor::

        files = run.store.read_table("files.parquet")
        starts = range(0, len(files), PART)
        parts = [files.iloc[start : start + PART] for start in starts]
        tables = executor.map(partial(scan_part, plan=run.plan, classifier=model), parts)
        for start, table in zip(starts, tables):
            run.store.write_table(part_of(start), table)
    """
    return _part(files, plan, classifier, lambda done, bad: None)


def _part(files: pd.DataFrame, plan: Plan, classifier: Classifier, count: Count) -> pa.Table:
    rows = (files.iloc[place] for place in range(len(files)))
    with _looking(rows, plan) as looked:
        return _table(files, looked, plan, classifier, count)


class _Scanner:
    """What parts of one scan share."""

    def __init__(self, plan: Plan, classifier: Classifier) -> None:
        self._plan, self._classifier = plan, classifier

    def table(self, files: pd.DataFrame, count: Count) -> pa.Table:
        return _part(files, self._plan, self._classifier, count)


@contextlib.contextmanager
def _looking(rows: Iterable[pd.Series], plan: Plan) -> Iterator[Iterator[_Looked]]:
    with ThreadPoolExecutor(readers(plan.root), thread_name_prefix="decode") as workers:
        yield ahead(workers, (partial(_look, row, plan) for row in rows), _AHEAD)


def _size(files: pd.DataFrame, starts: Sequence[int]) -> int:
    return sum(min(PART, len(files) - start) for start in starts)


def _look(row: pd.Series, plan: Plan) -> _Looked:
    try:
        path = plan.file_of(row["path"])
        _unchanged(path, row)
        others = values_of(row, plan)
        decoded = decode(path, plan.input_shape, plan.fit, stretch=plan.settings.stretch)
    except CamcoreError as error:
        return _Looked(error=str(error))
    notes = list(decoded.notes)
    coverage = None
    try:
        coverage = _coverage(row, decoded, plan)
    except CamcoreError as error:
        notes.append(f"mask left out: {error}")
    return _Looked(
        decoded,
        preprocess(decoded.seen.astype(np.float32), plan.preprocessing),
        np.concatenate(
            [
                measure(decoded.seen),
                measure_file(decoded.width, decoded.height, decoded.bytes, decoded.jpeg_quality),
            ]
        ),
        coverage,
        notes="; ".join(notes),
        others=others,
    )


def _unchanged(path: Place, row: pd.Series) -> None:
    try:
        status = path.stat()
    except OSError as error:
        raise ImageError(f"{path.name} cannot be opened ({error.strerror}).") from None
    if (status.st_size, status.st_mtime_ns) != (row["bytes"], row["mtime_ns"]):
        raise ImageError(f"{path.name} has changed since the audit began; audit the folder anew.")


def _coverage(row: pd.Series, decoded: Decoded, plan: Plan) -> np.ndarray | None:
    """Share of each cell of the map that the object covers, where that is known."""
    mask = object_mask(row, decoded, plan)
    if mask is None:
        return None
    return coverage(mask, *plan.grid, plan.frame)


def object_mask(row: pd.Series, decoded: Decoded, plan: Plan) -> np.ndarray | None:
    """Pixels of what the model sees that show the object, from a mask or a box; None if unknown."""
    if row["mask"]:
        return read_mask(plan.file_of(row["mask"]), plan.input_shape, plan.fit, decoded.frame)
    if row["box"] is not None:
        return box_mask(tuple(row["box"]), decoded.frame, plan.input_shape)
    return None


def _table(
    part: pd.DataFrame,
    looked: Iterator[_Looked],
    plan: Plan,
    classifier: Classifier,
    count: Count,
) -> pa.Table:
    """Rows of a part from the next files looked at; `count` gets images done, and bad of them."""
    method = method_named(plan.settings.method)
    columns = _Columns(part, plan)
    batch: list[tuple[int, _Looked]] = []
    for place in range(len(part)):
        image = next(looked)
        if image.decoded is None:
            columns.refuse(place, image.error)
            count(1, 1)
            continue
        batch.append((place, image))
        if len(batch) == BATCH:
            refused = columns.fill(batch, classifier, method)
            count(len(batch), refused)
            batch = []
    if batch:
        refused = columns.fill(batch, classifier, method)
        count(len(batch), refused)
    return columns.table()


class _Columns:
    """The rows of one part, column by column."""

    def __init__(self, part: pd.DataFrame, plan: Plan) -> None:
        self._plan = plan
        count = len(part)
        self._labels = part["label"].tolist()
        klass = plan.klass_of_label
        classes = np.array([klass.get(label, -1) for label in self._labels], np.int32)
        self._own = classes
        whole = {"id": np.int32, "bytes": np.int64, "width": np.int32, "height": np.int32}
        self._values: dict[str, Any] = {name: np.zeros(count, kind) for name, kind in whole.items()}
        self._values["id"] = part["id"].to_numpy(np.int32)
        self._values["bytes"] = part["bytes"].to_numpy(np.int64).copy()
        texts = ("sha256", "error", "notes")
        self._values |= {name: [""] * count for name in texts}
        self._values |= {"path": part["path"].tolist(), "label": self._labels}
        blobs = ("map_predicted", "map_label", "thumb", "top_columns", "top_probabilities")
        self._values |= {name: [None] * count for name in blobs}
        self._values |= {"klass": classes.copy(), "predicted": np.full(count, -1, np.int32)}
        floats = ("jpeg_quality", "margin", "scale_predicted", "scale_label")
        self._values |= {name: np.full(count, np.nan, np.float32) for name in floats}
        self._properties = np.full((count, len(PROPERTIES)), np.nan, np.float32)
        self._focus: dict[str, np.ndarray] = {}

    def refuse(self, place: int, error: str) -> None:
        self._values["error"][place] = error

    def fill(self, batch: list[tuple[int, _Looked]], classifier: Classifier, method: Method) -> int:
        """Rows of a batch; returns how many images got no answer."""
        plan, values = self._plan, self._values
        inputs = np.stack([image.inputs for _, image in batch if image.inputs is not None])
        rows = stacked(image.others for _, image in batch)
        held_classifier = held_at(classifier, rows)
        forward = held_classifier.forward(inputs, plan.layer)
        answered = finite_rows(forward)
        refused = int((~answered).sum())
        if refused:
            for k in np.flatnonzero(~answered).tolist():
                place = batch[k][0]
                name = Path(self._values["path"][place]).name
                self.refuse(place, f"{name}: the model's answer is NaN or infinite.")
            batch = [batch[k] for k in np.flatnonzero(answered).tolist()]
            if not batch:
                return refused
            held_classifier = held_at(
                classifier, {name: values[answered] for name, values in rows.items()}
            )
            forward = held_classifier.forward(inputs[answered], plan.layer)
        places = np.array([place for place, _ in batch])
        predicted = predicted_classes(forward.scores, plan.classes, plan.output_kind)
        margins = class_margins(forward.scores, plan.classes, plan.output_kind)
        klass = predicted if plan.classes.by == "prediction" else self._own[places]
        values["klass"][places] = klass
        values["predicted"][places] = predicted
        known = np.flatnonzero(klass >= 0).tolist()
        values["margin"][places[known]] = margins[known, klass[known]]

        top = np.argsort(-forward.probabilities, axis=1, kind="stable")[:, :_TOP]
        first = top[:, 0]
        target = first.copy()
        for k in known:
            of_class = np.array(plan.classes.classes[klass[k]].columns)
            target[k] = of_class[np.argmax(forward.scores[k, of_class])]
        maps = _maps(held_classifier, forward, first, method)
        label_maps = (
            maps if (target == first).all() else _maps(held_classifier, forward, target, method)
        )
        self._keep_maps("predicted", places, maps)
        self._keep_maps("label", places[known], label_maps[known])

        for k, (place, image) in enumerate(batch):
            decoded = image.decoded
            assert decoded is not None
            values["sha256"][place] = decoded.sha256
            values["notes"][place] = image.notes
            values["width"][place], values["height"][place] = decoded.width, decoded.height
            values["jpeg_quality"][place] = decoded.jpeg_quality
            values["thumb"][place] = decoded.thumb
            values["top_columns"][place] = top[k].astype(np.int32)
            values["top_probabilities"][place] = forward.probabilities[k, top[k]]
            self._properties[place] = image.properties
        covered = [image.coverage for _, image in batch]
        unknown = np.full(plan.grid, np.nan, np.float32)
        masks = np.stack([unknown if c is None else c for c in covered])
        for name, column in focus(label_maps, masks, plan.frame).items():
            if name not in self._focus:
                missing = False if column.dtype == bool else np.nan
                self._focus[name] = np.full(len(self._labels), missing, column.dtype)
            self._focus[name][places] = column
        return refused

    def _keep_maps(self, kind: str, places: np.ndarray, maps: np.ndarray) -> None:
        scales = np.abs(maps).max(axis=(1, 2))
        self._values[f"scale_{kind}"][places] = scales
        small = (maps / np.where(scales > 0, scales, 1)[:, None, None]).astype(np.float16)
        for place, cells in zip(places, small, strict=True):
            self._values[f"map_{kind}"][place] = cells.tobytes()

    def table(self) -> pa.Table:
        values = dict(self._values)
        for image_property, column in zip(PROPERTIES, self._properties.T, strict=True):
            # Width, height, bytes and JPEG quality are columns of the file already.
            values.setdefault(image_property.name, column)
        return pa.table({**values, **self._focus})


def _maps(
    classifier: Classifier, forward: Forward, targets: np.ndarray, method: Method
) -> np.ndarray:
    maps = raw_maps(classifier, forward, targets.tolist(), method)
    limit = float(np.finfo(np.float32).max)
    finite: np.ndarray = np.nan_to_num(maps, nan=0.0, posinf=limit, neginf=-limit)
    return finite
