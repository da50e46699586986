"""Keras models by name or from an inspected file."""

from __future__ import annotations

import os
import random
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from camcore import bundled
from camcore.errors import ModelError
from camcore.models.catalogue import CatalogueModel
from camcore.models.imagenet import imagenet_names

if TYPE_CHECKING:
    from camcore.models.keras.classifier import KerasClassifier
    from camcore.models.quarantine.admission import AdmittedModel


Result = TypeVar("Result")


def load_bundled(
    entry: bundled.BundledModel,
    preprocessing: str | None,
    names: Sequence[str] | None,
    options: dict[str, Any],
) -> KerasClassifier:
    """A network that comes with the package."""
    keras = import_keras()

    def load() -> KerasClassifier:
        from camcore.models.keras.classifier import KerasClassifier

        model = keras.models.load_model(entry.file, compile=False, safe_mode=True)
        return KerasClassifier(
            model,
            name=entry.name,
            sha256=entry.sha256,
            preprocessing=preprocessing or "none",
            class_names=names or entry.class_names,
            **options,
        )

    return _in_fresh_thread(load)


def load_catalogue(
    entry: CatalogueModel,
    weights: str,
    preprocessing: str | None,
    names: Sequence[str] | None,
    options: dict[str, Any],
) -> KerasClassifier:
    """A network of `keras.applications`, with ImageNet's weights or random ones."""
    keras = import_keras()
    build = getattr(keras.applications, entry.name)

    def load() -> KerasClassifier:
        from camcore.models.keras.classifier import KerasClassifier

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
            class_names=names or imagenet_names(),
            **options,
        )

    return _in_fresh_thread(load)


def load_keras(
    admitted: AdmittedModel,
    name: str,
    preprocessing: str | None,
    names: Sequence[str] | None,
    options: dict[str, Any],
) -> KerasClassifier:
    """A network from a file that the quarantine has let in."""
    keras = import_keras()

    def load() -> KerasClassifier:
        from camcore.models.keras.classifier import KerasClassifier

        try:
            model = keras.models.load_model(admitted.path, compile=False, safe_mode=True)
        except Exception as error:
            raise ModelError(
                f"{name}: Keras {keras.__version__} cannot load it "
                f"({_first_line(error)}); "
                "re-save it with the Keras that made it, as a .keras file."
            ) from error
        return KerasClassifier(
            model,
            name=name,
            sha256=admitted.sha256,
            preprocessing=preprocessing,
            class_names=names,
            **options,
        )

    return _in_fresh_thread(load)


def weights_folder() -> Path:
    """Where Keras keeps downloaded weights: ``models`` under KERAS_HOME, or under ``~/.keras``."""
    return Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "models"


_importing = threading.Lock()


def import_keras() -> Any:
    """Import Keras on TensorFlow, late and without its start-up messages on stderr."""
    # The standard error belongs to the whole process: two that turn it away at once would each
    # keep what the other has made of it.
    with _importing:
        return _imported_keras()


@cache
def _imported_keras() -> Any:
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
def _silent_stderr() -> Iterator[None]:
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
    """Load in a thread of its own, so that layer names can be written down and linked to.

    Keras numbers unnamed layers by a counter of the thread, which starts anew in a new one.
    """
    loaded: list[Result] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            loaded.append(load())
        except BaseException as error:
            failed.append(error)

    worker = threading.Thread(target=run, name="camcore-load")
    worker.start()
    worker.join()
    if failed:
        raise failed[0]
    return loaded[0]


@contextmanager
def seeded(seed: int) -> Iterator[None]:
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
