"""The beginning of an audit: what exactly will run, written down once and kept to."""

from __future__ import annotations

import contextlib
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version

import numpy as np
import pandas as pd

from camcore._version import __version__
from camcore.auditing.audited_classes import Classes, match_classes, require_classes
from camcore.auditing.held_columns import held_at, held_columns, values_of, with_values
from camcore.auditing.rules import RULES
from camcore.auditing.runs.plan import FORMAT, Plan
from camcore.auditing.runs.progress import Watch
from camcore.auditing.runs.schema import RECORD, read_checked
from camcore.auditing.runs.settings import Settings
from camcore.auditing.runs.store import Store
from camcore.classifier import Classifier, fit_of
from camcore.engine.precision import choose_precision
from camcore.errors import CamcoreError, InputError, MethodError, StoreError
from camcore.methods import method_named
from camcore.models.finite_answers import check_finite, finite_rows
from camcore.pictures.model_view import decode
from camcore.pictures.preprocessing import preprocess
from camcore.sources.matching import read_mapping
from camcore.sources.source import Source, read_source
from camcore.sources.synsets import groups_of

_FILES = "files.parquet"
MEASURED_ON = 64
"""Images that a network is measured on."""

_LOOKED_AT = 8  # images whose answers must not all be NaN
_VERSIONS = (
    "tensorflow",
    "keras",
    "onnxruntime",
    "torch",
    "numpy",
    "scipy",
    "scikit-learn",
    "statsmodels",
    "pillow",
)


