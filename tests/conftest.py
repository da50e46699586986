"""Models built once a session, tiny where they can be, all with random weights."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import camcore
from camcore.cli import app as cli
from camcore.models.keras.loading import import_keras
from camcore.models.loading import load_model


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory):
    """Nothing that a test admits is remembered for the person who runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CAMCORE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True)
def _own_main(monkeypatch):
    """Streamlit's tests put their page in the place of the main module, which processes that are
    started later would run."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


@pytest.fixture(scope="session")
def keras():
    return import_keras()


@pytest.fixture(scope="session")
def catalogue_model():
    """Load a catalogue model with random weights, once a session."""
    loaded: dict[str, camcore.Classifier] = {}

    def get(name: str) -> camcore.Classifier:
        if name not in loaded:
            loaded[name] = load_model(f"{name}:weights=random")
        return loaded[name]

    return get


@pytest.fixture(scope="session")
def bundled_model():
    """Load a bundled model, once a session."""
    loaded: dict[str, camcore.Classifier] = {}

    def get(name: str) -> camcore.Classifier:
        if name not in loaded:
            loaded[name] = load_model(name)
        return loaded[name]

    return get


@pytest.fixture(scope="session")
def tiny_model(keras):
    """Functional, two convolutions, flatten and two dense layers: no GAP, softmax fused."""
    keras.utils.set_random_seed(3)
    images = keras.Input((12, 10, 3))
    x = keras.layers.Conv2D(4, 3, activation="tanh", name="early")(images)
    x = keras.layers.MaxPooling2D(name="pool")(x)
    x = keras.layers.Conv2D(5, 3, activation="tanh", name="late")(x)
    x = keras.layers.Flatten()(x)
    x = keras.layers.Dense(6, activation="tanh")(x)
    return keras.Model(images, keras.layers.Dense(3, activation="softmax")(x), name="tiny")


@pytest.fixture(scope="session")
def gap_model(keras):
    """Functional, global average pooling and one dense layer, softmax fused."""
    keras.utils.set_random_seed(4)
    images = keras.Input((12, 12, 3))
    x = keras.layers.Conv2D(6, 3, activation="relu", name="early")(images)
    x = keras.layers.Conv2D(7, 3, strides=2, activation="relu", name="late")(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    x = keras.layers.Dropout(0.5)(x)
    return keras.Model(images, keras.layers.Dense(4, activation="softmax")(x), name="gap")


@pytest.fixture
def images():
    """Preprocessed random images of a given shape."""

    def make(count: int, shape: tuple[int, int, int], seed: int = 0) -> np.ndarray:
        return np.random.default_rng(seed).uniform(-1, 1, (count, *shape)).astype(np.float32)

    return make


@pytest.fixture
def picture():
    """A smooth random picture with an object-like blob."""

    def make(height: int = 60, width: int = 80, seed: int = 0) -> camcore.Picture:
        rng = np.random.default_rng(seed)
        rows, columns = np.mgrid[:height, :width]
        blob = np.exp(-((rows - height / 3) ** 2 + (columns - width / 2) ** 2) / (height * 4))
        pixels = np.clip(
            255 * blob[..., None] * rng.uniform(0.3, 1, 3) + rng.uniform(0, 60), 0, 255
        )
        return camcore.read_image(pixels.astype(np.uint8), name=f"blob-{seed}.png")

    return make


@pytest.fixture
def command_line(monkeypatch, capsys):
    """Run the command line in this process; gives exit status, stdout and stderr."""

    def call(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["camcore", *map(str, words)])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        out, err = capsys.readouterr()
        return stop.value.code, out, err

    return call
