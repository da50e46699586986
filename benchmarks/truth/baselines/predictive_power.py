"""Predictive power of image properties for the label, as deepchecks asks for it."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from PIL import Image

from benchmarks.truth.baselines.packages import package
from benchmarks.truth.baselines.reading import labelled
from benchmarks.truth.verdict import Verdict
from camcore import Run

FAMILY_OF = {
    "Aspect Ratio": "dimensions",
    "Area": "dimensions",
    "Brightness": "brightness",
    "RMS Contrast": "brightness",
    "Mean Red Relative Intensity": "colour",
    "Mean Green Relative Intensity": "colour",
    "Mean Blue Relative Intensity": "colour",
}
"""The properties that deepchecks measures by default, and the family of cue of each."""

THRESHOLD = 0.3
"""Of ``add_condition_property_pps_less_than``: this much and more fails."""

_LUMINANCE = (0.2125, 0.7154, 0.0721)  # scikit-image's rgb2gray, which deepchecks takes
_SEED = 42  # deepchecks' own default


def predictive_power(run: Run) -> Verdict:
    """The check ``PropertyLabelCorrelation`` of deepchecks 0.19.1 with its condition.

    deepchecks itself needs PyTorch for images and a scikit-learn older than the project's. Its
    score is the module of the package ``ppscore``, copied: a decision tree predicts the label from
    one property in four folds, and its weighted F1 is put between a naive guess (0) and perfect
    (1). So ``ppscore`` (tested: 1.3.1; the same numbers as deepchecks' copy to the last digit)
    scores here the properties that deepchecks measures by default. They are measured on all
    pixels; deepchecks draws 10,000 where there are more.

    Parameters
    ----------
    run : Run

    Returns
    -------
    Verdict
        Score: the highest predictive power, 0 to 1. No class is named.

    Raises
    ------
    MissingPackage
    """
    ppscore = package("ppscore", "ppscore")
    images = labelled(run)
    table = pd.DataFrame([_measured(file) for file in images["file"]])
    table["target"] = images["label"].to_numpy(object)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of pandas, thousands of them
        predictors = ppscore.predictors(table, "target", random_seed=_SEED, catch_errors=False)
    first = predictors.iloc[0]
    score = float(first["ppscore"])
    return Verdict(score, score >= THRESHOLD, FAMILY_OF[first["x"]])


def properties(pixels: np.ndarray) -> dict[str, float]:
    """What deepchecks measures of a picture by default.

    Parameters
    ----------
    pixels : ndarray, shape (H, W, 3), uint8

    Returns
    -------
    dict
        The keys of `FAMILY_OF`. Brightness and contrast are 0 to 255; relative intensities are the
        means of a channel's share in the sum of the three, 0 to 1.

    Examples
    --------
    >>> found = properties(np.full((2, 4, 3), (100, 0, 0), np.uint8))
    >>> found["Aspect Ratio"], found["Area"], round(found["Brightness"], 6)
    (0.5, 8.0, 21.25)
    >>> found["Mean Red Relative Intensity"], found["RMS Contrast"]
    (1.0, 0.0)
    """
    height, width = pixels.shape[:2]
    grey = pixels @ np.array(_LUMINANCE)
    total = pixels.sum(axis=2, keepdims=True, dtype=np.float64)
    shares = np.divide(pixels, total, out=np.zeros(pixels.shape), where=total > 0)
    values = (height / width, height * width, grey.mean(), grey.std(), *shares.mean(axis=(0, 1)))
    return dict(zip(FAMILY_OF, map(float, values), strict=True))


def _measured(file: str) -> dict[str, float]:
    with Image.open(file) as picture:
        return properties(np.asarray(picture.convert("RGB")))
