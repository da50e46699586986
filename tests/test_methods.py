"""Formulas against arrays whose answer is known on paper, and against float64 references."""

import numpy as np
import pytest

from camcore.errors import InputError
from camcore.methods import METHODS, cam, grad_cam, hires_cam, layer_cam, method_named

RNG = np.random.default_rng(0)
A = RNG.normal(size=(3, 4, 5, 6)).astype(np.float32)
G = RNG.normal(size=(3, 4, 5, 6)).astype(np.float32)


def reference(name: str, a: np.ndarray, g: np.ndarray) -> np.ndarray:
    """The published sums, written cell by cell in float64."""
    n, h, w, k = a.shape
    a, g = a.astype(np.float64), g.astype(np.float64)
    out = np.zeros((n, h, w))
    for image in range(n):
        for channel in range(k):
            alpha = g[image, :, :, channel].sum() / (h * w)
            for i in range(h):
                for j in range(w):
                    here, slope = a[image, i, j, channel], g[image, i, j, channel]
                    out[image, i, j] += {
                        "grad-cam": alpha * here,
                        "hirescam": slope * here,
                        "layer-cam": max(slope, 0.0) * here,
                    }[name]
    return out


@pytest.mark.parametrize("name", ["grad-cam", "hirescam", "layer-cam"])
def test_gradient_methods_equal_their_published_sums(name):
    np.testing.assert_allclose(
        METHODS[name].formula(A, G), reference(name, A, G), rtol=1e-4, atol=1e-5
    )


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
    one = grad_cam(A[1:2], G[1:2])
    np.testing.assert_array_equal(grad_cam(A, G)[1], one[0])


@pytest.mark.parametrize("name", ["grad-cam", "hirescam", "layer-cam"])
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


@pytest.mark.parametrize("spelled", ["gradcam", "Grad-CAM", "GRAD_CAM", "grad cam"])
def test_names_forgive_case_and_hyphens(spelled):
    assert method_named(spelled).name == "grad-cam"


def test_an_unknown_method_names_the_known_ones():
    with pytest.raises(InputError, match=r"'saliency'.*cam, grad-cam, hirescam, layer-cam"):
        method_named("saliency")
