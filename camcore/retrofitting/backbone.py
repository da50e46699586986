"""Any network made ready for class activation maps: its head becomes GAP -> Dense(softmax)."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from camcore.errors import CamcoreError, InputError, ModelError
from camcore.models.loading import load_model
from camcore.pictures.model_view import decode
from camcore.retrofitting.head import FEWEST, fit_head
from camcore.retrofitting.parts import parts_of
from camcore.sources.ahead import ahead
from camcore.sources.listing import counted
from camcore.sources.source import list_source
from camcore.storage.place import Place, readers

Progress = Callable[[int, int], None]
"""Called with the number of pictures done and of all pictures; it may raise to stop."""

_BATCH = 16
_NAMED = 3


@dataclass(frozen=True)
class Retrofit:
    """A network with a new head, and how often it is right.

    Attributes
    ----------
    file : Path
        The ``.keras`` file: raw pixels 0..255 in, probabilities of `classes` out.
    labels : Path
        The class names beside it, one a line.
    classes : tuple of str
        In the order of the outputs.
    images : int
        Pictures that were read and used.
    validation_accuracy, train_accuracy : float
        0 to 1, on the pictures that were held out and on those that the head was fitted to.
    layer : str
        Name, in the new file, of the layer whose maps the head averages.
    seconds : float
    notes : tuple of str
        What was left out or guessed, one clause each.
    validated_on : str
        Name of the split that the accuracy was measured on; "" where pictures were held out.
    """

    file: Path
    labels: Path
    classes: tuple[str, ...]
    images: int
    validation_accuracy: float
    train_accuracy: float
    layer: str
    seconds: float
    notes: tuple[str, ...]
    validated_on: str = ""


def retrofit(
    backbone: str | os.PathLike[str],
    data: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    layer: str | None = None,
    preprocessing: str | None = None,
    split: str | None = None,
    stretch: str = "none",
    validation: float = 0.2,
    seed: int = 0,
    progress: Progress | None = None,
) -> Retrofit:
    """Replace all that lies behind one layer by GAP -> Dense(softmax), and learn its weights.

    The head that Zhou et al., "Learning Deep Features for Discriminative Localization" (CVPR
    2016), put on VGG16. The network itself stays as it is: the mean of each channel is computed
    once for each picture, and only the dense layer is fitted, by logistic regression. The head
    that is saved is the one that was validated; it is not fitted anew to all pictures.

    Parameters
    ----------
    backbone : str or path
        As for `camcore.load_model`: a name, or a ``.keras`` or ``.h5`` file.
    data : path
        A folder with a folder for each class, a CSV or zip of that, or the address of one; see
        `camcore.sources.source.read_source`. Every class needs five pictures. Of a data set in
        splits the training split is learnt, and the validation split, or else the test split,
        is what accuracy is measured on; a split is never a class.
    out : path
        The ``.keras`` file to write, which carries its preprocessing inside. It appears once it is
        complete, with the class names beside it in ``<its stem>.labels.txt``.
    layer : str, optional
        The layer whose maps are averaged; by default the last one that holds a map.
    preprocessing : str, optional
        One of `camcore.PREPROCESSINGS`, for a file that does not tell how it scales pixels.
    split : str, optional
        The split to learn instead; ``all`` for all of them together.
    stretch : str
        As for `camcore.read_image`.
    validation : float
        Share of the pictures held out to measure accuracy on, 0.05 to 0.5, where there is no
        other split to do that.
    seed : int
        Seed of the split and of the folds.
    progress : callable, optional
        Called after each picture.

    Raises
    ------
    InputError
        If an option does not fit or there are too few pictures or classes.
    ModelError
        If the backbone cannot be loaded, or its layers cannot be taken apart.

    Examples
    --------
    >>> retrofit("VGG16", "photos", "vgg16-cam.h5")
    Traceback (most recent call last):
    ...
    camcore.errors.InputError: 'vgg16-cam.h5' must end in .keras; ...
    """
    started = time.monotonic()
    out = Path(out)
    _check_options(out, backbone, validation, seed)
    with tempfile.TemporaryDirectory(prefix="camcore-") as unpacked:
        source = list_source(data, unpack_to=Path(unpacked))
        parts = parts_of(source, split)
        files = parts.files
        learnt = files["label"].to_numpy(str)[~parts.held]
        _check_classes(learnt, learnt)
        classifier = load_model(backbone, preprocessing=preprocessing)
        known = [candidate.name for candidate in classifier.layers]
        layer = layer or classifier.default_layer
        if layer not in known:
            raise InputError(
                f"{classifier.name} has no layer {layer!r} with a spatial map; the last one is "
                f"{classifier.default_layer!r}, and `camcore layers` lists all."
            )

        from camcore.models.keras.classifier import KerasClassifier
        from camcore.models.keras.gap_retrofit import fast_function, pooled_network, with_head

        if not isinstance(classifier, KerasClassifier):
            raise ModelError(
                f"{classifier.name} is no Keras network; only one that goes by name, or a .keras "
                "or .h5 file, can be given a new head."
            )
        network = pooled_network(classifier, layer)
        paths = [source.root / path for path in files["path"]]
        with ThreadPoolExecutor(readers(source.root), thread_name_prefix="decode") as workers:
            looks = (partial(_seen, path, classifier.input_shape, stretch) for path in paths)
            images = ahead(workers, looks, 3 * _BATCH)
            features, read, broken = _features(fast_function(network), images, len(paths), progress)
    labels = files["label"].to_numpy(str)[read]
    held = parts.held[read]
    _check_classes(labels[~held], learnt, broken)
    classes, indices = np.unique(labels, return_inverse=True)
    head = fit_head(features, indices, held if held.any() else validation, seed)
    names = tuple(map(_printable, classes))
    labels_file = _save(with_head(network, head.weights, head.bias), names, out)
    notes = list(parts.notes)
    if broken:
        notes.append(_unread_note(broken))
    if classifier.preprocessing_guessed:
        notes.append(
            f"the preprocessing of {classifier.name} is a guess ({classifier.preprocessing}); "
            "choose it with --preprocess"
        )
    return Retrofit(
        file=out,
        labels=labels_file,
        classes=names,
        images=len(labels),
        validation_accuracy=head.validation_accuracy,
        train_accuracy=head.train_accuracy,
        layer=layer.split("/")[-1],
        seconds=time.monotonic() - started,
        notes=tuple(notes),
        validated_on=parts.validated_on if held.any() else "",
    )


def _check_options(
    out: Path, backbone: str | os.PathLike[str], validation: float, seed: int
) -> None:
    if out.suffix != ".keras":
        raise InputError(f"{str(out)!r} must end in .keras; that is the format of the new file.")
    if not out.parent.is_dir():
        raise InputError(f"folder {str(out.parent)!r} does not exist; make it first.")
    if out.is_dir() or not os.access(out.parent, os.W_OK):
        raise InputError(f"{str(out)!r} cannot be written; choose another file.")
    if os.path.exists(backbone) and out.exists() and os.path.samefile(backbone, out):
        raise InputError(f"{str(out)!r} is the backbone itself; choose another file.")
    if not 0.05 <= validation <= 0.5:  # written so that NaN fails too
        raise InputError(f"validation is {validation}; it is a share from 0.05 to 0.5.")
    if not 0 <= seed < 2**32:
        raise InputError(f"seed is {seed}; it must be from 0 to {2**32 - 1}.")


def _check_classes(read: np.ndarray, listed: np.ndarray, broken: Sequence[str] = ()) -> None:
    """Refuse labels of pictures that are too few for a class, or of which a class has none."""
    names = np.unique(listed)
    counts = np.bincount(np.searchsorted(names, read), minlength=len(names))
    without = f"; {_unread_note(broken)}" if broken else ""
    if len(names) < 2:
        classes = "one class" if len(names) else "no class"
        raise InputError(
            f"the pictures are of {classes} and a classifier tells at least two apart; give a "
            f"folder with a folder for each class{without}."
        )
    few = counts.argmin()
    if counts[few] < FEWEST:
        raise InputError(
            f"class {_printable(names[few])!r} has {counts[few]} of at least {FEWEST} pictures; "
            f"add some or leave the class out{without}."
        )


def _features(
    run: Callable[[np.ndarray], np.ndarray],
    images: Iterable[np.ndarray | str],
    count: int,
    progress: Progress | None,
) -> tuple[np.ndarray, list[int], list[str]]:
    """Features (N, K) of the pictures that could be read, their places, and why others not."""
    rows: list[np.ndarray] = []
    read: list[int] = []
    broken: list[str] = []
    batch: list[np.ndarray] = []
    for place, seen in enumerate(images):
        if isinstance(seen, str):
            broken.append(seen)
        else:
            read.append(place)
            batch.append(seen)
        if batch and (len(batch) == _BATCH or place == count - 1):
            rows.append(run(np.stack(batch)))
            batch = []
        if progress is not None:
            progress(place + 1, count)
    return np.concatenate(rows) if rows else np.zeros((0, 1), np.float32), read, broken


def _seen(path: Place, input_shape: tuple[int, int, int], stretch: str) -> np.ndarray | str:
    try:
        return decode(path, input_shape, "stretch", stretch=stretch).seen
    except CamcoreError as error:
        return str(error)


def _unread_note(broken: Sequence[str]) -> str:
    count = counted(len(broken), "picture could not be read", "pictures could not be read")
    first = " ".join(broken[:_NAMED]).rstrip(".")
    return f"{count}: {first}{' ...' if len(broken) > _NAMED else ''}"


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text)


def _save(model: Any, classes: Sequence[str], out: Path) -> Path:
    """Write the model and its class names, both or neither."""
    labels = out.with_name(f"{out.stem}.labels.txt")
    partial_model = out.with_name(f".{out.stem}.{os.getpid()}.keras")
    partial_labels = out.with_name(f".{out.stem}.{os.getpid()}.labels.txt")
    try:
        partial_labels.write_text("".join(f"{name}\n" for name in classes), encoding="utf-8")
        model.save(partial_model)
        os.replace(partial_labels, labels)
        os.replace(partial_model, out)
    finally:
        partial_model.unlink(missing_ok=True)
        partial_labels.unlink(missing_ok=True)
    return labels
