"""Formulas against arrays whose answer is known on paper, and against float64 references."""

import numpy as np
import pytest

from camcore.methods import METHODS
from camcore.methods.weighted import (
    CONTRAST,
    cam,
    eigen_cam,
    finer_cam,
    grad_cam,
    grad_cam_plus_plus,
    hires_cam,
    layer_cam,
    nearest_classes,
    smooth_grad_cam_plus_plus,
    xgrad_cam,
)

RNG = np.random.default_rng(0)
A = RNG.normal(size=(3, 4, 5, 6)).astype(np.float32)
G = RNG.normal(size=(3, 4, 5, 6)).astype(np.float32)
GRADIENT_METHODS = ["grad-cam", "grad-cam++", "xgrad-cam", "hirescam", "layer-cam"]


def reference(name: str, a: np.ndarray, g: np.ndarray) -> np.ndarray:
    """The published sums, written cell by cell in float64."""
    n, h, w, k = a.shape
    a, g = a.astype(np.float64), g.astype(np.float64)
    out = np.zeros((n, h, w))
    for image in range(n):
        for channel in range(k):
            values, slopes = a[image, :, :, channel], g[image, :, :, channel]
            alpha = slopes.sum() / (h * w)
            plus = 0.0
            for slope in slopes.ravel():
                below = 2 * slope**2 + values.sum() * slope**3
                plus += (slope**2 / below if below else 0.0) * max(slope, 0.0)
            cross = (slopes * values).sum() / values.sum()
            for i in range(h):
                for j in range(w):
                    here, slope = a[image, i, j, channel], g[image, i, j, channel]
                    out[image, i, j] += {
                        "grad-cam": alpha * here,
                        "grad-cam++": plus * here,
                        "xgrad-cam": cross * here,
                        "hirescam": slope * here,
                        "layer-cam": max(slope, 0.0) * here,
                    }[name]
    return out


@pytest.mark.parametrize("name", GRADIENT_METHODS)
def test_gradient_methods_equal_their_published_sums(name):
    a = A if name == "hirescam" else np.abs(A)  # feature maps behind ReLU, as the papers have them
    expected = reference(name, a, G)
    np.testing.assert_allclose(METHODS[name].formula(a, G), expected, rtol=1e-4, atol=1e-5)


def test_smooth_grad_cam_plus_plus_equals_its_published_sums():
    a, noisy = np.abs(A), RNG.normal(size=(3, 4, 4, 5, 6)).astype(np.float32)
    expected = np.zeros(a.shape[:3])
    for image, channel in np.ndindex(a.shape[0], a.shape[3]):
        values = a[image, :, :, channel].astype(np.float64)
        weight = 0.0
        for cell in np.ndindex(values.shape):
            slopes = [float(copy[(*cell, channel)]) for copy in noisy[image]]
            first, second, third = (sum(s**p for s in slopes) / len(slopes) for p in (1, 2, 3))
            weight += second / (2 * second + values.sum() * third) * max(first, 0.0)
        expected[image] += weight * values
    maps = smooth_grad_cam_plus_plus(a, noisy)
    assert maps.dtype == np.float32
    np.testing.assert_allclose(maps, expected, rtol=1e-4, atol=1e-5)


def test_without_noise_smooth_grad_cam_plus_plus_is_grad_cam_plus_plus():
    same = np.repeat(G[:, None], 3, axis=1)
    for size in (1, 1e-15):  # whose cube is nothing in float32
        small = np.float32(size)
        np.testing.assert_allclose(
            smooth_grad_cam_plus_plus(np.abs(A), small * same),
            grad_cam_plus_plus(np.abs(A), small * G),
            rtol=1e-4,
            atol=1e-5 * size,
        )
    nothing = smooth_grad_cam_plus_plus(np.abs(A), np.zeros_like(same))
    np.testing.assert_array_equal(nothing, np.zeros(A.shape[:3]))


