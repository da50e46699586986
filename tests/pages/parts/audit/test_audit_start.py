"""What an audit is begun with, driven through the widgets."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from camcore.auditing.runs.settings import Settings
from tests.pages.app_page import address, assert_calm
from tests.pages.parts.audit.reading import the_error, words


def test_first_visit_offers_the_sample_and_has_no_runs(visit):
    app = visit()
    assert_calm(app)
    assert "The legend's laboratory: forest scenes" in words(app)
    assert app.selectbox(key="model-bundled").value == "cloud-detector"
    assert "None yet." in words(app)


def test_what_was_chosen_is_what_starts(visit, launched, tmp_path):
    pets(tmp_path, "forest", "tank")
    app = visit()
    app.segmented_control(key="audit-source").set_value("Path").run()
    app.text_input(key="audit-path").set_value(str(tmp_path))
    app.selectbox(key="model-bundled").set_value("tank-detector")
    app.text_input(key="audit-layer").set_value(" conv4 ")
    app.selectbox(key="audit-method").set_value("layer-cam")
    app.segmented_control(key="audit-fit").set_value("pad")
    app.selectbox(key="audit-labels").set_value("none")
    app.number_input(key="audit-budget").set_value(500)
    app.number_input(key="audit-seed").set_value(7)
    app.button(key="audit-start").click().run()
    assert_calm(app)
    ((settings, folder),) = launched
    assert settings == Settings(
        str(tmp_path), "tank-detector", layer="conv4", method="layer-cam", fit="pad",
        labels="none", budget=500, seed=7,
    )  # fmt: skip
    assert address(app) == {"run": folder.name}
    assert "Starting" in words(app)
    assert app.button(key="audit-pause").disabled


@pytest.mark.parametrize(
    ("path", "sentence"),
    [("", "type the path of a folder"), ("/no/such/folder", "does not exist")],
)
def test_pictures_that_are_not_there(visit, launched, path, sentence):
    app = visit()
    app.segmented_control(key="audit-source").set_value("Path").run()
    app.text_input(key="audit-path").set_value(path)
    app.button(key="audit-start").click().run()
    assert sentence in the_error(app)
    assert not launched


def test_a_folder_of_runs_that_cannot_be_written(visit, launched, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("CAMCORE_RUNS", str(tmp_path / "file" / "runs"))
    app = visit()
    app.button(key="audit-start").click().run()
    assert "CAMCORE_RUNS" in the_error(app)
    app.segmented_control(key="audit-source").set_value("Path").run()
    app.text_input(key="audit-path").set_value(str(pets(tmp_path / "data", "forest", "tank")))
    app.button(key="audit-start").click().run()
    assert "CAMCORE_RUNS" in the_error(app)
    assert not launched


def test_a_data_root_bounds_pictures_and_runs(visit, launched, tmp_path, monkeypatch, original):
    monkeypatch.setenv("CAMCORE_DATA_ROOT", str(tmp_path / "data"))
    app = visit()
    app.segmented_control(key="audit-source").set_value("Path").run()
    app.text_input(key="audit-path").set_value(str(tmp_path))
    app.button(key="audit-start").click().run()
    assert "outside the folder" in the_error(app)
    assert not launched
    assert "outside the folder" in the_error(visit(run=str(original)))


def test_no_model(visit, launched):
    app = visit()
    app.segmented_control(key="model-group").set_value("Your file").run()
    app.button(key="audit-start").click().run()
    assert "Choose a model" in the_error(app)
    assert not launched


def test_uploads_move_into_the_run(visit, launched):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in ("forest", "tank"):
            archive.writestr(f"{name}/1.png", picture())
    app = visit()
    app.segmented_control(key="audit-source").set_value("Upload").run()
    app.file_uploader(key="audit-upload").upload("pets.zip", buffer.getvalue(), "application/zip")
    app.selectbox(key="audit-labels").set_value("file").run()
    app.file_uploader(key="audit-mapping").upload(
        "map.json", b'{"tank": [1], "forest": [0]}', "text/json"
    ).run()
    app.button(key="audit-start").click().run()
    assert_calm(app)
    ((settings, folder),) = launched
    assert settings.source == str(folder / "given" / "pets.zip")
    assert settings.labels == str(folder / "given" / "map.json")
    assert Path(settings.source).read_bytes() == buffer.getvalue()


def test_a_mapping_that_was_not_given(visit, launched):
    app = visit()
    app.selectbox(key="audit-labels").set_value("file").run()
    app.button(key="audit-start").click().run()
    assert "mapping file" in the_error(app)
    assert not launched


def picture() -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def pets(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).mkdir(parents=True)
        (folder / name / "1.png").write_bytes(picture())
    return folder


def start_with(visit, folder: Path):
    app = visit()
    app.segmented_control(key="audit-source").set_value("Path").run()
    app.text_input(key="audit-path").set_value(str(folder))
    app.selectbox(key="model-bundled").set_value("tank-detector")
    return app.button(key="audit-start").click().run()


def test_labels_that_match_nothing_are_asked_for_before_the_start(visit, launched, tmp_path):
    app = start_with(visit, pets(tmp_path / "data", "forrest", "panzer"))
    assert_calm(app)
    assert not launched, "nobody has seen the suggestion yet"
    assert "No folder name is a class of the model" in words(app)
    assert app.multiselect(key="audit-map-forrest").value == [0], "filled by a name that is close"
    assert app.multiselect(key="audit-map-panzer").value == []
    app.multiselect(key="audit-map-panzer").set_value([1]).run()
    app.button(key="audit-start").click().run()
    ((settings, folder),) = launched
    assert settings.labels == str(folder / "given" / "labels.json")
    assert json.loads(Path(settings.labels).read_text()) == {"forrest": [0], "panzer": [1]}
    assert address(app) == {"run": folder.name}


def test_labels_that_stand_for_nothing_do_not_start(visit, launched, tmp_path):
    app = start_with(visit, pets(tmp_path / "data", "panzer", "wood"))
    app.button(key="audit-start").click().run()
    assert "at least one class" in the_error(app)
    assert not launched


def test_labels_that_match_start_at_once(visit, launched, tmp_path):
    app = start_with(visit, pets(tmp_path / "data", "forest", "panzer"))
    assert_calm(app)
    ((settings, _),) = launched
    assert (settings.labels, settings.split, settings.stretch) == (None, None, "none")


def test_what_matches_by_name_can_be_changed(visit, launched, tmp_path):
    app = visit()
    app.segmented_control(key="audit-source").set_value("Path").run()
    app.text_input(key="audit-path").set_value(str(pets(tmp_path / "data", "forest", "panzer")))
    app.selectbox(key="model-bundled").set_value("tank-detector").run()
    assert app.multiselect(key="audit-map-panzer").value == [], "the other way stays without it"
    app.multiselect(key="audit-map-panzer").set_value([1]).run()
    app.button(key="audit-start").click().run()
    ((settings, _),) = launched
    assert json.loads(Path(settings.labels).read_text()) == {"forest": [0], "panzer": [1]}


def test_pictures_are_looked_at_when_they_are_named(visit, launched, tmp_path):
    folder = pets(tmp_path / "data", "forest", "tank")
    (folder / "tank" / "1.png").write_bytes(picture()[:40])
    (folder / "forest" / "2.png").write_bytes(picture())
    app = visit()
    app.segmented_control(key="audit-source").set_value("Path").run()
    assert "Before it starts" not in words(app)
    app.text_input(key="audit-path").set_value(str(folder)).run()
    assert_calm(app)
    said = words(app)
    assert "3 pictures in 2 classes: forest 2, tank 1" in said
    assert "Opened all 3: 1 cannot be read and will be left out (1.png" in said
    assert "1 picture is a near copy of another" in said
    assert "of 2 pictures rightly" in said
    assert "forward passes, on this machine" in said
    assert not launched


def test_a_folder_without_pictures_does_not_start(visit, launched, tmp_path):
    app = start_with(visit, tmp_path)
    assert "picture" in the_error(app)
    assert not launched


def test_the_split_and_the_stretch_are_choices(visit, launched, tmp_path):
    folder = pets(tmp_path / "data", "train/forest", "train/tank", "val/forest", "val/tank")
    app = visit()
    app.segmented_control(key="audit-source").set_value("Path").run()
    app.text_input(key="audit-path").set_value(str(folder))
    app.selectbox(key="audit-split").set_value("train")
    app.selectbox(key="audit-stretch").set_value("12-bit")
    app.button(key="audit-start").click().run()
    assert_calm(app)
    ((settings, _),) = launched
    assert (settings.split, settings.stretch) == ("train", "12-bit")


@pytest.fixture(scope="module")
def thousand(tmp_path_factory) -> Path:
    """A network with ImageNet's number of classes and no names for them."""
    import keras

    keras.utils.set_random_seed(0)
    inputs = keras.Input((16, 16, 3))
    maps = keras.layers.Conv2D(4, 3, activation="relu")(inputs)
    pooled = keras.layers.GlobalAveragePooling2D()(maps)
    outputs = keras.layers.Dense(1000, activation="softmax")(pooled)
    file = tmp_path_factory.mktemp("models") / "thousand.keras"
    keras.Model(inputs, outputs).save(file)
    return file


