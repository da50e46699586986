"""Hugging Face folders, beside transformers' own preprocessor and network."""

from __future__ import annotations

import json
import zipfile

import numpy as np
import pytest

import camcore
from camcore.errors import InputError, ModelError
from tests.extras import extra

extra("transformers", "torch")

import torch  # noqa: E402

from camcore.models.huggingface.folder import read_folder  # noqa: E402
from camcore.models.huggingface.loading import load_huggingface  # noqa: E402
from camcore.models.huggingface.preprocessor import read_preprocessor  # noqa: E402
from camcore.models.quarantine.admission import AdmittedModel  # noqa: E402
from camcore.models.quarantine.inspection import inspect_file  # noqa: E402
from tests.models.huggingface.saved_folders import FAMILIES, NAMES, network, saved  # noqa: E402

NOTHING = {"input": None, "others": None, "input_size": None, "output": None, "output_kind": None}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """One folder of each family."""
    top = tmp_path_factory.mktemp("huggingface")
    return {family: saved(family, top / family.lower()) for family in FAMILIES}


@pytest.fixture(scope="module")
def loaded(folders):
    """Classifiers of folders, past the child process."""
    models = {}

    def get(family):
        if family not in models:
            path = str(folders[family])
            admitted = AdmittedModel(path, "", inspect_file(path))
            models[family] = load_huggingface(admitted, family, None, None, NOTHING)
        return models[family]

    return get


@pytest.mark.parametrize("family", FAMILIES)
def test_pixels_and_scores_are_those_of_transformers(loaded, family):
    """Pictures across and upright; stretched bilinearly instead, they are others."""
    model, (module, processor) = loaded(family), network(family)
    assert model.class_names == NAMES
    assert not model.preprocessing_guessed
    engine = camcore.Engine()
    for height, width in ((77, 121), (90, 64)):
        pixels = np.random.default_rng(width).integers(0, 256, (height, width, 3), np.uint8)
        picture = camcore.read_image(pixels)
        theirs = np.asarray(processor(pixels, return_tensors="np")["pixel_values"][0])
        np.testing.assert_array_equal(engine.seen(model, picture).transpose(2, 0, 1), theirs)
        with torch.no_grad():
            scores = module(torch.from_numpy(theirs)[None]).logits[0].numpy()
        assert np.ptp(scores) > 0.01
        np.testing.assert_allclose(
            engine.features(model, picture).scores, scores, rtol=1e-4, atol=1e-5
        )
        if family != "ViT":
            other = engine.seen(model, picture, fit="stretch")
            assert (other.transpose(2, 0, 1) != theirs).any()


@pytest.mark.parametrize("family", ["Swin", "ConvNext"])
def test_classifiers_keep_the_protocol(loaded, family):
    camcore.check_classifier(loaded(family))


@pytest.mark.parametrize("method", camcore.METHODS)
def test_methods_make_maps_of_tokens(loaded, picture, method):
    model = loaded("ViT")
    (layer,) = (layer for layer in model.layers if layer.name == model.default_layer)
    assert (layer.height, layer.width, layer.beside) == (4, 4, 1)
    if camcore.METHODS[method].possible(layer):
        raw = camcore.explain(model, picture(), method=method, target="dog").heatmap.raw
        assert np.isfinite(raw).all()
        assert np.ptp(raw) > 0


def test_the_map_covers_what_the_crop_leaves(loaded):
    """ConvNeXt's 64 of 73 pixels of the shorter side; beside it Swin's windows, moved or not."""
    pixels = np.zeros((73, 146, 3), np.uint8)
    frame = camcore.explain(loaded("ConvNext"), camcore.read_image(pixels)).heatmap.frame
    assert (frame.x0, frame.y0, frame.x1, frame.y1) == (41, 4, 105, 68)
    layers = loaded("Swin").layers
    assert any("blocks.1" in layer.name for layer in layers)
    for layer in layers:
        assert (layer.frame.x0, layer.frame.x1, layer.frame.reach) == (0, 32, None)


def test_a_preprocessor_that_is_not_known_is_a_guess_that_says_so(folders, tmp_path):
    told = {
        "image_processor_type": "EfficientNetImageProcessor",
        "size": 32,
        "rescale_offset": True,
    }
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(told))
    (tmp_path / "config.json").write_text((folders["ViT"] / "config.json").read_text())
    made = read_preprocessor(str(tmp_path), (32, 32), 3)
    assert (made.size, made.fit, made.preprocessing) == ((32, 32), None, None)
    assert "EfficientNetImageProcessor" in made.note
    (tmp_path / "preprocessor_config.json").unlink()
    assert "has no preprocessor_config.json" in read_preprocessor(str(tmp_path), None, 3).note


def test_weights_that_are_not_there_are_not_made_up(folders, tmp_path):
    """A config of one block more, whose weights nothing holds."""
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).write_bytes((folders["ViT"] / name).read_bytes())
    assert read_folder(str(tmp_path), "m").class_names == NAMES
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "num_hidden_layers": 3}))
    with pytest.raises(ModelError, match=r"lacks .* of the weights of its ViTForImage"):
        read_folder(str(tmp_path), "m")
    (tmp_path / "config.json").write_text(json.dumps({**config, "hidden_size": 24}))
    with pytest.raises(ModelError, match="cannot load it"):
        read_folder(str(tmp_path), "m")


def test_inputs_beside_the_picture_are_refused(folders):
    path = str(folders["ViT"])
    admitted = AdmittedModel(path, "", inspect_file(path))
    with pytest.raises(InputError, match="takes one picture only"):
        load_huggingface(admitted, "m", None, None, {**NOTHING, "others": {"age": 3}})


@pytest.mark.slow
def test_folders_and_zips_load_past_the_quarantine(folders, loaded, images, tmp_path, command_line):
    folder = folders["DeiT"]
    with zipfile.ZipFile(tmp_path / "deit.zip", "w") as archive:
        for file in folder.iterdir():
            archive.write(file, f"deit/{file.name}")
    batch = images(2, (32, 32, 3))
    expected = loaded("DeiT").scores(batch)[0]
    for path in (folder, tmp_path / "deit.zip"):
        model = camcore.load_model(path)
        assert (model.name, model.class_names) == (path.name, NAMES)
        np.testing.assert_allclose(model.scores(batch)[0], expected, rtol=1e-5)
    status, out, _ = command_line("layers", folder)
    assert (status, out.splitlines()[-1].split("\t")[0]) == (0, model.layers[-1].name)
