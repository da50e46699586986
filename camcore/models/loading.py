"""`load_model`: a bundled name, a catalogue name or a file becomes a classifier."""

from __future__ import annotations

import difflib
import json
import os
import random
import re
import threading
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from camcore import bundled
from camcore.classifier import OutputKind
from camcore.errors import CamcoreError, ModelError
from camcore.fitting import check_preprocessing
from camcore.models import quarantine
from camcore.models.catalogue import CATALOGUE, CatalogueModel
from camcore.models.labels import read_labels

if TYPE_CHECKING:
    from camcore.models.keras_classifier import KerasClassifier

Result = TypeVar("Result")

_NAMED = re.compile(
    r"(?P<name>\w+)(?:[:?](?:weights=)?(?P<weights>imagenet|random))?", re.IGNORECASE
)
_CLASS_INDEX = "imagenet_class_index.json"
_CLASS_INDEX_URL = (
    "https://storage.googleapis.com/download.tensorflow.org/data/imagenet_class_index.json"
)
_LABELS_PATIENCE = 15.0  # seconds; names of classes are worth no longer wait


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
            return _load_bundled(own, preprocessing, names, options)
    match = _NAMED.fullmatch(text)
    entry = _catalogue_entry(match["name"]) if match else None
    if match and entry:
        weights = (match["weights"] or "imagenet").lower()
        return _load_catalogue(entry, weights, preprocessing, names, options)
    if os.path.exists(text):
        return _load_file(text, preprocessing, names, options)
    if os.sep in text or Path(text).suffix:
        raise ModelError(f"there is no file {text!r}; give the path of a .keras or .h5 model.")
    known = [own.name for own in bundled.MODELS] + list(CATALOGUE)
    near = difflib.get_close_matches(text, known, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else "`camcore models` lists the names."
    raise ModelError(f"no model and no file is called {text!r}; {hint}")


def _catalogue_entry(name: str) -> CatalogueModel | None:
    by_name = {own.lower(): model for own, model in CATALOGUE.items()}
    return by_name.get(name.lower())


def _load_bundled(own: bundled.BundledModel, preprocessing, names, options) -> KerasClassifier:
    keras = import_keras()

    def load() -> KerasClassifier:
        from camcore.models.keras_classifier import KerasClassifier

        model = keras.models.load_model(own.file, compile=False, safe_mode=True)
        return KerasClassifier(
            model,
            name=own.name,
            sha256=own.sha256,
            preprocessing=preprocessing or "none",
            class_names=names or own.class_names,
            **options,
        )

    return _in_fresh_thread(load)


def _load_catalogue(
    entry: CatalogueModel, weights: str, preprocessing, names, options
) -> KerasClassifier:
    keras = import_keras()
    build = getattr(keras.applications, entry.name)

    def load() -> KerasClassifier:
        from camcore.models.keras_classifier import KerasClassifier

        if weights == "random":
            with seeded(0):
                model = build(weights=None)
        else:
            try:
                model = build(weights="imagenet")
            except Exception as error:
                raise _not_fetched(entry, error) from error
        return KerasClassifier(
            model,
            name=entry.name if weights == "imagenet" else f"{entry.name}:weights=random",
            preprocessing=preprocessing or entry.preprocessing,
            class_names=names or imagenet_names(fetch=weights == "imagenet"),
            **options,
        )

    return _in_fresh_thread(load)


def _load_file(path: str, preprocessing, names, options) -> KerasClassifier:
    admitted = quarantine.admit(path)
    keras = import_keras()

    def load() -> KerasClassifier:
        from camcore.models.keras_classifier import KerasClassifier

        try:
            model = keras.models.load_model(admitted.path, compile=False, safe_mode=True)
        except Exception as error:
            raise ModelError(
                f"{Path(path).name}: Keras {keras.__version__} cannot load it "
                f"({_first_line(error)}); "
                "re-save it with the Keras that made it, as a .keras file."
            ) from error
        return KerasClassifier(
            model,
            name=Path(path).name,
            sha256=admitted.sha256,
            preprocessing=preprocessing,
            class_names=names,
            **options,
        )

    try:
        return _in_fresh_thread(load)
    finally:
        admitted.close()


def weights_folder() -> Path:
    """Where Keras keeps downloaded weights: ``models`` under KERAS_HOME, or under ``~/.keras``."""
    return Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "models"


def imagenet_names(fetch: bool = True) -> tuple[str, ...] | None:
    """Names of the 1000 ImageNet classes from Keras' own index file, or None without it.

    Parameters
    ----------
    fetch : bool
        Whether to let Keras download the file when it is not there yet.
    """
    keras = import_keras()
    file = weights_folder() / _CLASS_INDEX
    if fetch and not file.exists():

        def get() -> None:
            try:
                keras.utils.get_file(_CLASS_INDEX, _CLASS_INDEX_URL, cache_subdir="models")
            except Exception:
                return  # the classes go by their numbers

        worker = threading.Thread(target=get, daemon=True)
        worker.start()
        worker.join(_LABELS_PATIENCE)
    try:
        return read_labels(file)
    except (CamcoreError, OSError):
        return None


def imagenet_synsets() -> tuple[tuple[str, str], ...]:
    """Synset and name of ImageNet's 1000 classes; empty where Keras' index file is not here."""
    try:
        text = (weights_folder() / _CLASS_INDEX).read_text(encoding="utf-8")
        index = json.loads(text)
        return tuple((index[str(k)][0], index[str(k)][1]) for k in range(len(index)))
    except (OSError, ValueError, KeyError, IndexError, TypeError):
        return ()


@cache
def import_keras() -> Any:
    """Import Keras on TensorFlow, late and without its start-up messages on stderr."""
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with _silent_stderr():
        import keras
        import tensorflow as tf

        tf.constant(0)  # starts the runtime, which has messages of its own
    if keras.backend.backend() != "tensorflow":
        raise ModelError(
            f"Keras runs on {keras.backend.backend()!r} here; set KERAS_BACKEND=tensorflow."
        )
    return keras


@contextmanager
def _silent_stderr():
    """C++ start-up messages ignore Python's logging, so the descriptor itself is turned away."""
    try:
        kept = os.dup(2)
    except OSError:
        yield
        return
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    os.close(nothing)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _in_fresh_thread(load: Callable[[], Result]) -> Result:
    """Keras numbers unnamed layers by a counter of the thread; a new thread starts at the same
    number every time, so layer names can be written down and linked to."""
    outcome: list[Any] = []

    def run() -> None:
        try:
            outcome.extend((True, load()))
        except BaseException as error:
            outcome.extend((False, error))

    worker = threading.Thread(target=run, name="camcore-load")
    worker.start()
    worker.join()
    if not outcome[0]:
        raise outcome[1]
    return outcome[1]


@contextmanager
def seeded(seed: int):
    """Build random weights the same every time.

    Keras draws the seeds of its initialisers from Python's generator, which is given back after.
    """
    kept = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(kept)


def _not_fetched(entry: CatalogueModel, error: Exception) -> ModelError:
    folder = weights_folder()
    url = re.search(r"https?://\S+/([\w.-]+\.(?:h5|keras))", str(error))
    if url:
        return ModelError(
            f"the ImageNet weights of {entry.name} ({entry.megabytes} MB) could not be downloaded; "
            f"without a network put {url[1]} into {folder} (KERAS_HOME sets the folder above it), "
            f"or use {entry.name}:weights=random."
        )
    return ModelError(
        f"the ImageNet weights of {entry.name} could not be loaded ({_first_line(error)}); delete "
        f"a broken file in {folder} and try again, or use {entry.name}:weights=random."
    )


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__)[:200].rstrip(".")
