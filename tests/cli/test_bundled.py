"""`train` and `retrofit` on the command line: what they say, and what is in the folder then."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from PIL import Image

from camcore import retrofitting
from camcore.errors import InputError
from camcore.making import training
from camcore.making.digits import render_digit
from camcore.models.labels import read_labels


@pytest.fixture(scope="module")
def mnist_file(tmp_path_factory):
    pixels = np.stack([render_digit(k % 10, k) for k in range(60)])
    labels = np.arange(60, dtype=np.uint8) % 10
    path = tmp_path_factory.mktemp("mnist") / "mnist.npz"
    np.savez(path, x_train=pixels[:40], y_train=labels[:40], x_test=pixels, y_test=labels)
    return path


@pytest.fixture
def folders(tmp_path):
    for digit in (2, 7):
        folder = tmp_path / "data" / f"digit {digit}"
        folder.mkdir(parents=True)
        for seed in range(6):
            Image.fromarray(render_digit(digit, seed)).save(folder / f"{seed}.png")
    return tmp_path / "data"


def test_train_says_the_accuracy_and_writes_the_file(command_line, mnist_file, tmp_path):
    out = tmp_path / "own.keras"
    status, said, err = command_line(
        "train", "cam1", "--mnist", mnist_file, "--epochs", 2, "--out", out
    )
    assert status == 0
    first, last = said.splitlines()
    assert first.startswith("accuracy, test: 0.")
    assert last == f"wrote {out}"
    assert [path.name for path in tmp_path.iterdir()] == ["own.keras"]
    lines = err.splitlines()
    assert lines[0] == "training"
    assert [line.split("  ")[0] for line in lines[1:]] == ["epoch 1/2", "epoch 2/2"]
    assert all("loss" in line and "validation accuracy" in line for line in lines[1:])


def test_every_batch_and_every_scene_is_a_step(mnist_file, tmp_path, monkeypatch):
    told = []
    training.train(
        "cam1",
        tmp_path / "own.keras",
        mnist=mnist_file,
        epochs=3,
        watch=lambda *now: told.append(now),
    )
    assert told == [("training", done, 3) for done in (1, 2, 3)]

    scenes = training.scenes
    monkeypatch.setattr(training, "scenes", lambda kind, count, seed: scenes(kind, count, seed, 32))
    monkeypatch.setattr(training, "held_out_scenes", lambda kind: scenes(kind, 2, 1, 32))
    monkeypatch.setattr(training, "TEST_SCENES", 2)
    told.clear()
    training._scene_data("fair", 8, lambda *now: told.append(now))
    assert told == [("rendering", done, 18) for done in range(1, 19)]


def test_on_a_terminal_the_bar_moves_and_tells_the_epoch(command_line, monkeypatch):
    def train(name, out, *, mnist, epochs, progress, watch):
        for done in (1, 2):
            watch("training", done, 2)
        progress(1, 1, {"loss": 0.25, "val_accuracy": 0.75})
        return training.Training(name, out, {"test": 0.5}, 1, 1, 0, 10, 1.0, "")

    monkeypatch.setattr(training, "train", train)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    status, said, err = command_line("train", "cam1", "--out", "own.keras")
    assert (status, said) == (0, "accuracy, test: 0.5000\nwrote own.keras\n")
    drawn = err.split("\r")[-1]
    assert "2/2" in drawn
    assert "epoch 1/1  loss 0.2500  validation accuracy 0.7500" in drawn


def test_retrofit_says_how_to_use_what_it_wrote(command_line, folders, tmp_path):
    out = tmp_path / "own.keras"
    status, said, err = command_line("retrofit", "cam1", "--data", folders, "--out", out)
    labels = tmp_path / "own.labels.txt"
    assert (status, err) == (0, "features\n")
    assert said.splitlines() == [
        "images: 12, classes: digit 2, digit 7",
        "maps: conv4",
        "accuracy, training: 1.0000",
        "accuracy, validation: 1.0000",
        f"wrote {out}; use it with --model {out} --labels {labels}",
        f"next: python -m camcore audit {folders} --model {out} --class-names {labels} --out RUN",
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", out.name, labels.name]
    assert read_labels(labels) == ("digit 2", "digit 7")


def test_every_option_reaches_retrofit(command_line, monkeypatch):
    asked = {}

    def spy(backbone, data, out, *, progress, **options):
        asked.update(options, backbone=backbone, data=data, out=str(out))
        raise InputError("enough.")

    monkeypatch.setattr(retrofitting, "retrofit", spy)
    status, _, err = command_line(
        "retrofit", "VGG16", "--data", "d", "--out", "o.keras", "--layer", "block4_conv3",
        "--preprocess", "caffe", "--validation", 0.3, "--seed", 5, "--split", "train",
        "--stretch", "12-bit",
    )  # fmt: skip
    assert (status, err) == (2, "camcore: enough.\n")
    assert asked == {
        "backbone": "VGG16", "data": "d", "out": "o.keras", "layer": "block4_conv3",
        "preprocessing": "caffe", "validation": 0.3, "seed": 5, "split": "train",
        "stretch": "12-bit",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["cam1", "--out", "own.keras"], "--data"),
        (["cam9", "--data", "data", "--out", "own.keras"], "cam9"),
        (["cam1", "--data", "nowhere", "--out", "own.keras"], "nowhere"),
        (["cam1", "--data", "data", "--out", "own.onnx"], "own.onnx"),
        (["cam1", "--data", "data", "--out", "own.keras", "--layer", "conv9"], "conv9"),
        (["cam1", "--data", "data", "--out", "own.keras", "--validation", "2"], "validation"),
        (["cam1", "--data", "data", "--out", "own.keras", "--seed", "-1"], "--seed"),
    ],
)
def test_what_does_not_fit_is_one_line(command_line, folders, monkeypatch, words, said):
    monkeypatch.chdir(folders.parent)
    status, out, err = command_line("retrofit", *words)
    assert (status, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert said in err
    assert [path.name for path in folders.parent.iterdir()] == ["data"]