def test_finer_cam_is_grad_cam_of_the_difference():
    others = RNG.normal(size=(3, 2, 4, 5, 6)).astype(np.float32)
    difference = G.astype(np.float64) - CONTRAST * (others[:, 0] + others[:, 1]) / 2
    expected = reference("grad-cam", A, difference)
    np.testing.assert_allclose(finer_cam(A, G, others), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(finer_cam(A, G, others[:, :0]), grad_cam(A, G))


def test_finer_cam_leaves_out_what_look_alikes_share():
    """Two channels, one for each end of the picture; the look-alike reads the first as well."""
    a = np.zeros((1, 1, 2, 2), np.float32)
    a[0, 0, 0, 0] = a[0, 0, 1, 1] = 1
    own = np.ones((1, 1, 2, 2), np.float32)
    other = np.zeros((1, 1, 1, 2, 2), np.float32)
    other[..., 0] = 1 / CONTRAST
    np.testing.assert_allclose(grad_cam(a, own), [[[1, 1]]])
    np.testing.assert_allclose(finer_cam(a, own, other), [[[0, 1]]], atol=1e-6)


def test_look_alikes_are_nearest_in_score_and_never_the_class():
    scores = np.array([[1.0, 1.0, 3.0], [0.0, 5.0, 4.0]])
    assert nearest_classes(scores, np.array([0, 2]), 3).tolist() == [[1, 2], [1, 0]]
    assert nearest_classes(scores[:1, :1], np.array([0]), 3).shape == (1, 0)


def test_pooled_two_by_two_case():
    """A = 0..15 as 4x4, pooled 2x2, a head that sums: G is 1, so the weight is 1 and the map is
    the pooled A; averaging pools give [[2.5, 4.5], [10.5, 12.5]], and with G = 0.9, 1.8 of it."""
    pooled = np.arange(16, dtype=np.float32).reshape(2, 2, 2, 2).mean(axis=(1, 3))
    a = pooled[None, :, :, None]
    np.testing.assert_array_equal(grad_cam(a, np.ones_like(a))[0], [[2.5, 4.5], [10.5, 12.5]])


def test_cam_is_the_weighted_sum_of_its_own_class():
    weights = RNG.normal(size=(3, 6)).astype(np.float32)
    for image in range(3):
        expected = sum(weights[image, k] * A[image, :, :, k] for k in range(6))
        np.testing.assert_allclose(cam(A, weights)[image], expected, rtol=1e-4, atol=1e-5)


def test_gradients_are_pooled_per_image():
    alone = grad_cam(A[1:2], G[1:2])
    np.testing.assert_array_equal(grad_cam(A, G)[1], alone[0])


@pytest.mark.parametrize("name", GRADIENT_METHODS)
def test_one_image_serves_several_targets(name):
    formula = METHODS[name].formula
    together = formula(A[:1], G)
    for target in range(3):
        np.testing.assert_allclose(
            together[target], formula(A[:1], G[target : target + 1])[0], rtol=1e-5, atol=1e-6
        )


def test_constant_gradients_make_hirescam_and_gradcam_equal():
    g = np.broadcast_to(G[:, :1, :1], G.shape)
    np.testing.assert_allclose(hires_cam(A, g), grad_cam(A, g), rtol=1e-4, atol=1e-5)


def test_layer_cam_ignores_negative_gradients():
    np.testing.assert_array_equal(layer_cam(A, -np.abs(G)), np.zeros((3, 4, 5)))


def test_grad_cam_plus_plus_on_paper():
    """S = 4: G = 0.5 gives 1 / (2 + 2), G = -0.5 gives 1 / (2 - 2), which counts as 0, and ReLU
    would cut it anyway: w = 0.5 / 4."""
    a = np.array([[[[1.0], [3.0]]]], np.float32)
    g = np.array([[[[0.5], [-0.5]]]], np.float32)
    np.testing.assert_array_equal(grad_cam_plus_plus(a, g), [[[0.125, 0.375]]])


@pytest.mark.parametrize("size", [1e-25, 1e15])
def test_grad_cam_plus_plus_survives_tiny_and_huge_gradients(size):
    """G^3 underflows or overflows float32; alpha goes to 1/2 below and to 1 / (S G) above."""
    a = np.array([[[[1.0], [3.0]]]], np.float32)
    g = np.full_like(a, size)
    weight = size if size < 1 else 2 / 4
    np.testing.assert_allclose(grad_cam_plus_plus(a, g), [[[weight, 3 * weight]]], rtol=1e-5)


def test_xgrad_cam_leaves_out_channels_without_a_sum():
    a = np.array([[[[1.0, 0.0], [-1.0, 0.0]]]], np.float32)
    np.testing.assert_array_equal(xgrad_cam(a, np.ones_like(a)), [[[0.0, 0.0]]])


def test_xgrad_cam_of_constant_gradients_is_grad_cam():
    a, g = np.abs(A), np.broadcast_to(G[:, :1, :1], G.shape)
    np.testing.assert_allclose(xgrad_cam(a, g), grad_cam(a, g), rtol=1e-4, atol=1e-5)


def wide_and_tall():
    return [np.abs(A), np.abs(RNG.normal(size=(2, 2, 3, 40))).astype(np.float32)]


@pytest.mark.parametrize("a", wide_and_tall())
def test_eigen_cam_is_the_first_singular_projection(a):
    for image, raw in zip(a, eigen_cam(a), strict=True):
        matrix = image.reshape(-1, image.shape[-1]).astype(np.float64)
        _, _, directions = np.linalg.svd(matrix)
        projected = matrix @ directions[0]
        projected *= np.sign(projected[np.abs(projected).argmax()])
        np.testing.assert_allclose(raw.ravel(), projected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("a", wide_and_tall())
def test_eigen_cam_of_one_pattern_is_that_pattern(a):
    """Rank one, A = pattern x weights: the projection is the pattern times the weights' length."""
    pattern, weights = a[0, ..., 0], RNG.normal(size=a.shape[-1]).astype(np.float32)
    rank_one = (pattern[..., None] * weights)[None]
    expected = pattern * np.linalg.norm(weights)
    np.testing.assert_allclose(eigen_cam(rank_one)[0], expected, rtol=1e-5)
    np.testing.assert_allclose(eigen_cam(-rank_one)[0], expected, rtol=1e-5)
    assert not eigen_cam(np.zeros_like(rank_one)).any()


def test_eigen_cam_of_a_single_channel_or_cell():
    channel = np.array([[[[1.0], [-4.0], [2.0]]]], np.float32)
    np.testing.assert_allclose(eigen_cam(channel), [[[-1.0, 4.0, -2.0]]], rtol=1e-6)
    cell = np.array([[[[3.0, 4.0]]]], np.float32)
    np.testing.assert_allclose(eigen_cam(cell), [[[5.0]]], rtol=1e-6)
