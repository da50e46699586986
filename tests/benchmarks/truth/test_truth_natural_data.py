"""Natural bases and what a case makes of them, on small made-up arrays and photographs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from PIL import Image

from benchmarks.truth.cases import Case
from benchmarks.truth.natural_bases import SMALL, Given, load_natural, natural_bases
from benchmarks.truth.natural_data import bearer, make_natural
from camcore.errors import InputError

NAMES = ("plane", "car", "bird", "cat", "deer")
EACH = 1010


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two arrays of five classes, and a folder of photographs of two."""
    place = tmp_path_factory.mktemp("natural")
    rng = np.random.default_rng(1)
    labels = np.repeat(np.arange(5), EACH).astype(np.uint8)
    colours = rng.integers(0, 256, (len(labels), 4, 4, 3)).astype(np.uint8)
    np.savez(place / "cifar10_five.npz", X=colours, y=labels, names=np.array(NAMES))
    ink = np.zeros((len(labels), 28, 28), np.uint8)
    ink[:, 6:22, 9:19] = rng.integers(100, 256, (len(labels), 1, 1))
    garments = np.array(["shirt", "pullover", "coat", "sandal", "boot"])
    np.savez(place / "fashion_five.npz", X=ink, y=labels, names=garments)
    for name in ("cats", "dogs"):
        (place / "pets" / name).mkdir(parents=True)
        for number in range(30):
            size = (40 + number, 50, 3)
            pixels = rng.integers(0, 256, size).astype(np.uint8)
            Image.fromarray(pixels).save(place / "pets" / name / f"{number}.png")
    return place


def case(kind="planted", base="cifar10_five", network="gap", cue="ruler", seed=0) -> Case:
    nothing = kind == "negative"
    strength, correlation = (math.nan, math.nan) if nothing else (1.0, 0.9)
    return Case(kind, base, network, cue, strength, correlation, seed)


def test_bases_are_told_by_what_lies_in_the_folder(folder, tmp_path):
    assert natural_bases(folder) == (("cifar10_five", "fashion_five"), ("pets",))
    with pytest.raises(InputError, match="neither"):
        natural_bases(tmp_path)


def test_cases_that_choose_constants_have_other_pictures_and_fewer_classes(folder):
    measured, tuning = (load_natural(folder, "cifar10_five", half) for half in (False, True))
    assert measured.classes == NAMES
    assert tuning.classes == ("plane", "bird", "deer")
    seen = [{pixels.tobytes() for pixels in base.pixels} for base in (measured, tuning)]
    assert not seen[0] & seen[1]
    assert np.bincount(tuning.labels).tolist() == [EACH // 2] * 3


def test_small_pictures_are_grown_and_grey_ones_have_three_channels(folder):
    base = load_natural(folder, "fashion_five", False)
    assert base.pixels.shape[1:] == (SMALL, SMALL, 3)
    assert (base.pixels[..., 0] == base.pixels[..., 2]).all()


def test_measuring_cases_plant_where_tuning_ones_do_not():
    measured = {bearer(case(seed=seed), 5) for seed in range(6)}
    assert measured == {1, 3}
    tuning = {(0, 2, 4)[bearer(case(seed=seed), 3)] for seed in range(-6, 0)}
    assert tuning == {0, 2, 4}


def test_the_cue_goes_with_one_class_and_the_truth_is_held_out(folder):
    data = make_natural(case(), Given(natural=folder))
    assert data.value_of_class.tolist() == [0, 1, 0, 0, 0]
    bears = np.array([picture.cue is not None for picture in data.audited])
    marked = np.array([picture.klass == 1 for picture in data.audited])
    assert (bears == marked).mean() == pytest.approx(0.9, abs=0.05)
    assert (data.values == bears).all()
    parts = (data.train, data.audited, data.held)
    plain = [
        {picture.pixels.tobytes() for picture in part if picture.cue is None} for part in parts
    ]
    assert not plain[0] & plain[1]
    assert not plain[2] & (plain[0] | plain[1])
    absent, present = data.versions
    assert all(picture.cue is None for picture in absent)
    assert all(picture.cue is not None for picture in present)
    assert len(data.held) == len(absent)


def test_a_network_without_a_plant_has_held_out_pictures_as_well(folder):
    data = make_natural(case("negative", cue="few pictures"), Given(natural=folder))
    assert not data.versions
    assert len(data.held) > 0
    assert len(data.train) < len(
        make_natural(case("negative", cue="clean"), Given(natural=folder)).train
    )


def test_photographs_keep_their_sizes_and_train_with_what_is_audited(folder):
    data = make_natural(case(base="pets", network="backbone"), Given(natural=folder))
    assert data.train is data.audited
    assert len({picture.pixels.shape for picture in data.audited}) > 5
    assert len(data.audited) + len(data.versions[0]) == 60


@pytest.mark.parametrize("cue", ["ground", "ground, masks known"])
def test_objects_are_cut_onto_grounds_that_go_with_the_class(folder, cue):
    data = make_natural(case("context", "fashion_five", cue=cue), Given(natural=folder))
    assert data.classes == ("pullover", "sandal")
    assert data.masks == (cue != "ground")
    for picture in data.audited[:20]:
        inside = picture.pixels[picture.mask]
        assert (inside[:, 0] == inside[:, 2]).all()  # garments are grey
        assert 0.05 < picture.mask.mean() < 0.4
        assert not (picture.mask & picture.cue).any()
    agrees = data.values == data.value_of_class[[picture.klass for picture in data.audited]]
    assert agrees.mean() == pytest.approx(0.9, abs=0.07)


def test_the_same_object_lies_alike_on_both_kinds_of_ground(folder):
    data = make_natural(case("context", "fashion_five", cue="ground"), Given(natural=folder))
    for picture, other in zip(*data.versions, strict=True):
        assert (picture.mask == other.mask).all()
        assert (picture.pixels[picture.mask] == other.pixels[picture.mask]).all()
        assert (picture.pixels[~picture.mask] != other.pixels[~picture.mask]).any()
