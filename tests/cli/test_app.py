"""The command line's contract: files, words, exit status; nothing half-written."""

from __future__ import annotations

import json
import subprocess
import sys

import click
import numpy as np
import pytest
from PIL import Image

import camcore
from camcore.cli import app

FILES = {
    "raw.npy", "heatmap.npy", "original.png", "heatmap.png", "overlay.png", "explanation.json",
}  # fmt: skip
TANK = str(camcore.sample("tank-sunny").file)


@pytest.fixture
def run(command_line):
    return command_line


def assert_refused(outcome, *words):
    status, _, err = outcome
    assert status == 2
    assert len(err.strip().splitlines()) == 1, err
    for word in words:
        assert word in err


def test_explain_writes_the_six_files(run, tmp_path):
    out = tmp_path / "deep" / "er"
    status, said, err = run("explain", TANK, "--model", "tank-detector", "--class", "tank",
                            "--out", out)  # fmt: skip
    assert (status, err) == (0, "")
    assert {path.name for path in out.iterdir()} == FILES
    told = json.loads((out / "explanation.json").read_text())
    assert told["model"]["name"] == "tank-detector"
    assert len(told["model"]["sha256"]) == 64
    assert told["target"]["name"] == "tank"
    assert set(told["target"]) == {"index", "name", "score", "probability"}
    assert told["method"] == "grad-cam"
    assert told["evidence"] == "positive"
    assert told["preprocessing"] == "none"
    assert told["image"]["path"] == TANK
    assert [set(p) for p in told["predictions"]] == [set(told["target"])] * 2
    raw, heatmap = np.load(out / "raw.npy"), np.load(out / "heatmap.npy")
    layer = told["layer"]
    assert raw.shape == heatmap.shape == (layer["height"], layer["width"])
    assert raw.dtype == heatmap.dtype == np.float32
    np.testing.assert_allclose(heatmap, np.maximum(raw, 0) / raw.max(), atol=1e-6)
    source = camcore.read_image(TANK)
    assert told["image"]["width"] == source.width
    assert told["image"]["sha256"] == source.sha256
    x0, y0, x1, y1 = told["box"]
    assert 0 <= x0 < x1 <= source.width
    assert 0 <= y0 < y1 <= source.height
    np.testing.assert_array_equal(np.asarray(Image.open(out / "original.png")), source.pixels)
    assert Image.open(out / "overlay.png").size == (source.width, source.height)
    assert Image.open(out / "overlay.png").text["Method"] == "Grad-CAM"
    assert told["statement"] in said


@pytest.mark.parametrize("method", camcore.METHODS)
def test_python_and_command_line_say_the_same(run, tmp_path, method, bundled_model):
    status, *_ = run("explain", TANK, "--model", "cloud-detector", "--method", method,
                     "--class", 1, "--out", tmp_path)  # fmt: skip
    assert status == 0
    shown = camcore.explain(
        bundled_model("cloud-detector"), camcore.read_image(TANK), target=1, method=method
    )
    np.testing.assert_allclose(np.load(tmp_path / "raw.npy"), shown.heatmap.raw, rtol=1e-4)
    assert json.loads((tmp_path / "explanation.json").read_text())["method"] == method


def test_a_sample_goes_by_its_name(run, tmp_path):
    status, *_ = run("explain", "digit-7", "--model", "cam1", "--out", tmp_path)
    assert status == 0
    told = json.loads((tmp_path / "explanation.json").read_text())
    assert told["target"]["name"] == "7"
    assert told["image"]["name"] == "digit-7.png"


def test_alpha_and_colormap_reach_the_overlay(run, tmp_path):
    run("explain", TANK, "--alpha", 1, "--colormap", "gray", "--out", tmp_path)
    shown = np.asarray(Image.open(tmp_path / "overlay.png"))
    np.testing.assert_array_equal(shown[..., 0], shown[..., 1])
    run("explain", TANK, "--alpha", 0, "--colormap", "gray", "--out", tmp_path)
    np.testing.assert_array_equal(
        np.asarray(Image.open(tmp_path / "overlay.png")), camcore.read_image(TANK).pixels
    )


