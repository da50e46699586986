"""Methods of many passes on networks in NumPy whose answer is known on paper."""

from __future__ import annotations

import numpy as np
import pytest

from camcore.classifier import Layer
from camcore.methods import METHODS
from camcore.methods.perturbed import ablation_cam, score_cam
from camcore.methods.variant_scores import variant_scores
from camcore.methods.variants import occlusion_places
from camcore.pictures.preprocessing import Frame, whole_frame

RNG = np.random.default_rng(0)
IMAGE = RNG.uniform(0, 1, (12, 10, 3)).astype(np.float32)
MAPS = RNG.uniform(0, 1, (4, 5, 6)).astype(np.float32)


def raw_map(name, score, image=IMAGE, activations=MAPS, base=None):
    """The raw maps of a method, scored by a plain function of arrays."""
    variants = METHODS[name].formula(image, activations)
    whole = image if variants.of == "image" else activations
    base = score(whole[None])[0] if base is None else base
    return variants.combine(variant_scores(score, variants), base)


WEIGHTS = RNG.normal(size=(6, 3)).astype(np.float32)
BIAS = np.array([0.5, -3.0, 0.0], np.float32)


def pooled_head(maps):
    return maps.mean(axis=(1, 2)) @ WEIGHTS + BIAS


def test_recipro_cam_on_a_pooled_head_is_cam():
    """One position left: its score less that of nothing is w . A_ij / HW, which is CAM / HW."""
    expected = np.einsum("hwk,kc->chw", MAPS, WEIGHTS) / (4 * 5)
    np.testing.assert_allclose(raw_map("recipro-cam", pooled_head), expected, rtol=1e-4, atol=1e-6)


def test_recipro_cam_finds_the_position_that_a_head_reads():
    def head(maps):
        return maps[:, 2, 3, 4][:, None]

    (values,) = raw_map("recipro-cam", head)
    expected = np.zeros((4, 5))
    expected[2, 3] = MAPS[2, 3, 4]
    np.testing.assert_array_equal(values, expected.astype(np.float32))


def test_the_gaussian_keeps_the_neighbours_too():
    """A head that reads one position sees it through the Gaussian's weights around it."""

    def head(maps):
        return maps[:, 2, 3, 4][:, None]

    (values,) = raw_map("recipro-cam-gaussian", head)
    expected = np.zeros((4, 5))
    expected[1:4, 2:5] = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16 * MAPS[2, 3, 4]
    np.testing.assert_allclose(values, expected, rtol=1e-6)


def test_ablation_cam_on_a_pooled_head():
    """Without channel k the score falls by w_k mean(A_k), so that a_k = w_k mean(A_k) / |y|."""
    scores = pooled_head(MAPS[None])[0].astype(np.float64)
    drop = WEIGHTS * MAPS.mean(axis=(0, 1))[:, None] / np.abs(scores)
    expected = np.einsum("hwk,kc->chw", MAPS, drop)
    np.testing.assert_allclose(raw_map("ablation-cam", pooled_head), expected, rtol=1e-3, atol=1e-5)


def test_ablation_cam_of_a_score_of_zero_has_no_division():
    maps = ablation_cam(MAPS, np.ones((6, 1)), np.zeros(1))
    np.testing.assert_allclose(maps[0], -MAPS.sum(axis=-1), rtol=1e-5)


def reference_score_cam(image, activations, score):
    """The published sums in float64, channel by channel and pixel by pixel."""
    height, width = image.shape[:2]
    h, w, channels = activations.shape
    wide = activations.astype(np.float64)
    scores, kept = [], []
    for k in range(channels):
        if np.ptp(wide[:, :, k]) == 0:
            continue
        mask = np.zeros((height, width))
        for i in range(height):
            for j in range(width):
                y = min(max((i + 0.5) * h / height - 0.5, 0), h - 1)
                x = min(max((j + 0.5) * w / width - 0.5, 0), w - 1)
                top, left = min(int(y), h - 2), min(int(x), w - 2)
                dy, dx = y - top, x - left
                for row, part in ((top, 1 - dy), (top + 1, dy)):
                    mask[i, j] += part * (
                        (1 - dx) * wide[row, left, k] + dx * wide[row, left + 1, k]
                    )
        mask = (mask - mask.min()) / (mask.max() - mask.min())
        scores.append(score((image * mask[..., None])[None])[0])
        kept.append(k)
    powers = np.exp(np.array(scores))
    weights = powers / powers.sum(axis=0)
    return np.einsum("hwk,kc->chw", wide[:, :, kept], weights)


def linear_score(images):
    filters = np.random.default_rng(1).normal(size=(12, 10, 3, 2))
    return np.einsum("nhwc,hwct->nt", images, filters) / 5


def test_score_cam_equals_its_published_sums():
    activations = MAPS.copy()
    activations[:, :, 2] = 0.7  # a constant channel masks nothing
    expected = reference_score_cam(IMAGE, activations, linear_score)
    maps = raw_map("score-cam", linear_score, activations=activations)
    np.testing.assert_allclose(maps, expected, rtol=1e-4, atol=1e-5)


def test_score_cam_weighs_the_channel_that_shows_what_counts():
    """The score reads the left half: the channel that is bright there takes nearly all weight."""
    left, right = np.zeros((4, 4)), np.zeros((4, 4))
    left[:, :2], right[:, 2:] = 1, 1
    activations = np.stack([right, left], axis=-1).astype(np.float32)
    image = np.ones((8, 8, 1), np.float32)

    def score(images):
        return images[:, :, :3].sum(axis=(1, 2))

    (values,) = raw_map("score-cam", score, image, activations)
    assert values[:, :2].min() > 0.999
    assert values[:, 2:].max() < 0.001


