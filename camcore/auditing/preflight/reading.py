"""Whether pixels and labels are read right: how many of a few pictures the model names rightly."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest

from camcore.auditing.audited_classes import Classes, predicted_classes
from camcore.auditing.preflight.preview import spread_over_labels
from camcore.classifier import Classifier, fit_of
from camcore.errors import CamcoreError, InputError
from camcore.pictures.model_view import decode
from camcore.pictures.preprocessing import PREPROCESSINGS, preprocess
from camcore.sources.source import Source

PICTURES = 20
_SURE = 0.05  # of the sign test, before one scaling is taken for better than another
_OF_COLOURS = ("caffe", "torch")  # means and spreads of three channels


@dataclass(frozen=True, eq=False)
class Answers:
    """Scores of a few pictures under each scaling of their pixels.

    Attributes
    ----------
    scores : dict of str to ndarray, shape (N, C), float32
        By the name of the preprocessing.
    labels : tuple of str
        Of the N pictures.
    seconds : float
        That the model took for one picture.
    """

    scores: dict[str, np.ndarray]
    labels: tuple[str, ...]
    seconds: float


def ask(
    source: Source,
    model: Classifier,
    preprocessings: Sequence[str] = (),
    *,
    fit: str | None = None,
    stretch: str = "none",
    pictures: int = PICTURES,
) -> Answers:
    """Show a model a few pictures of a data set.

    Parameters
    ----------
    source : Source
    model : Classifier
    preprocessings : sequence of str
        Scalings to try; by default the model's own alone.
    fit, stretch
        As in `camcore.auditing.runs.settings.Settings`.
    pictures : int
        How many, spread evenly over the labels; those that cannot be read are left out.

    Raises
    ------
    InputError
        If none of them can be read.
    """
    fit = fit or fit_of(model)
    rows = source.files.iloc[spread_over_labels(source.files["label"], pictures)]
    seen, labels = [], []
    for path, label in zip(rows["path"], rows["label"], strict=True):
        try:
            picture = decode(source.root / path, model.input_shape, fit, stretch=stretch)
        except CamcoreError:
            continue  # the preview tells which
        seen.append(picture.seen)
        labels.append(label)
    if not seen:
        raise InputError(
            f"none of the {len(rows)} pictures looked at in {source.root} can be read; check the "
            "folder, or copy the files anew."
        )
    pixels = np.stack(seen).astype(np.float32)
    names = tuple(preprocessings) or (model.preprocessing,)
    model.scores(preprocess(pixels[:1], names[0]))  # the first pass builds what later ones use
    began = time.perf_counter()
    scores = {name: model.scores(preprocess(pixels, name))[0] for name in names}
    seconds = (time.perf_counter() - began) / (len(pixels) * len(names))
    return Answers(scores, tuple(labels), seconds)


def scalings_of(model: Classifier) -> tuple[str, ...]:
    """The scalings that its pixels could have, the model's own first."""
    gray = model.input_shape[2] == 1
    others = (
        name
        for name in PREPROCESSINGS
        if name != model.preprocessing and not (gray and name in _OF_COLOURS)
    )
    return (model.preprocessing, *others)


def named_rightly(answers: Answers, classes: Classes, kind: str) -> dict[str, np.ndarray]:
    """Which pictures the model names by their label, for each scaling.

    Pictures whose label is no audited class are left out.

    Parameters
    ----------
    answers : Answers
    classes : Classes
        Matched by label.
    kind : str
        How the scores are to be read; see `camcore.classifier.OutputKind`.

    Returns
    -------
    dict of str to ndarray of bool, shape (n,)

    Examples
    --------
    >>> from camcore.auditing.audited_classes import match_classes
    >>> classes = match_classes({"cat": 2, "dog": 1}, ["cat", "dog"])
    >>> scores = np.array([[2, 1], [1, 2], [1, 2]], np.float32)
    >>> answers = Answers({"0-1": scores}, ("cat", "cat", "dog"), 0.1)
    >>> named_rightly(answers, classes, "softmax")["0-1"].tolist()
    [True, False, True]
    """
    place = {audit_class.label: index for index, audit_class in enumerate(classes.classes)}
    known = np.array([label in place for label in answers.labels], bool)
    target = np.array([place.get(label, -1) for label in answers.labels])
    return {
        name: (predicted_classes(scores, classes, kind) == target)[known]  # type: ignore[arg-type]
        for name, scores in answers.scores.items()
    }


def better_scaling(right: Mapping[str, np.ndarray], default: str) -> str:
    """The scaling to take: the model's own, unless another one is surely better.

    Sure is what a one-sided sign test says of the pictures that only one of the two names
    rightly: five to none are enough, four to none are not.

    Parameters
    ----------
    right : mapping of str to ndarray of bool, shape (n,)
        As of `named_rightly`.
    default : str
        The scaling that would be taken otherwise.

    Examples
    --------
    >>> few, many = np.arange(20) < 9, np.arange(20) < 14
    >>> better_scaling({"0-1": few, "-1..1": many}, "0-1")
    '-1..1'
    >>> better_scaling({"0-1": few, "-1..1": np.arange(20) < 13}, "0-1")
    '0-1'
    """
    best = max(right, key=lambda name: (int(right[name].sum()), name == default))
    return best if surely_better(right, best, default) else default


def surely_better(right: Mapping[str, np.ndarray], scaling: str, other: str) -> bool:
    """Whether a one-sided sign test finds one scaling better than another.

    Examples
    --------
    >>> surely_better({"0-1": np.arange(20) < 9, "-1..1": np.arange(20) < 14}, "-1..1", "0-1")
    True
    """
    gained = int((right[scaling] & ~right[other]).sum())
    lost = int((right[other] & ~right[scaling]).sum())
    if gained <= lost:
        return False
    return bool(binomtest(gained, gained + lost, alternative="greater").pvalue < _SURE)
