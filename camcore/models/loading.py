"""`load_model`: a bundled name, a catalogue name or a file becomes a classifier."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from camcore import bundled
from camcore.classifier import Classifier, OutputKind
from camcore.errors import ModelError
from camcore.models.catalogue import CATALOGUE, CatalogueModel
from camcore.models.held_inputs import Held
from camcore.models.huggingface.loading import load_huggingface
from camcore.models.imagenet import NOTE, imagenet_names, takes_imagenet_names
from camcore.models.keras.loading import load_bundled, load_catalogue, load_keras
from camcore.models.labels import read_label_file
from camcore.models.onnx.loading import load_onnx
from camcore.models.quarantine.admission import admit
from camcore.pictures.preprocessing import preprocessing_named

_NAMED = re.compile(
    r"(?P<name>\w+)(?:[:?](?:weights=)?(?P<weights>imagenet|random))?", re.IGNORECASE
)
_LOADERS: dict[str, Callable[..., Classifier]] = {
    "onnx": load_onnx,
    "huggingface": load_huggingface,
}
IMAGENET, NUMBERS = "imagenet", "numbers"  # in place of a label file


def load_model(
    name: str | os.PathLike[str],
    *,
    labels: str | os.PathLike[str] | Sequence[str] | None = None,
    preprocessing: str | None = None,
    output: str | int | None = None,
    output_kind: OutputKind | None = None,
    input_size: tuple[int, int] | None = None,
    input: str | None = None,
    others: Mapping[str, Held] | None = None,
) -> Classifier:
    """Load a model by name or from a file.

    Parameters
    ----------
    name : str or path
        A bundled model (``cam1``), one of Keras Applications (``VGG16``; ``VGG16:weights=random``
        for a fixed random initialisation), a ``.keras``, ``.h5`` or ``.onnx`` file, which is told
        by its content, or a Hugging Face folder (``config.json`` and safetensors) or a zip of one.
        All are inspected in a child process before they are loaded.
    labels : path or sequence of str, optional
        Class names; a text, JSON, YAML or CSV file that holds them; ``imagenet`` for the names of
        ImageNet's 1000 classes; or ``numbers``. Without them those of a folder; else the 1000
        classes of a file that tells classes apart are called by ImageNet's names, which its
        `notes` say, and others by number.
    preprocessing : str, optional
        One of `camcore.PREPROCESSINGS`, or a scale, mean and spread written out. Known for named
        models. For a file: what the beginning of the model tells, else ``0-1``; for a folder what
        its ``preprocessor_config.json`` says.
    output : str or int, optional
        Which of several outputs is explained, by name or position.
    output_kind : str, optional
        How to read an output that does not tell by itself; see `KerasClassifier`.
    input_size : tuple of int, optional
        Height and width, for models that accept any.
    input : str, optional
        Which of several inputs takes the picture.
    others : dict, optional
        What the other inputs are held at, by name; see `KerasClassifier`.

    Raises
    ------
    ModelError
        If the model cannot be found, fetched or loaded.
    UnsafeModelError
        If the file could run code, read files or exhaust memory.
    InputError
        If an option does not fit.

    Examples
    --------
    >>> load_model("no-such-model")
    Traceback (most recent call last):
    ...
    camcore.errors.ModelError: no model and no file is called 'no-such-model'; ...
    """
    if preprocessing is not None:
        preprocessing_named(preprocessing)
    text = os.fspath(name)
    names, note = _names(labels)
    options = {
        "output": output,
        "output_kind": output_kind,
        "input_size": input_size,
        "input": input,
        "others": others,
    }
    for bundled_model in bundled.MODELS:
        if bundled_model.name == text.lower():
            return load_bundled(bundled_model, preprocessing, names, options)
    match = _NAMED.fullmatch(text)
    entry = _catalogue_entry(match["name"]) if match else None
    if match and entry:
        weights = (match["weights"] or "imagenet").lower()
        return load_catalogue(entry, weights, preprocessing, names, options)
    if os.path.exists(text):
        model = _load_file(os.path.normpath(text), preprocessing, names, options)
        if labels is None and takes_imagenet_names(model):
            return model.named(imagenet_names(), NOTE)
        return model.named(model.class_names, note) if note else model
    if os.sep in text or Path(text).suffix:
        raise ModelError(
            f"there is no file {text!r}; give the path of a .keras, .h5 or .onnx model, or of a "
            "Hugging Face folder."
        )
    known = [bundled_model.name for bundled_model in bundled.MODELS] + list(CATALOGUE)
    near = difflib.get_close_matches(text, known, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else "`camcore models` lists the names."
    raise ModelError(f"no model and no file is called {text!r}; {hint}")


def _load_file(
    path: str, preprocessing: str | None, names: Sequence[str] | None, options: dict[str, Any]
) -> Classifier:
    """A network from a file, by whatever library its content asks for."""
    with admit(path, input_size=options["input_size"]) as admitted:
        load: Callable[..., Classifier]
        load = _LOADERS.get(admitted.inspection.format, load_keras)
        return load(admitted, Path(path).name, preprocessing, names, options)


def _names(
    labels: str | os.PathLike[str] | Sequence[str] | None,
) -> tuple[Sequence[str] | None, str]:
    """The class names that are asked for, and a note on how they were read, or ""."""
    if not isinstance(labels, (str, os.PathLike)):
        return labels, ""
    if labels in (IMAGENET, NUMBERS) and not os.path.exists(labels):
        return imagenet_names() if labels == IMAGENET else None, ""
    return read_label_file(labels)


def _catalogue_entry(name: str) -> CatalogueModel | None:
    by_name = {key.lower(): model for key, model in CATALOGUE.items()}
    return by_name.get(name.lower())
