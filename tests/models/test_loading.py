"""Finding and loading models: names, files, what is missing and what to do about it."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

import camcore
from camcore.errors import InputError, ModelError
from camcore.models import loading
from camcore.models.catalogue import CATALOGUE
from camcore.models.keras import loading as keras_loading
from camcore.models.keras.classifier import KerasClassifier

# The layer that the literature shows for each family: name or its end, and its grid.
LAST_MAPS = {
    "VGG16": ("block5_conv3", 14),
    "VGG19": ("block5_conv4", 14),
    "ResNet50": ("conv5_block3_out", 7),
    "ResNet50V2": ("post_relu", 7),
    "InceptionV3": ("mixed10", 8),
    "InceptionResNetV2": ("conv_7b_ac", 8),
    "Xception": ("block14_sepconv2_act", 10),
    "DenseNet121": ("relu", 7),
    "MobileNet": ("conv_pw_13_relu", 7),
    "MobileNetV2": ("out_relu", 7),
    "MobileNetV3Small": ("activation_17", 7),
    "NASNetMobile": ("activation_187", 7),
    "EfficientNetB0": ("top_activation", 7),
    "EfficientNetV2B0": ("top_activation", 7),
    "ConvNeXtTiny": ("add_17", 7),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", LAST_MAPS)
def test_every_family_has_the_right_default_layer(name):
    model = loading.load_model(f"{name}:weights=random")
    layer, grid = LAST_MAPS[name]
    found = next(own for own in model.layers if own.name == model.default_layer)
    assert (found.name, found.height, found.width) == (layer, grid, grid)
    assert found.cam is CATALOGUE[name].cam
    assert model.preprocessing == CATALOGUE[name].preprocessing
    assert model.input_shape == (CATALOGUE[name].size,) * 2 + (3,)
    assert model.output_kind == "softmax"


def test_the_catalogue_names_what_keras_has(keras):
    for name in CATALOGUE:
        assert callable(getattr(keras.applications, name))


def test_every_preprocessing_in_the_catalogue_is_that_of_keras(keras):
    modules = {
        "VGG": "vgg16",
        "ResNet": "resnet50",
        "ResNetV2": "resnet_v2",
        "Inception": "inception_v3",
        "Xception": "xception",
        "DenseNet": "densenet",
        "MobileNet": "mobilenet_v2",
        "MobileNetV3": "mobilenet_v3",
        "NASNet": "nasnet",
        "EfficientNet": "efficientnet",
        "EfficientNetV2": "efficientnet_v2",
        "ConvNeXt": "convnext",
    }
    pixels = np.random.default_rng(0).uniform(0, 255, (1, 3, 3, 3)).astype(np.float32)
    for entry in CATALOGUE.values():
        theirs = getattr(keras.applications, modules[entry.family]).preprocess_input(pixels.copy())
        ours = camcore.PREPROCESSINGS[entry.preprocessing].apply(pixels)
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4, err_msg=entry.name)


def test_random_weights_are_the_same_every_time():
    first, second = (loading.load_model("mobilenetv2:random") for _ in range(2))
    assert first.name == "MobileNetV2:weights=random"
    assert first.sha256 == second.sha256
    assert [own.name for own in first.layers] == [own.name for own in second.layers]


def test_bundled_models_load_with_their_names(bundled_model):
    model = bundled_model("cloud-detector")
    assert model.class_names == ("forest", "tank")
    assert model.layers[-1].cam


@pytest.mark.parametrize("name", ["cam1", "cam2"])
def test_cam1_and_cam2_have_real_grids(bundled_model, name):
    model = bundled_model(name)
    last = next(own for own in model.layers if own.name == model.default_layer)
    grid = {"cam1": 3, "cam2": 28}[name]
    assert (last.height, last.width, last.channels) == (grid, grid, 128)


@pytest.mark.parametrize("kind", ["keras", "h5"])
@pytest.mark.slow
def test_a_file_of_ones_own_loads_with_labels(gap_model, tmp_path, monkeypatch, kind):
    monkeypatch.setenv("CAMCORE_CACHE", str(tmp_path / "cache"))
    file, labels = tmp_path / f"own.{kind}", tmp_path / "names.json"
    gap_model.save(file)
    labels.write_text(json.dumps(["cat", "dog", "cow", "hen"]))
    model = loading.load_model(file, labels=labels)
    assert model.name == f"own.{kind}"
    assert model.class_names == ("cat", "dog", "cow", "hen")
    assert model.preprocessing_guessed
    batch = np.random.default_rng(0).uniform(0, 1, (2, 12, 12, 3)).astype(np.float32)
    np.testing.assert_allclose(
        model.forward(batch, "late").probabilities, np.asarray(gap_model(batch)), rtol=1e-4
    )
    told = loading.load_model(file, preprocessing="torch")
    assert (told.preprocessing, told.preprocessing_guessed) == ("torch", False)


@pytest.mark.parametrize(
    ("classes", "activation", "labels", "named"),
    [
        (1000, "softmax", None, True),
        (1000, None, None, True),
        (1000, "softmax", "numbers", False),
        (1000, "sigmoid", None, False),
        (999, "softmax", None, False),
    ],
)
def test_a_thousand_unnamed_classes_are_imagenets(
    keras, tmp_path, monkeypatch, classes, activation, labels, named
):
    """Only where one of them is right, and never silently."""
    images = keras.Input((8, 8, 3))
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(2, 3)(images))
    model = keras.Model(images, keras.layers.Dense(classes, activation=activation)(x))

    def load(path, preprocessing, names, options):
        return KerasClassifier(model, class_names=names)

    monkeypatch.setattr(loading, "_load_file", load)
    file = tmp_path / "m.keras"
    file.touch()
    classifier = loading.load_model(file, labels=labels)
    assert classifier.class_names[16] == ("bulbul" if named else "class 16")
    assert any("ImageNet's" in note for note in classifier.notes) is named
    held = classifier.holding({})
    assert held.notes == classifier.notes
    assert held.class_names == classifier.class_names


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ResNet5", r"'ResNet5'.*did you mean ResNet50"),
        ("zzz", r"'zzz'.*`camcore models` lists"),
        ("missing.keras", r"no file 'missing.keras'"),
        ("some/where/model.h5", r"no file"),
    ],
)
def test_unknown_names_say_what_to_do(name, words):
    with pytest.raises(ModelError, match=words):
        loading.load_model(name)


def test_an_unknown_preprocessing_is_refused_before_anything_loads():
    with pytest.raises(InputError, match="'tf' is not known; choose one of none, 0-1"):
        loading.load_model("cam1", preprocessing="tf")


def test_without_a_network_one_sentence_says_where_the_weights_go(monkeypatch, tmp_path):
    """A real download through the real code path, towards a proxy where nobody listens."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    code = (
        "import camcore\n"
        "try:\n    camcore.load_model('MobileNet')\n"
        "except camcore.ModelError as error:\n    print('SAID', error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    said = [line for line in done.stdout.splitlines() if line.startswith("SAID")]
    assert len(said) == 1, done.stderr
    assert "could not be downloaded" in said[0]
    assert f"put mobilenet_1_0_224_tf.h5 into {tmp_path / 'models'}" in said[0]
    assert "KERAS_HOME" in said[0]