def test_the_fast_form_takes_the_channels_that_vary_most():
    spread = np.arange(100, dtype=np.float32)[::-1]
    activations = np.zeros((2, 2, 100), np.float32)
    activations[0, 0] = spread  # the last channel is flat
    taken = METHODS["score-cam-fast"].formula(np.ones((4, 4, 1), np.float32), activations)
    whole = METHODS["score-cam"].formula(np.ones((4, 4, 1), np.float32), activations)
    assert (taken.count, whole.count) == (64, 99)
    equal = np.zeros((64, 1)) + np.arange(64)[:, None] * 1e-3
    used = np.exp(equal[:, 0]) / np.exp(equal[:, 0]).sum()
    (values,) = taken.combine(equal, np.zeros(1))
    assert values[0, 0] == pytest.approx((spread[:64] * used).sum(), rel=1e-5)


def constant(images):
    return np.full((len(images), 2), 3.0)


@pytest.mark.parametrize("name", [name for name, method in METHODS.items() if method.many_passes])
def test_a_target_that_sees_nothing_has_no_evidence(name):
    assert not raw_map(name, constant).any()


def test_score_cam_of_flat_maps_only_is_zero():
    flat = np.ones((3, 3, 4), np.float32)
    assert METHODS["score-cam"].formula(IMAGE, flat).count == 0
    assert not raw_map("score-cam", constant, activations=flat, base=np.zeros(2)).any()
    maps = score_cam(flat, np.arange(0), np.empty((0, 2)), np.zeros(2))
    np.testing.assert_array_equal(maps, np.zeros((2, 3, 3)))


def test_occlusion_finds_the_pixels_that_a_score_reads():
    """Cells are 2 x 2 pixels and patches 4 x 4: the cells that share a patch with the one that is
    read see its drop in 1, 2 or 4 of the 4 patches over them."""
    image = np.zeros((28, 28, 1), np.float32)
    image[12:14, 12:14] = 1.0

    def score(images):
        return images[:, 12:14, 12:14].sum(axis=(1, 2))

    (values,) = raw_map("occlusion", score, image)
    drop = 4 - 4 * image.mean()
    expected = np.zeros((14, 14))
    expected[5:8, 5:8] = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 4 * drop
    np.testing.assert_allclose(values, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("shape", [(1, 6, 1), (3, 20, 3), (15, 2, 1), (299, 299, 3)])
def test_occlusion_covers_pictures_of_any_size(shape):
    """Every pixel weighs in: a score of all pixels loses something everywhere."""
    image = np.zeros(shape, np.float32)
    image[:, ::2] = 1.0
    places = METHODS["occlusion"].formula(image, image)
    assert places.count == occlusion_places(shape)
    touched = sum((places.make(i, i + 1)[0] != image).any(axis=-1) for i in range(places.count))
    assert (touched > 0).all()


@pytest.mark.parametrize("name", [name for name, method in METHODS.items() if method.many_passes])
def test_variants_are_the_same_however_many_are_made_at_once(name):
    variants = METHODS[name].formula(IMAGE, MAPS)
    together = variants.make(0, variants.count)
    for index in range(variants.count):
        np.testing.assert_allclose(together[index], variants.make(index, index + 1)[0], rtol=1e-6)


def test_masks_lie_where_the_layer_does():
    """The layer sees the lower half alone: what it does not see is shown to nobody."""
    lower = Frame(0.0, 4.0, 8.0, 8.0, 8, 8)
    activations = np.array([[[2.0], [4.0]]], np.float32)
    mask = METHODS["score-cam"].formula(np.ones((8, 8, 1), np.float32), activations, lower)
    made = mask.make(0, 1)[0, :, :, 0]
    assert (made[:4] == 0).all()
    # Two cells of four pixels: held, then an eighth, three eighths and so on, then held.
    expected = [0, 0, 1 / 8, 3 / 8, 5 / 8, 7 / 8, 1, 1]
    np.testing.assert_allclose(made[4:], np.tile(expected, (4, 1)), atol=1e-6)
    over_all = METHODS["score-cam"].formula(np.ones((8, 8, 1), np.float32), activations)
    np.testing.assert_allclose(
        over_all.make(0, 1)[0, :, :, 0], np.tile(expected, (8, 1)), atol=1e-6
    )


def test_masks_of_cells_beyond_the_edge_are_cut():
    """Of four cells of four pixels, the inner two lie on the picture."""
    padded = Frame(-4.0, 0.0, 12.0, 8.0, 8, 8)
    activations = np.array([[[9.0], [0.0], [1.0], [9.0]]], np.float32)
    variants = METHODS["score-cam"].formula(np.ones((8, 8, 1), np.float32), activations, padded)
    # Bilinear over cells 9 0 1 9 at the pixels of the inner two, stretched over what is seen.
    at = np.interp(np.arange(8) + 0.5, [-2, 2, 6, 10], [9, 0, 1, 9])
    expected = (at - at.min()) / np.ptp(at)
    np.testing.assert_allclose(variants.make(0, 1)[0, 0, :, 0], expected, atol=1e-6)


@pytest.mark.parametrize("name", list(METHODS))
def test_maps_without_a_layer_lie_over_all_the_model_sees(name):
    lower = Frame(0.0, 4.0, 8.0, 8.0, 8, 8)
    layer = Layer("conv", 2, 4, 3, "Conv2D", frame=lower)
    expected = whole_frame(8, 8) if name == "occlusion" else lower
    assert METHODS[name].frame(layer, (8, 8, 3)) == expected
