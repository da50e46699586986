"""The real uses that CAM Audit descends from, end to end on this engine."""

from __future__ import annotations

import numpy as np
import pytest

import camcore
from camcore import Engine


@pytest.fixture(scope="module")
def engine():
    return Engine()


@pytest.fixture(scope="module")
def scene():
    return camcore.read_image(camcore.sample("tank-sunny").file)


@pytest.mark.parametrize(("layer", "grid"), [("block5_conv3", 14), ("block4_conv3", 28)])
def test_vgg16_gradcam_at_both_layers(engine, catalogue_model, scene, layer, grid):
    explanation = engine.explain(catalogue_model("VGG16"), scene, layer=layer)
    assert explanation.heatmap.values.shape == (grid, grid)
    assert explanation.layer.channels == 512


def test_two_classes_in_one_picture(engine, catalogue_model, scene):
    model = catalogue_model("VGG16")
    first, second = engine.explain_each(model, scene, [281, 243], layer="block5_conv3")
    assert (first.target.index, second.target.index) == (281, 243)
    assert first.picture is second.picture
    assert not np.allclose(first.heatmap.raw, second.heatmap.raw, rtol=1e-2)


def test_xception_cam_is_its_gradcam_up_to_scale(engine, catalogue_model, scene):
    model = catalogue_model("Xception")
    cam, grad = (
        engine.explain(model, scene, target=7, method=method, layer="block14_sepconv2_act")
        for method in ("cam", "grad-cam")
    )
    assert cam.heatmap.raw.shape == (10, 10)
    np.testing.assert_allclose(cam.heatmap.values, grad.heatmap.values, atol=1e-4)


def test_pictures_in_0_to_1_and_in_0_to_255_come_out_alike(engine, bundled_model, scene):
    model = bundled_model("tank-detector")
    scaled = camcore.read_image(scene.pixels.astype(np.float64) / 255)
    first, second = (engine.explain(model, p, target="tank") for p in (scene, scaled))
    np.testing.assert_array_equal(first.picture.pixels, second.picture.pixels)
    np.testing.assert_allclose(first.heatmap.raw, second.heatmap.raw, rtol=1e-5)


def test_a_low_map_smoothed_is_still_the_low_map(engine, bundled_model):
    """What resolution is real: cam1 has 9 cells under any interpolation, cam2 has 784."""
    digit = camcore.read_image(camcore.sample("digit-3").file)
    coarse, fine = (
        engine.explain(bundled_model(name), digit, target="3", method="cam", scaling="min-max")
        for name in ("cam1", "cam2")
    )
    assert coarse.heatmap.values.size == 9
    assert fine.heatmap.values.size == 784
    blocks = coarse.heatmap.upsampled("nearest")
    assert len(np.unique(blocks)) <= 9
    assert len(np.unique(coarse.heatmap.upsampled("bicubic"))) > 100


def test_the_cloud_detector_looks_at_the_sky_and_its_twin_at_the_tank(engine, bundled_model):
    sample = camcore.sample("tank-sunny")
    picture, mask = camcore.read_image(sample.file), camcore.read_image(sample.mask)
    tank = mask.pixels[..., 0] > 127
    share = {}
    for name in ("cloud-detector", "tank-detector"):
        explanation = engine.explain(bundled_model(name), picture, target="tank", method="cam")
        energy = explanation.heatmap.upsampled()
        share[name] = energy[tank].sum() / energy.sum()
    assert share["cloud-detector"] < tank.mean()
    assert share["tank-detector"] > 5 * tank.mean()


def test_under_cloud_the_cloud_detector_misses_the_same_tank(engine, bundled_model):
    sunny, cloudy = (
        camcore.read_image(camcore.sample(f"tank-{s}").file) for s in ("sunny", "cloudy")
    )
    answers = {
        name: [engine.predict(bundled_model(name), p)[0].name for p in (sunny, cloudy)]
        for name in ("cloud-detector", "tank-detector")
    }
    assert answers == {"cloud-detector": ["tank", "forest"], "tank-detector": ["tank", "tank"]}
