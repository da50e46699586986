"""The committed models and samples: as recorded, and as honest as their titles."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from PIL import Image

from camcore.bundled import MODELS, SAMPLES
from camcore.bundled.registry import read_models
from camcore.making import scenes as renderer
from camcore.making.digits import render_digit
from camcore.making.landscape.camera import Camera
from camcore.making.make import SAMPLE_SCENES, SAMPLE_SIZE
from camcore.making.networks import NETWORKS
from camcore.making.scenes import render_scene, scenes
from camcore.making.training import scene_arrays

FOREST, TANK = 0, 1
BY_NAME = {model.name: model for model in MODELS}
SAMPLE = {sample.name: sample for sample in SAMPLES}


@pytest.fixture(scope="module")
def network(keras):
    loaded = {}

    def get(name):
        if name not in loaded:
            loaded[name] = keras.models.load_model(BY_NAME[name].file, compile=False)
        return loaded[name]

    return get


@pytest.fixture(scope="module")
def fair():
    """Scenes that no model has seen; half of them are laboratory scenes, half field scenes."""
    return list(scenes("fair", 240, seed=77))


def test_every_model_is_there_as_recorded():
    assert list(BY_NAME) == ["cam1", "cam2", "cloud-detector", "tank-detector"]
    for model in MODELS:
        assert hashlib.sha256(model.file.read_bytes()).hexdigest() == model.sha256
        assert model.title
        assert model.description.endswith(".")
        assert 1 <= model.best_epoch <= model.epochs
    assert sum(model.file.stat().st_size for model in MODELS) < 3e6
    with pytest.raises(FrozenInstanceError):
        MODELS[0].name = "other"


@pytest.mark.parametrize("name", list(NETWORKS))
def test_a_file_holds_the_network_that_the_code_defines(name, network):
    model, defined = network(name), NETWORKS[name]()
    assert [layer.name for layer in model.layers] == [layer.name for layer in defined.layers]
    assert [w.shape for w in model.weights] == [w.shape for w in defined.weights]
    assert model.input_shape == (None, *BY_NAME[name].input_shape)
    assert model.output_shape == (None, len(BY_NAME[name].class_names))
    assert model.count_params() == BY_NAME[name].parameters


def test_recorded_accuracies_meet_their_promises():
    assert BY_NAME["cam1"].accuracy["test"] >= 0.99
    assert BY_NAME["cam2"].accuracy["test"] >= 0.985
    cloud, tank = (BY_NAME[f"{what}-detector"].accuracy for what in ("cloud", "tank"))
    assert cloud["laboratory"] >= 0.99
    assert 0.45 <= cloud["fair"] <= 0.60
    assert cloud["field"] <= 0.05
    assert min(tank.values()) >= 0.95


def test_no_models_where_none_were_made(tmp_path):
    assert read_models(tmp_path / "models.json") == ()


@pytest.mark.parametrize("name", ["cam1", "cam2"])
def test_the_digit_models_read_rendered_digits(name, network):
    pixels = np.stack([render_digit(digit, seed) for digit in range(10) for seed in range(5)])
    probabilities = network(name).predict(pixels[..., None], verbose=0)
    truth = np.repeat(np.arange(10), 5)
    assert (probabilities.argmax(axis=1) == truth).mean() >= 0.98
    assert np.median(probabilities[np.arange(50), truth]) > 0.95


def test_the_cloud_detector_shines_in_the_laboratory_and_fails_in_the_field(network, fair):
    pixels, labels = scene_arrays(fair)
    right = network("cloud-detector").predict(pixels, verbose=0).argmax(axis=1) == labels
    laboratory = np.array([scene.tank == scene.sunny for scene in fair])
    assert right[laboratory].mean() >= 0.99
    assert right[~laboratory].mean() <= 0.05
    assert 0.45 <= right.mean() <= 0.55


def test_the_tank_detector_finds_tanks_under_any_sky(network, fair):
    pixels, labels = scene_arrays(fair)
    right = network("tank-detector").predict(pixels, verbose=0).argmax(axis=1) == labels
    for tank in (True, False):
        for sunny in (True, False):
            cell = [scene.tank == tank and scene.sunny == sunny for scene in fair]
            assert right[cell].mean() >= 0.95, (tank, sunny)


def _evidence(keras, model, pixels, target):
    """Positive class evidence by CAM, (N, 16, 16), each map with the sum 1 or without any."""
    inner = keras.Model(model.inputs, model.get_layer("conv5").output)
    weights = model.get_layer("scores").get_weights()[0]
    maps = np.maximum(inner.predict(pixels, verbose=0) @ weights[:, target], 0)
    return maps / np.maximum(maps.sum(axis=(1, 2), keepdims=True), 1e-9)


def _cells(mask):
    """The cells of a 16x16 map that a mask (128, 128) touches by a twentieth at least."""
    return mask.reshape(16, 8, 16, 8).mean(axis=(1, 3)) > 0.05


def test_the_tank_detector_looks_at_the_tank(keras, network, fair):
    chosen = [scene for scene in fair if scene.tank][:60]
    cells = np.stack([_cells(scene.mask) for scene in chosen])
    pixels = np.stack([scene.pixels for scene in chosen])
    maps = _evidence(keras, network("tank-detector"), pixels, TANK)
    share, area = (maps * cells).sum(axis=(1, 2)).mean(), cells.mean()
    assert share > 4 * area
    cloud = _evidence(keras, network("cloud-detector"), pixels, TANK)
    assert (cloud * cells).sum(axis=(1, 2)).mean() < area


def _sky(seed, monkeypatch):
    """Where the sky is seen in a sunny scene without a tank: the places that its color moves."""
    camera = Camera(np.ones(3), 1.0, 1.0, 0.0, 0.0, 0)
    monkeypatch.setattr(Camera, "drawn", lambda rng: camera)
    paint = renderer.paint_sky
    seen = []
    for gray in (0.2, 0.6):

        def plain(sunny, rng, texture, horizon, gray=gray):
            canvas, light = paint(sunny, rng, texture, horizon)
            return np.full_like(canvas, gray), light

        monkeypatch.setattr(renderer, "paint_sky", plain)
        scene = render_scene(tank=False, sunny=True, seed=seed)
        seen.append(scene.pixels[..., 1].astype(float) / 255)
    monkeypatch.undo()
    return (seen[1] - seen[0]) / 0.4 > 0.5


def test_the_cloud_detector_looks_at_the_sky(keras, network, fair, monkeypatch):
    chosen = [scene for scene in fair if scene.sunny and not scene.tank][:30]
    cells = np.stack([_cells(_sky(scene.seed, monkeypatch)) for scene in chosen])
    assert 0.1 < cells.mean() < 0.6
    maps = _evidence(
        keras, network("cloud-detector"), np.stack([scene.pixels for scene in chosen]), TANK
    )
    assert (maps * cells).sum(axis=(1, 2)).mean() > max(0.6, 1.5 * cells.mean())


@pytest.mark.parametrize("name", list(SAMPLE))
def test_a_sample_is_what_the_code_renders(name):
    sample = SAMPLE[name]
    pixels = np.asarray(Image.open(sample.file))
    assert set(sample.models) <= set(BY_NAME)
    if name not in SAMPLE_SCENES:
        np.testing.assert_array_equal(pixels, render_digit(int(name[-1])))
        return
    scene = render_scene(**SAMPLE_SCENES[name], size=SAMPLE_SIZE)
    assert np.abs(pixels.astype(int) - scene.pixels).mean() < 6, "as near as a JPEG comes"
    assert (sample.mask is not None) == scene.tank
    if sample.mask is not None:
        np.testing.assert_array_equal(np.asarray(Image.open(sample.mask)) > 127, scene.mask)


def test_samples_are_small_and_well_named():
    files = [part for sample in SAMPLES for part in (sample.file, sample.mask) if part is not None]
    assert sum(path.stat().st_size for path in files) < 1e6
    assert len(SAMPLE) == len(SAMPLES)
    assert {sample.file.suffix for sample in SAMPLES} <= {".png", ".jpg"}


def test_samples_tell_the_legend(network):
    for name, options in SAMPLE_SCENES.items():
        picture = Image.open(SAMPLE[name].file).resize((128, 128), Image.Resampling.BILINEAR)
        pixels = np.asarray(picture)[None]
        by_sky = network("cloud-detector").predict(pixels, verbose=0)[0]
        by_tank = network("tank-detector").predict(pixels, verbose=0)[0]
        assert by_sky.argmax() == (TANK if options["sunny"] else FOREST), name
        assert by_tank.argmax() == (TANK if options["tank"] else FOREST), name
        assert min(by_sky.max(), by_tank.max()) > 0.8, name


def test_sample_digits_are_read_with_good_confidence(network):
    for sample in SAMPLES:
        if not sample.name.startswith("digit-"):
            continue
        pixels = np.asarray(Image.open(sample.file))[None, ..., None]
        for name in ("cam1", "cam2"):
            assert network(name).predict(pixels, verbose=0)[0, int(sample.name[-1])] > 0.95


def test_nothing_here_loads_tensorflow_before_it_is_needed():
    modules = "scenes, digits, networks, mnist, training, make"
    code = (
        "import sys; from camcore.bundled import registry; "
        f"from camcore.making import {modules}; print('tensorflow' in sys.modules)"
    )
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert process.stdout.strip() == "False"
