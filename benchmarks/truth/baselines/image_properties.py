"""The image-property check of cleanlab, and the same with its fault corrected."""

from __future__ import annotations

import contextlib
import io
import warnings
from functools import lru_cache

import numpy as np
import pandas as pd

from benchmarks.truth.baselines.packages import package
from benchmarks.truth.baselines.reading import labelled
from benchmarks.truth.verdict import Verdict
from camcore import Run
from camcore.auditing.evidence.association import association
from camcore.auditing.rules import RULES

FAMILY_OF = {
    "dark_score": "brightness",
    "light_score": "brightness",
    "blurry_score": "blur",
    "grayscale_score": "colour",
    "odd_size_score": "dimensions",
    "odd_aspect_ratio_score": "dimensions",
    "low_information_score": None,
}
"""cleanvision's properties and the family of cue that each speaks for; entropy is any or none."""

_CONSTANTS = "cleanlab.datalab.internal.adapter.constants"
_ADAPTER = "cleanlab.datalab.internal.adapter.imagelab"
_DISTRIBUTION = "cleanlab[image]"
_SEED = 0


def as_cleanlab(run: Run) -> Verdict:
    """The check as the package makes it: ``Datalab``'s issue ``spurious_correlations``.

    Its own functions run on its own properties with its own defaults (tested: cleanlab 2.9.0 with
    cleanvision 0.3.7). For each property a naive Bayes classifier predicts the label; what is left
    to improve, as a share of what the commonest class leaves, is the property's score, and below
    .3 it is reported. The package takes the *index* of the commonest class over the number of
    images for that class's share, so that the score is about 1 - accuracy, and uneven classes alone
    raise the alarm. As an accuracy over all classes it hardly moves for a cue of one in ten.

    Parameters
    ----------
    run : Run

    Returns
    -------
    Verdict
        Score: 1 minus the lowest score of a property. No class is named.

    Raises
    ------
    MissingPackage

    Notes
    -----
    ``Datalab`` starts processes for the properties, which is not safe beside TensorFlow; the two
    functions that it calls are called here in its stead, with the same result.
    """
    adapter = package(_ADAPTER, _DISTRIBUTION)
    default = package(_CONSTANTS, _DISTRIBUTION).SPURIOUS_CORRELATION_ISSUE["spurious_correlations"]
    codes = np.unique(labelled(run)["label"], return_inverse=True)[1]
    with warnings.catch_warnings(), np.errstate(all="ignore"):  # as the package does
        warnings.simplefilter("ignore")
        result = adapter.handle_spurious_correlations(
            imagelab_issues=_properties(run), labels=codes, **default
        )
    scores = result["correlations_df"].set_index("property")["score"]
    first = str(scores.idxmin())
    lowest = float(scores[first])
    return Verdict(1 - lowest, lowest < result["threshold"], FAMILY_OF[first])


def corrected(run: Run) -> Verdict:
    """The same properties, each class against the rest by cross-validated AUC.

    Only the fault is corrected: chance is what an uninformative property gives, .5, however uneven
    the classes are, and significance is asked for (`camcore.auditing.evidence.association`). The
    alarm is cleanlab's: less than .3 of what chance leaves is left, hence an AUC above .85.

    Parameters
    ----------
    run : Run

    Returns
    -------
    Verdict
        Score: the largest AUC as a share of the way from chance to perfect, 0 to 1.

    Raises
    ------
    MissingPackage
    """
    default = package(_CONSTANTS, _DISTRIBUTION).SPURIOUS_CORRELATION_ISSUE["spurious_correlations"]
    images = labelled(run)
    table = association(
        _properties(run).reset_index(drop=True),
        images["klass"].to_numpy(),
        run.class_names,
        groups=np.arange(len(images)),
        seed=_SEED,
    )
    if table.empty:
        return Verdict(0.0, False)
    first = table.loc[table["auc"].idxmax()]
    score = max(2 * float(first["auc"]) - 1, 0.0)
    detected = bool(first["q"] < RULES.significance and 1 - score < default["threshold"])
    return Verdict(score, detected, FAMILY_OF[first["property"]], first["name"])


@lru_cache(maxsize=1)  # both checks read the same files
def _properties(run: Run) -> pd.DataFrame:
    """Scores of cleanvision, 0 to 1, by its and Datalab's defaults: a row a labelled image."""
    cleanvision = package("cleanvision", _DISTRIBUTION)
    issues = package(_CONSTANTS, _DISTRIBUTION).DEFAULT_CLEANVISION_ISSUES
    files = labelled(run)["file"].tolist()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        lab = cleanvision.Imagelab(filepaths=files)
        lab.find_issues(issues, n_jobs=1, verbose=False)
    # Its columns stand in an order that changes from process to process.
    return lab.issues.loc[files, list(FAMILY_OF)]