def begin(
    store: Store, settings: Settings, load: Callable[[], Classifier], watch: Watch
) -> tuple[Plan, Classifier]:
    """Begin an audit, or take up one that was begun with the same settings.

    Parameters
    ----------
    store : Store
        Locked.
    settings : Settings
    load : callable
        Gives the model.
    watch : Watch

    Returns
    -------
    plan : Plan
    classifier : Classifier
        Fit for many images.

    Raises
    ------
    StoreError
        If the run was begun with other settings or another model.
    InputError, ModelError, MethodError
        If the data, the model and the labels do not fit together.
    """
    record = read_checked(store, RECORD)
    if record is not None:
        return _taken_up(store, Plan(record), settings, load, watch)
    watch.begin("unpacking" if settings.source.lower().endswith(".zip") else "listing")
    source = read_source(settings.source, unpack_to=store.folder / "unpacked", split=settings.split)
    watch.begin("model")
    model = load()
    require_classes(model.output_kind, model.name)
    layer = settings.layer or model.default_layer
    layers = {candidate.name: candidate for candidate in model.layers}
    if layer not in layers:
        raise InputError(
            f"{model.name} has no layer {layer!r} with a spatial map; the last one is "
            f"{model.default_layer!r}, and `camcore layers` lists all."
        )
    method = method_named(settings.method)
    if not method.possible(layers[layer]):
        raise MethodError(method.why_not(model.name, layer))
    preprocessing = settings.preprocessing or model.preprocessing
    classes = _classes(source, settings, model)
    held = held_columns(source, model, settings.others)
    source = with_values(source, held, preprocessing)
    plan = Plan(
        {
            "format": FORMAT,
            "settings": settings.as_json(),
            "model": {
                "name": model.name,
                "sha256": model.sha256,
                "layer": layer,
                "grid": [layers[layer].height, layers[layer].width],
                "frame": None if (lies := layers[layer].frame) is None else asdict(lies),
                "input_shape": list(model.input_shape),
                "preprocessing": preprocessing,
                "fit": settings.fit or fit_of(model),
                "preprocessing_guessed": model.preprocessing_guessed
                and settings.preprocessing is None,
                "output": model.output,
                "output_kind": model.output_kind,
                "held": [held_column.as_json() for held_column in held],
            },
            "classes": asdict(classes),
            "source": {
                "root": str(source.root),
                "kind": source.kind,
                "digest": source.digest,
                "count": len(source.files),
                "notes": list(source.notes),
                "splits": [asdict(split) for split in source.splits],
                "taken": [split.name for split in source.taken],
            },
            "rules": RULES.as_json(),
            "versions": {"camcore": __version__, "python": platform.python_version()}
            | _installed(),
            "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        }
    )
    inputs, measured = some_inputs(source.files, model, plan)
    _check_answers(measured, inputs, layer)
    classifier, precision = choose_precision(measured, inputs, layer, settings.precision)
    plan.record["precision"] = asdict(precision)
    plan.record["model"]["notes"] = [
        # What a column takes the place of is not said.
        *(note for note in model.notes if note in measured.notes),
        *(
            f"input {held_column.input} takes the values of the column {held_column.column!r}"
            for held_column in held
        ),
    ]
    store.write_table(_FILES, source.files)
    store.write_json(RECORD, plan.record)
    return plan, classifier


def _installed() -> dict[str, str]:
    """Versions of the packages that numbers may depend on, of those that are there."""
    versions = {}
    for name in _VERSIONS:
        with contextlib.suppress(PackageNotFoundError):
            versions[name] = version(name)
    return versions


def _check_answers(model: Classifier, inputs: np.ndarray, layer: str) -> None:
    """Refuse a model that answers no picture with numbers; single pictures become rows."""
    forward = model.forward(inputs[:_LOOKED_AT], layer)
    if not finite_rows(forward).any():
        check_finite(model, inputs[:_LOOKED_AT], forward)


def _taken_up(
    store: Store, plan: Plan, settings: Settings, load: Callable[[], Classifier], watch: Watch
) -> tuple[Plan, Classifier]:
    if not plan.is_current:
        raise StoreError(
            "this run was begun by another version of CAM Audit or under other rules; begin a new "
            "one with another --out."
        )
    if others := plan.settings.differences(settings):
        changes = ", ".join(
            f"{name} {getattr(plan.settings, name)!r} then, {getattr(settings, name)!r} now"
            for name in others
        )
        raise StoreError(
            f"this run was begun with other settings ({changes}); "
            "repeat those, or name a new folder with --out."
        )
    watch.begin("model")
    model = load()
    if model.sha256 != plan.record["model"]["sha256"]:
        raise StoreError(
            f"the model {model.name} has changed since this audit began, so what is done and what "
            "is left would not belong together; put the old model back, or begin a new run with "
            "another --out."
        )
    if not store.whole(_FILES):
        watch.begin("listing")
        source = read_source(
            settings.source, unpack_to=store.folder / "unpacked", split=settings.split
        )
        if held_columns(source, model, settings.others) == plan.held:
            source = with_values(source, plan.held, plan.preprocessing)
        if source.digest != plan.record["source"]["digest"]:
            raise StoreError(
                f"the list of files in {store.folder} is damaged, and {settings.source} has "
                "changed since, so it cannot be made anew; begin a new run with another --out."
            )
        store.write_table(_FILES, source.files)
    return plan, model.for_throughput(bfloat16=plan.bfloat16)


def _classes(source: Source, settings: Settings, model: Classifier) -> Classes:
    counts = source.files["label"].value_counts(sort=False)
    labels = {str(label): int(count) for label, count in counts.items() if label}
    mapping: Mapping[str, Sequence[int]] | None = None
    if settings.labels == "groups":
        mapping = groups_of(model.class_names)
    elif settings.labels not in (None, "none"):
        mapping = read_mapping(settings.labels, model.class_names)
    by_prediction = settings.labels in ("none", "groups")
    return match_classes(labels, model.class_names, mapping, by_prediction=by_prediction)


def some_inputs(
    files: pd.DataFrame, model: Classifier, plan: Plan
) -> tuple[np.ndarray, Classifier]:
    """Inputs from at most `MEASURED_ON` files spread over the data set, to measure a network on.

    What a table tells of the first of them stands for all, so that batches may be of any size.

    Parameters
    ----------
    files : DataFrame
        The run's ``files.parquet``.
    model : Classifier
    plan : Plan

    Returns
    -------
    inputs : ndarray, shape (n, H, W, C), float32
    model : Classifier
        Held at what the table tells.

    Raises
    ------
    InputError
        If none of the files looked at can be read.
    """
    settings = plan.settings
    places = np.linspace(0, len(files) - 1, num=min(len(files), 2 * MEASURED_ON))
    inputs: list[np.ndarray] = []
    others: dict[str, np.ndarray] = {}
    for _, row in files.iloc[places.astype(int)].iterrows():
        try:
            values = values_of(row, plan)
            seen = decode(
                plan.root / row["path"],
                model.input_shape,
                plan.fit,
                stretch=settings.stretch,
            ).seen
        except CamcoreError:
            continue  # the scan says so in its row
        others = others or values
        inputs.append(preprocess(seen.astype(np.float32), plan.preprocessing))
        if len(inputs) == MEASURED_ON:
            break
    if not inputs:
        raise InputError(
            f"none of the first files looked at in {plan.root} can be read as a picture; "
            "check the folder, or copy the files anew."
        )
    return np.stack(inputs), held_at(model, others)
