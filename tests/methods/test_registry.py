"""The registry: names, costs stated before, and what a layer allows."""

import pytest

from camcore.classifier import Layer
from camcore.errors import InputError
from camcore.methods import METHODS, method_named

SHAPE = (224, 224, 3)
DEEP = Layer("block5_conv3", 14, 14, 512, "Conv2D")
POOLED = Layer("conv5_block3_out", 7, 7, 2048, "Activation", cam=True)


@pytest.mark.parametrize("spelled", ["gradcam", "Grad-CAM", "GRAD_CAM", "grad cam"])
def test_names_forgive_case_and_hyphens(spelled):
    assert method_named(spelled).name == "grad-cam"


@pytest.mark.parametrize("name", METHODS)
def test_each_name_finds_its_own_method(name):
    assert method_named(name) is METHODS[name]


def test_an_unknown_method_names_the_known_ones():
    with pytest.raises(InputError, match=r"'saliency'.*cam, grad-cam, .*occlusion"):
        method_named("saliency")


def test_passes_are_known_before():
    passes = {name: method.passes(DEEP, SHAPE) for name, method in METHODS.items()}
    assert {name: count for name, count in passes.items() if count} == {
        "smooth-grad-cam++": 8,
        "score-cam": 512,
        "score-cam-fast": 64,
        "recipro-cam": 1 + 14 * 14,
        "recipro-cam-gaussian": 1 + 14 * 14,
        "ablation-cam": 512,
        "occlusion": 13 * 13,
    }


def test_only_whole_passes_and_deep_heads_are_costly():
    costly = {name for name, method in METHODS.items() if method.costly(POOLED, SHAPE)}
    assert costly == {"smooth-grad-cam++", "score-cam", "score-cam-fast", "occlusion"}
    assert METHODS["recipro-cam"].costly(DEEP, SHAPE)


def test_only_cam_needs_a_pooled_head():
    assert [name for name, method in METHODS.items() if not method.possible(DEEP)] == ["cam"]
    assert all(method.possible(POOLED) for method in METHODS.values())
    assert "VGG16 has none there" in METHODS["cam"].why_not("VGG16", "block5_conv3")


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_every_entry_is_complete(method):
    assert method.title
    assert "20" in method.paper  # the year
    assert method.about.endswith(".")
    assert method.equation.startswith("M")
    assert method.equation.count("{") == method.equation.count("}")
