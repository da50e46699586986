"""Training a bundled network: a loadable file at the end, or a clear refusal and no file."""

from __future__ import annotations

import hashlib
import json
import zipfile

import numpy as np
import pytest

from camcore.errors import InputError
from camcore.making import training
from camcore.making.digits import render_digit
from camcore.making.mnist import load_mnist
from camcore.making.scenes import scenes
from camcore.making.training import train


@pytest.fixture(scope="module")
def mnist_file(tmp_path_factory):
    """A small file in MNIST's layout, of rendered digits."""

    def part(seeds):
        pairs = [(render_digit(digit, seed), digit) for seed in seeds for digit in range(10)]
        pixels, labels = zip(*pairs, strict=True)
        return np.stack(pixels), np.array(labels, np.uint8)

    path = tmp_path_factory.mktemp("mnist") / "mnist.npz"
    (x_train, y_train), (x_test, y_test) = part(range(30)), part(range(100, 102))
    np.savez(path, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
    return path


@pytest.mark.parametrize(("name", "maps"), [("cam1", (3, 3)), ("cam2", (28, 28))])
def test_one_epoch_makes_a_loadable_model(name, maps, mnist_file, tmp_path, keras):
    reports = []
    done = train(
        name,
        tmp_path / "model.keras",
        mnist=mnist_file,
        epochs=1,
        progress=lambda epoch, epochs, logs: reports.append((epoch, epochs, set(logs))),
    )
    assert reports == [(1, 1, {"loss", "accuracy", "val_loss", "val_accuracy"})]
    assert [path.name for path in tmp_path.iterdir()] == ["model.keras"]
    assert done.sha256 == hashlib.sha256(done.file.read_bytes()).hexdigest()
    with zipfile.ZipFile(done.file) as archive:
        assert not json.loads(archive.read("config.json")).get("compile_config")

    model = keras.models.load_model(done.file, compile=False)
    assert model.get_layer("conv4").output.shape[1:] == (*maps, 128)
    digits = load_mnist(mnist_file)
    probabilities = model.predict(digits.test_pixels[..., None], verbose=0)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert done.accuracy == {"test": (probabilities.argmax(axis=1) == digits.test_labels).mean()}
    assert done.parameters == model.count_params()


@pytest.mark.slow
def test_the_same_seed_trains_the_same_model(mnist_file, tmp_path, keras):
    def weights(seed):
        done = train("cam1", tmp_path / "m.keras", mnist=mnist_file, epochs=1, seed=seed)
        return keras.models.load_model(done.file, compile=False).get_weights()[0]

    first = weights(1)
    np.testing.assert_allclose(weights(1), first, atol=1e-5)
    assert np.abs(weights(2) - first).max() > 0.01


@pytest.mark.slow
def test_enough_epochs_learn_the_digits(mnist_file, tmp_path):
    done = train("cam1", tmp_path / "m.keras", mnist=mnist_file, epochs=30)
    assert done.accuracy["test"] >= 0.9
    assert 1 < done.best_epoch <= 30


def test_the_best_epoch_is_kept(mnist_file, tmp_path, monkeypatch, keras):
    """Whatever an epoch after the best one does to the weights is undone."""
    seen = []

    class Spoiler(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(self.model.get_weights()[0])
            logs["val_accuracy"], logs["val_loss"] = [(0.5, 1.0), (0.9, 0.3), (0.9, 0.4)][epoch]

    make = training._best_epoch_callback

    def spoiled(epochs, progress):
        keep, spoiler = make(epochs, progress), Spoiler()
        original = keep.on_epoch_end

        def on_epoch_end(epoch, logs=None):
            spoiler.set_model(keep.model)
            spoiler.on_epoch_end(epoch, logs)
            original(epoch, logs)

        keep.on_epoch_end = on_epoch_end
        return keep

    monkeypatch.setattr(training, "_best_epoch_callback", spoiled)
    done = train("cam1", tmp_path / "m.keras", mnist=mnist_file, epochs=3)
    kept = keras.models.load_model(done.file, compile=False).get_weights()[0]
    assert done.best_epoch == 2
    np.testing.assert_array_equal(kept, seen[1])
    assert not np.array_equal(seen[1], seen[2])


@pytest.mark.slow
def test_a_scene_model_is_tested_on_every_kind(tmp_path, monkeypatch, keras):
    monkeypatch.setattr(training, "held_out_scenes", lambda kind: scenes(kind, 4, seed=1))
    done = train("cloud-detector", tmp_path / "m.keras", epochs=1, scene_count=8)
    assert set(done.accuracy) == {"laboratory", "field", "fair"}
    model = keras.models.load_model(done.file, compile=False)
    assert model.input_shape == (None, 128, 128, 3)
    assert model.get_layer("conv5").output.shape[1:3] == (16, 16)
    pixels, labels = training.scene_arrays(scenes("field", 4, seed=1))
    predicted = model.predict(pixels, verbose=0).argmax(axis=1)
    assert done.accuracy["field"] == (predicted == labels).mean()


def test_scene_labels_are_class_indices():
    pixels, labels = training.scene_arrays(scenes("laboratory", 4, seed=0, size=32))
    assert pixels.shape == (4, 32, 32, 3)
    assert labels.tolist() == [0, 1, 0, 1]
    assert training.SCENE_CLASSES == ("forest", "tank")


def test_training_scenes_and_held_out_scenes_share_none(monkeypatch):
    used = []

    def spy(kind, count, seed):
        used.append((kind, seed))
        return scenes(kind, 4, seed, size=32)

    monkeypatch.setattr(training, "scenes", spy)
    training._scene_data("fair", 4)
    for kind in training.KINDS:
        list(training.held_out_scenes(kind))
    fair = [seed for kind, seed in used if kind == "fair"]
    assert len(set(fair)) == 3, "training, validation and test"


@pytest.mark.parametrize(
    ("name", "out", "options", "named"),
    [
        ("cam3", "m.keras", {}, "cam3"),
        ("cam1", "m.h5", {}, r"m\.h5"),
        ("cam1", "missing/m.keras", {}, "missing"),
        ("cam1", "m.keras", {"epochs": 0}, "epochs is 0"),
        ("cloud-detector", "m.keras", {"scene_count": 0}, "scene_count is 0"),
        ("cam1", "m.keras", {"mnist": "nowhere.npz"}, r"nowhere\.npz"),
    ],
)
def test_wrong_arguments_are_named_and_leave_no_file(name, out, options, named, tmp_path):
    with pytest.raises(InputError, match=named):
        train(name, tmp_path / out, **options)
    assert not list(tmp_path.iterdir())


def test_an_interrupted_training_leaves_the_older_file(mnist_file, tmp_path):
    out = tmp_path / "m.keras"
    out.write_bytes(b"older")

    def stop(epoch, epochs, logs):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train("cam1", out, mnist=mnist_file, epochs=2, progress=stop)
    assert out.read_bytes() == b"older"
    assert list(tmp_path.iterdir()) == [out]


def _arrays(**changed):
    digits = {
        "x_train": np.zeros((4, 28, 28), np.uint8),
        "y_train": np.zeros(4, np.uint8),
        "x_test": np.zeros((2, 28, 28), np.uint8),
        "y_test": np.zeros(2, np.uint8),
    }
    return {name: value for name, value in (digits | changed).items() if value is not None}


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"y_test": None}, "y_test"),
        ({"x_train": np.zeros((4, 32, 32), np.uint8)}, r"\(4, 32, 32\)"),
        ({"x_train": np.zeros((4, 28, 28), np.float32)}, "float32"),
        ({"y_train": np.zeros(3, np.uint8)}, r"\(3,\) for 4 pictures"),
        ({"y_train": np.full(4, 10, np.uint8)}, "to 10"),
        ({"y_test": np.zeros(2)}, "float64"),
        ({"x_train": np.array([{}] * 4, object)}, "x_train"),
    ],
)
def test_a_file_that_is_not_mnist_is_refused(changed, named, tmp_path):
    np.savez(tmp_path / "m.npz", **_arrays(**changed))
    with pytest.raises(InputError, match=named):
        load_mnist(tmp_path / "m.npz")


def test_a_file_that_is_no_npz_is_refused(tmp_path):
    for content in (b"", b"no arrays", b"PK\x03\x04 broken"):
        (tmp_path / "m.npz").write_bytes(content)
        with pytest.raises(InputError, match=r"m\.npz"):
            load_mnist(tmp_path / "m.npz")


def test_without_a_network_mnist_says_where_to_put_it(monkeypatch, keras):
    def fail():
        raise Exception("URL fetch failure: no route to host")

    monkeypatch.setattr(keras.datasets.mnist, "load_data", fail)
    with pytest.raises(InputError, match=r"mnist\.npz at .*datasets.* --mnist FILE"):
        load_mnist()