def test_cats_and_dogs_under_imagenet_from_the_page_to_the_start(
    visit, launched, tmp_path, thousand
):
    app = visit()
    app.segmented_control(key="audit-source").set_value("Path").run()
    app.text_input(key="audit-path").set_value(str(pets(tmp_path / "data", "cats", "dogs"))).run()
    app.segmented_control(key="model-group").set_value("Your file").run()
    app.text_input(key="model-path").set_value(str(thousand)).run()
    assert_calm(app)
    assert app.checkbox(key="model-imagenet").value
    assert app.multiselect(key="audit-map-cats").value == ["cat"]
    assert "all 5 domestic cats" in app.multiselect(key="audit-map-cats").options
    assert app.multiselect(key="audit-map-dogs").value == ["dog"]
    app.button(key="audit-start").click().run()
    assert_calm(app)
    ((settings, _),) = launched
    assert settings.class_names == "imagenet"
    mapping = json.loads(Path(settings.labels).read_text())
    assert mapping == {"cats": ["281-285"], "dogs": ["151-268"]}


def test_other_thousand_classes_are_not_called_by_imagenets_names(
    visit, launched, tmp_path, thousand
):
    app = visit()
    app.segmented_control(key="audit-source").set_value("Path").run()
    app.text_input(key="audit-path").set_value(str(pets(tmp_path / "data", "7", "8"))).run()
    app.segmented_control(key="model-group").set_value("Your file").run()
    app.text_input(key="model-path").set_value(str(thousand)).run()
    app.checkbox(key="model-imagenet").set_value(False).run()
    app.button(key="audit-start").click().run()
    ((settings, _),) = launched
    assert (settings.class_names, settings.labels) == ("numbers", None)


def test_a_flat_folder_under_imagenet_offers_groups_of_classes(visit, launched, tmp_path, thousand):
    app = visit()
    app.segmented_control(key="audit-source").set_value("Path").run()
    app.text_input(key="audit-path").set_value(str(pets(tmp_path / "data", ""))).run()
    app.segmented_control(key="model-group").set_value("Your file").run()
    app.text_input(key="model-path").set_value(str(thousand)).run()
    app.button(key="audit-join").click().run()
    assert_calm(app)
    app.button(key="audit-start").click().run()
    ((settings, _),) = launched
    assert settings.labels == "groups"