@pytest.mark.slow
def test_weights_put_by_hand_are_used(monkeypatch, tmp_path, keras):
    """The file that the message asks for, in the folder that it names, makes the model load."""
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "mobilenet_1_0_224_tf.h5").write_bytes(b"not weights")
    code = (
        "import camcore\n"
        "try:\n    camcore.load_model('MobileNet')\n"
        "except camcore.ModelError as error:\n    print('SAID', error)\n"
    )
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    broken = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "delete a broken file" in broken.stdout
    with keras_loading.seeded(1):
        keras.applications.MobileNet(weights=None).save(tmp_path / "m.h5")
    (tmp_path / "m.h5").rename(folder / "mobilenet_1_0_224_tf.h5")
    code = "import camcore\nm = camcore.load_model('MobileNet')\nprint(m.name, m.class_names[7])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "MobileNet cock", done.stderr


def test_the_engine_is_there_before_tensorflow():
    code = (
        "import sys, camcore\n"
        "camcore.read_image\n"
        "assert not {'tensorflow', 'keras', 'streamlit'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.slow
def test_nothing_in_the_engine_knows_the_screen():
    code = (
        "import sys, camcore\n"
        "camcore.explain(camcore.load_model('cam1'),"
        " camcore.read_image(camcore.sample('digit-7').file))\n"
        "assert 'tensorflow' in sys.modules\n"
        "assert 'streamlit' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
