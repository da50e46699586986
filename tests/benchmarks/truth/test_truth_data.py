"""What a case's pictures are, on a stock made by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from PIL import Image

from benchmarks.truth.bases import Base
from benchmarks.truth.cases import NEGATIVES, Case
from benchmarks.truth.data import make, write

SIZE, CLASSES, EACH = 28, ("3", "5", "8", "9"), 400


def stock(classes: tuple[str, ...] = CLASSES, each: int = EACH) -> Base:
    """Squares of noise on black; no two pictures are alike."""
    rng = np.random.default_rng(0)
    count = each * len(classes)
    masks = np.zeros((count, SIZE, SIZE), bool)
    masks[:, 8:20, 6:18] = True
    ink = rng.integers(65, 256, (count, SIZE, SIZE)).astype(np.uint8) * masks
    pixels = np.repeat(ink[..., None], 3, axis=-1)
    return Base("digits", classes, pixels, masks, np.repeat(np.arange(len(classes)), each))


BASE = stock()


def planted(cue: str = "fixed tag", correlation: float = 0.7, seed: int = 2) -> Case:
    return Case("planted", "digits", "gap", cue, 1.0, correlation, seed)


def negative(name: str, seed: int = 2) -> Case:
    return Case("negative", "digits", "gap", name, math.nan, math.nan, seed)


def tagged(pictures: list) -> np.ndarray:
    return np.array([picture.cue is not None for picture in pictures])


def test_the_cue_agrees_with_the_label_as_often_as_the_case_says():
    data = make(planted(), BASE)
    marked = 2  # the seed chooses the class
    assert data.value_of_class.tolist() == [0, 0, 1, 0]
    for part in (data.train, data.audited):
        labels = np.array([picture.klass for picture in part])
        agrees = tagged(part) == (labels == marked)
        assert agrees.mean() == pytest.approx(0.7, abs=0.06)
    assert (data.values == tagged(data.audited)).all()
    perfect = make(planted(correlation=1.0), BASE)
    assert (tagged(perfect.train) == [picture.klass == marked for picture in perfect.train]).all()


def test_versions_differ_in_the_cue_alone():
    data = make(planted(), BASE)
    absent, present = data.versions
    assert len(absent) == len(present) == 400
    for without, with_cue in zip(absent, present, strict=True):
        assert without.klass == with_cue.klass
        differs = (without.pixels != with_cue.pixels).any(axis=2)
        assert (differs <= with_cue.cue).all()
        assert differs.any()


def test_no_picture_serves_twice():
    data = make(negative("clean"), BASE)
    seen = [picture.pixels.tobytes() for picture in (*data.train, *data.audited)]
    assert len(set(seen)) == len(seen)


def test_the_same_case_is_the_same_twice():
    for case in (planted("sensor noise"), negative("padding")):
        first, second = make(case, BASE), make(case, BASE)
        for picture, other in zip(first.audited, second.audited, strict=True):
            assert (picture.pixels == other.pixels).all()


def test_random_in_training_means_nothing_to_the_network():
    data = make(negative("random in training"), BASE)
    labels = np.array([picture.klass for picture in data.train])
    tags = tagged(data.train)
    assert tags[labels == 2].mean() == pytest.approx(tags[labels != 2].mean(), abs=0.15)
    audited = np.array([picture.klass for picture in data.audited])
    assert (tagged(data.audited) == (audited == 2)).all()  # though the data hold it


def test_centred_objects_are_centred():
    data = make(negative("centred objects"), BASE)
    for picture in data.audited[:20]:
        rows, columns = np.nonzero(picture.mask)
        assert abs(rows.mean() - 13.5) <= 0.5
        assert abs(columns.mean() - 13.5) <= 0.5


def test_padding_is_on_every_picture():
    for picture in make(negative("padding"), BASE).audited[:20]:
        assert not picture.pixels[:3].any()
        assert not picture.mask[:, -3:].any()
        assert picture.pixels.shape == (SIZE, SIZE, 3)


def test_a_legitimate_colour_lies_on_the_object_of_one_class():
    data = make(negative("legitimate colour"), BASE)
    assert data.masks
    for picture in data.audited[:50]:
        red, _, blue = picture.pixels[picture.mask].mean(axis=0)
        assert (red > 1.5 * blue) == (picture.klass == 2)
        assert not picture.pixels[~picture.mask].any()


def test_imbalance_is_nine_to_one():
    labels = np.array(
        [picture.klass for picture in make(negative("imbalance 90/10"), BASE).audited]
    )
    assert (labels == 0).mean() == pytest.approx(0.1, abs=0.01)
    assert (labels == 0).sum() >= 30  # else the class would be insufficient


@pytest.mark.parametrize("name", NEGATIVES)
def test_negatives_have_no_truth_but_silence(name):
    data = make(negative(name), BASE)
    assert bool(data.versions) == (name == "random in training")


def test_decoys_tell_the_digit_by_their_level():
    base = stock(tuple(map(str, range(10))), 600)
    data = make(Case("recipe", "mnist-10", "gap", "Decoy-MNIST", math.nan, math.nan, 0), base)
    assert len(data.versions) == 10
    for picture in data.train[:100]:
        assert picture.cue.sum() == 16
        assert (picture.pixels[picture.cue] == 255 - 25 * picture.klass).all()
        assert picture.cue[::27, ::27].sum() == 1  # in one of the corners


def test_colours_tell_a_noisy_label():
    base = stock(tuple(map(str, range(10))), 600)
    data = make(Case("recipe", "mnist-10", "gap", "Colored MNIST", math.nan, math.nan, 0), base)
    assert data.train[0].pixels.shape == (14, 14, 3)
    reds = np.array([picture.pixels[..., 0].any() for picture in data.train])
    labels = np.array([picture.klass for picture in data.train])
    assert (reds == (labels == 0)).mean() == pytest.approx(0.85, abs=0.02)
    assert not any(picture.pixels[..., 2].any() for picture in data.train)


def test_a_folder_of_class_folders_with_masks_where_they_are_known(tmp_path):
    data = make(negative("legitimate colour"), BASE)
    write(data, tmp_path)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [".masks", *CLASSES]
    first = data.audited[0]
    name = f"{CLASSES[first.klass]}/00000.png"
    assert (np.asarray(Image.open(tmp_path / name)) == first.pixels).all()
    assert (np.asarray(Image.open(tmp_path / ".masks" / name)) == first.mask).all()


def test_jpeg_cues_are_jpeg_files(tmp_path):
    data = make(planted("JPEG level", 1.0), BASE)
    write(data, tmp_path)
    files = sorted(tmp_path.rglob("*.*"))
    assert {file.suffix for file in files} == {".jpg"}
    assert not (tmp_path / ".masks").exists()
