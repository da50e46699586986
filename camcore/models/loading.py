"""`load_model`: a bundled name, a catalogue name or a file becomes a classifier."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from camcore import bundled
from camcore.classifier import OutputKind
from camcore.errors import ModelError
from camcore.models.catalogue import CATALOGUE, CatalogueModel
from camcore.models.keras.loading import load_bundled, load_catalogue, load_file
from camcore.models.labels import read_labels
from camcore.pictures.preprocessing import check_preprocessing

if TYPE_CHECKING:
    from camcore.models.keras.classifier import KerasClassifier


_NAMED = re.compile(
    r"(?P<name>\w+)(?:[:?](?:weights=)?(?P<weights>imagenet|random))?", re.IGNORECASE
)


def load_model(
    name: str | os.PathLike[str],
    *,
    labels: str | os.PathLike[str] | Sequence[str] | None = None,
    preprocessing: str | None = None,
    output: str | None = None,
    output_kind: OutputKind | None = None,
    input_size: tuple[int, int] | None = None,
) -> KerasClassifier:
    """Load a model by name or from a file.

    Parameters
    ----------
    name : str or path
        A bundled model (``cam1``), one of Keras Applications (``VGG16``; ``VGG16:weights=random``
        for a fixed random initialisation), or a ``.keras`` or ``.h5`` file, which is inspected in
        a child process before it is loaded.
    labels : path or sequence of str, optional
        Class names, or a text, JSON or CSV file that holds them.
    preprocessing : str, optional
        One of `camcore.PREPROCESSINGS`. Known for named models. For a file: ``none`` where the
        model begins with Rescaling or Normalization, else ``0-1``.
    output : str, optional
        Which of several outputs is explained.
    output_kind : str, optional
        How to read an output that does not tell by itself; see `KerasClassifier`.
    input_size : tuple of int, optional
        Height and width, for models that accept any.

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
        check_preprocessing(preprocessing)
    text = os.fspath(name)
    names = read_labels(labels) if isinstance(labels, (str, os.PathLike)) else labels
    options = {"output": output, "output_kind": output_kind, "input_size": input_size}
    for own in bundled.MODELS:
        if own.name == text.lower():
            return load_bundled(own, preprocessing, names, options)
    match = _NAMED.fullmatch(text)
    entry = _catalogue_entry(match["name"]) if match else None
    if match and entry:
        weights = (match["weights"] or "imagenet").lower()
        return load_catalogue(entry, weights, preprocessing, names, options)
    if os.path.exists(text):
        return load_file(text, preprocessing, names, options)
    if os.sep in text or Path(text).suffix:
        raise ModelError(f"there is no file {text!r}; give the path of a .keras or .h5 model.")
    known = [own.name for own in bundled.MODELS] + list(CATALOGUE)
    near = difflib.get_close_matches(text, known, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else "`camcore models` lists the names."
    raise ModelError(f"no model and no file is called {text!r}; {hint}")


def _catalogue_entry(name: str) -> CatalogueModel | None:
    by_name = {own.lower(): model for own, model in CATALOGUE.items()}
    return by_name.get(name.lower())
