"""The image-property checks: the fault of one, and the other without it."""

from __future__ import annotations

import sys
import warnings

import numpy as np
import pytest

from benchmarks.truth.baselines import BASELINES, MissingPackage
from benchmarks.truth.baselines.image_properties import FAMILY_OF, as_cleanlab, corrected
from benchmarks.truth.baselines.reading import labelled
from benchmarks.truth.verdict import Verdict
from tests.benchmarks.truth.small_run import small_run


def _noise(count: int, low: int, high: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(low, high, (count, 16, 16, 3), np.uint8)


@pytest.fixture
def _cleanlab():
    pytest.importorskip("cleanlab")
    pytest.importorskip("cleanvision")


@pytest.mark.usefixtures("_cleanlab")
def test_both_find_brightness_that_tells_two_classes(tmp_path):
    run = small_run(
        tmp_path, pictures={"day": _noise(40, 180, 250, 0), "night": _noise(40, 5, 75, 1)}
    )
    assert as_cleanlab(run) == Verdict(1.0, True, "brightness", None)
    verdict = corrected(run)
    assert verdict.score > 0.9
    assert (verdict.detected, verdict.family) == (True, "brightness")
    assert verdict.klass in ("day", "night")


@pytest.mark.usefixtures("_cleanlab")
def test_uneven_classes_of_equal_pictures_alarm_cleanlab_only(tmp_path):
    grey = np.full((120, 16, 16, 3), 90, np.uint8)
    run = small_run(tmp_path, pictures={"often": grey[:90], "seldom": grey[90:]})
    # Always "often" is right for 90 of 120; the share of the commonest class is taken for 0.
    assert as_cleanlab(run) == Verdict(0.75, True, "brightness", None)
    verdict = corrected(run)
    assert (verdict.score, verdict.detected) == (0.0, False)


@pytest.mark.usefixtures("_cleanlab")
def test_a_cue_of_one_class_in_ten_is_seen_by_the_corrected_only(tmp_path):
    pictures = {f"c{k}": _noise(30, 60, 120, k) for k in range(10)}
    pictures["c7"] = pictures["c7"][:, :, :12]
    run = small_run(tmp_path, pictures=pictures)
    assert not as_cleanlab(run).detected
    verdict = corrected(run)
    assert (verdict.detected, verdict.family, verdict.klass) == (True, "dimensions", "c7")


@pytest.mark.usefixtures("_cleanlab")
def test_too_few_images_say_nothing(tmp_path):
    run = small_run(tmp_path, pictures={"a": _noise(20, 0, 50, 0), "b": _noise(20, 200, 250, 1)})
    assert corrected(run) == Verdict(0.0, False)


@pytest.mark.slow
@pytest.mark.usefixtures("_cleanlab")
def test_the_score_is_that_of_datalab(tmp_path):
    datasets = pytest.importorskip("datasets")
    from cleanlab import Datalab

    light = np.random.default_rng(2).normal(120, 15, (74, 1, 1, 1))
    light[33:] += 15
    pixels = (light * np.linspace(0.5, 1.5, 16)[:, None, None] * np.ones((1, 16, 3))).astype(
        np.uint8
    )
    run = small_run(tmp_path, pictures={"b": pixels[:33], "a": pixels[33:]})
    images = labelled(run)
    data = datasets.Dataset.from_dict(
        {"image": images["file"].tolist(), "label": images["label"].tolist()}
    ).cast_column("image", datasets.Image())
    lab = Datalab(data=data, label_name="label", image_key="image", verbosity=0)
    kinds = {name.removesuffix("_score"): {} for name in FAMILY_OF}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as importing the package first would
        lab.find_issues(issue_types={"image_issue_types": kinds, "spurious_correlations": {}})
    theirs = lab.get_info("spurious_correlations")
    lowest = theirs["correlations_df"]["score"].min()
    ours = as_cleanlab(run)
    assert 0 < ours.score < 1
    assert ours.score == 1 - lowest
    assert ours.detected == (lowest < theirs["threshold"])


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("properties (cleanlab)", "cleanlab.datalab.internal.adapter.imagelab"),
        ("properties (corrected)", "cleanvision"),
        ("predictive power (deepchecks)", "ppscore"),
    ],
)
def test_a_missing_package_is_told(tmp_path, monkeypatch, name, module):
    monkeypatch.setitem(sys.modules, module, None)
    if module == "cleanvision":
        pytest.importorskip("cleanlab")
    run = small_run(tmp_path, pictures={"a": _noise(2, 0, 9, 0), "b": _noise(2, 0, 9, 1)})
    with pytest.raises(MissingPackage, match=r"is not installed.*benchmarks/requirements\.txt"):
        BASELINES[name](run)