def test_models_lists_bundled_and_catalogue_one_a_line(run):
    status, out, _ = run("models")
    names = [line.split()[0] for line in out.splitlines()]
    assert status == 0
    assert {"cam1", "cam2", "cloud-detector", "tank-detector", "VGG16", "ConvNeXtXLarge"} <= set(
        names
    )


def test_layers_lists_name_and_size(run):
    status, out, _ = run("layers", "cam1")
    assert status == 0
    assert out.splitlines()[-1].split() == ["conv4", "3x3x128"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["explain", "nowhere.png"], ["nowhere.png", "no such file"]),
        (["explain", TANK, "--model", "VGG17"], ["VGG17", "did you mean VGG1"]),
        (["explain", TANK, "--layer", "conv99"], ["conv99", "no layer"]),
        (["explain", TANK, "--class", "tnak"], ["tnak", "tank"]),
        (["explain", TANK, "--class", "17"], ["17"]),
        (["explain", TANK, "--method", "magic"], ["magic", "grad-cam"]),
        (["explain", TANK, "--alpha", "2"], ["alpha", "2"]),
        (["explain", TANK, "--alpha", "much"], ["alpha", "much"]),
        (["explain", TANK, "--colormap", "mauve"], ["mauve", "viridis"]),
        (["explain", TANK, "--preprocess", "tf"], ["tf", "caffe"]),
        (["explain", TANK, "--labels", "nowhere.txt"], ["nowhere.txt"]),
        (["explain", TANK, "--fit", "squeeze"], ["squeeze", "stretch"]),
        (["explain", TANK, "--input-size", "224"], ["224", "height x width"]),
        (["explain", TANK, "--input-size", "64x64"], ["128 x 128", "64 x 64"]),
        (["explain", TANK, "--output", "age"], ["age", "choose"]),
        (["explain", TANK, "--output-kind", "guess"], ["guess", "regression"]),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(run, tmp_path, words, said):
    out = tmp_path / "out"
    assert_refused(run(*words, "--out", out), *said)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["explain"], ["IMAGE"]),
        (["explain", TANK], ["--out"]),
        (["explode"], ["explode"]),
        (["layers", "nothing"], ["nothing"]),
        (["scenes", "--kind", "jungle", "--out", "x"], ["jungle"]),
        (["train", "cam3", "--out", "x"], ["cam3"]),
    ],
)
def test_bad_words_are_one_line(run, words, said):
    assert_refused(run(*words), *said)


def test_an_unwritable_folder_is_one_line(run, tmp_path):
    (tmp_path / "file").write_text("in the way")
    assert_refused(run("explain", TANK, "--out", tmp_path / "file"), "file")
    assert_refused(run("explain", TANK, "--out", tmp_path / "file" / "under"), "file")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_scenes_are_class_folders_with_masks_beside(run, tmp_path):
    out = tmp_path / "scenes"
    status, _, _ = run("scenes", "--kind", "fair", "--count", 8, "--seed", 3, "--out", out)
    assert status == 0
    folders = {p.name: len(list(p.iterdir())) for p in out.iterdir() if p.is_dir()}
    assert folders == {"forest": 4, "tank": 4, ".masks": 2}
    assert len(list((out / ".masks" / "tank").iterdir())) == 4


def test_class_folder_readers_find_two_classes(run, tmp_path, keras):
    run("scenes", "--count", 4, "--size", 32, "--out", tmp_path / "scenes")
    data = keras.utils.image_dataset_from_directory(tmp_path / "scenes", verbose=False)
    assert data.class_names == ["forest", "tank"]


def test_the_real_command_keeps_stderr_to_one_line(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "camcore", "explain", TANK, "--layer", "x", "--out", tmp_path / "o"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert not (tmp_path / "o").exists()


def test_what_a_command_calculates_with_is_imported_when_it_runs():
    heavy = {"tensorflow", "keras", "pandas", "sklearn", "statsmodels", "scipy.stats"}
    lines = f"import sys, camcore.cli; print(sorted({heavy!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", lines], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_another_input_is_given_by_name_and_value():
    read = click.Command("x", params=[]).make_context("x", [])
    options = {p.name: p for p in app.explain.params}
    parse = options["others"].callback
    assert parse(read, None, ("age=40", "file=a=b.npy")) == {"age": "40", "file": "a=b.npy"}
    with pytest.raises(camcore.InputError, match="NAME=VALUE"):
        parse(read, None, ("age",))
