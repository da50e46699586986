"""The map of the class score beside the map of the probability, where the network is sure."""

from __future__ import annotations

import math

import numpy as np
import streamlit as st
from scipy.special import expit

from pages.components.map_row import show_maps, signed_figure
from pages.components.wording import plain
from pages.languages.catalogues import gettext as _
from pages.languages.numbers import decimal
from pages.parts.learn.choosing import FIRST_MODEL, offer_model
from pages.parts.learn.lesson import Lesson
from pages.parts.learn.showing import agreement

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_MUCH = 0.01  # of the score's gradient that is left
_SHARED = ("softmax", "logits", "log-probability")  # answers that share one total


def show(lesson: Lesson) -> None:
    """Numbers, both maps, and why they differ."""
    if lesson.model.output_kind == "regression":
        offer_model(
            _(
                "{title} answers with a plain number, so there is no probability to compare "
                "with; {model} gives probabilities.",
                title=plain(lesson.choice.title),
                model=FIRST_MODEL,
            ),
            FIRST_MODEL,
        )
        return
    answer, name = lesson.features(), lesson.target_name
    scores = answer.scores.astype(np.float64)
    shared = lesson.model.output_kind in _SHARED
    p, rest = _probability(scores, lesson.target, shared)
    kind = "softmax" if shared else _("the sigmoid")
    st.markdown(
        _(
            "The network first gives each class a **score**, any number. Then {kind} turns "
            "scores into **probabilities** between 0 and 1. A map can explain either, and "
            "where the network is sure, the two explain different things.",
            kind=kind,
        )
    )
    _show_numbers(lesson, scores[lesson.target], p, rest, shared)
    of_score, of_probability = (
        lesson.explain("grad-cam", of=of).heatmap for of in ("score", "probability")
    )
    power = _power(of_probability.raw)
    after = _("Grad-CAM after {kind}", kind=kind)
    if power:
        unit = f"10{str(power).translate(_RAISED)}"
        after = _("Grad-CAM after {kind}, in units of {unit}", kind=kind, unit=unit)
    show_maps(
        [
            signed_figure(
                of_score.raw,
                of_score.frame,
                _("Of the class score"),
                _("Grad-CAM before {kind}", kind=kind),
            ),
            signed_figure(
                of_probability.raw / np.float64(10) ** power,
                of_probability.frame,
                _("Of the probability"),
                after,
            ),
        ],
        lesson.picture,
        key="learn-softmax-maps",
    )
    st.caption(_("Both before ReLU: red speaks for the class, blue against it."))
    if of_probability.raw.any():
        if p * rest > _MUCH:
            words = _(
                "Here the two maps are of one order; the surer the network, the less is left."
            )
        else:
            words = _(
                "On a scale of its own, the second map looks as strong as the first; only its "
                "numbers say how little is left of it."
            )
        st.markdown(words)
    else:
        st.markdown(
            _(
                "Nothing is left of the second map: its gradients are too small for numbers of "
                "seven digits, and become 0. It says **no positive evidence** for {name}, and "
                "means only that the probability no longer moves.",
                name=name,
            )
        )
    if shared and len(scores) > 1:
        _show_rivals(lesson, scores, agreement(of_score.raw, of_probability.raw))
    st.markdown(
        _(
            "This is why maps explain the **score before {kind}** unless somebody asks for "
            "the probability.",
            kind=kind,
        )
    )


def _probability(scores: np.ndarray, target: int, shared: bool) -> tuple[float, float]:
    """The class probability and what is left to 1, which does not vanish where that is near 1."""
    if shared:
        powers = np.exp(scores - scores.max())
        others = np.delete(powers, target).sum()
        return float(powers[target] / powers.sum()), float(others / powers.sum())
    z = scores[target]
    return float(expit(z)), float(expit(-z))


def _show_numbers(lesson: Lesson, score: float, p: float, rest: float, shared: bool) -> None:
    number = lesson.number
    of_score, of_probability = (
        float(np.abs(_gradients(lesson, of)).max()) for of in ("score", "probability")
    )
    st.latex(
        r"\frac{\partial p_c}{\partial y_c} = p_c\,(1 - p_c) = "
        rf"{_sure(p, rest)} \cdot {number(rest)} = {number(p * rest)}"
    )
    ratio = f"${number(of_probability / of_score)}$" if of_score else "–"
    probability = _sure(p, rest).strip("()")
    st.markdown(
        _(
            "| | before: class score | after: probability |\n|---|---|---|\n| {target_name} | "
            "${score}$ | ${probability}$ |\n| largest gradient, $\\max\\,\\vert \\partial / "
            "\\partial A_{{ijk}} \\vert$ | ${of_score}$ | ${of_probability}$ |\n| as a part of "
            "the first | $1$ | {ratio} |",
            target_name=lesson.target_name,
            score=number(score),
            probability=probability,
            of_score=number(of_score),
            of_probability=number(of_probability),
            ratio=ratio,
        )
    )
    rounded = np.float32(p)
    if rounded * (1 - rounded) == 0:
        st.markdown(
            _(
                "With the seven digits that networks calculate in, this probability is exactly "
                "{rounded}: a program that takes $p_c\\,(1-p_c)$ from it gets $0$, and an empty "
                "map. Here the small number is kept by summing the other classes' probabilities.",
                rounded=f"{rounded:.0f}",
            )
        )
    elif p * rest > _MUCH:
        st.markdown(
            _(
                "Here the network is not sure, so not much is lost. Choose a picture and class "
                "that it is sure of, such as a clearly written digit."
            )
        )
    elif p < 0.5:
        st.markdown(
            _(
                "Here the network is sure that it is another class: near 0 the probability hardly "
                "moves either. Choose the class that it answers to see the other end."
            )
        )


def _show_rivals(lesson: Lesson, scores: np.ndarray, pearson: float | None) -> None:
    """The probability's gradient as a sum of differences to the other classes."""
    target, number = lesson.target, lesson.number
    powers = np.exp(np.delete(scores, target) - np.delete(scores, target).max())
    shares = np.insert(powers / powers.sum(), target, 0.0)
    rivals = np.argsort(-shares, kind="stable")[: min(3, len(scores) - 1)]
    names = [plain(lesson.model.class_names[rival]) for rival in rivals]
    st.markdown(_("## And it mixes in the other classes"))
    st.markdown(
        _(
            "Probabilities share one total: one rises only where others fall. So the probability's "
            "gradient is the score's gradient **minus those of the rivals**, each as much as it "
            "still has a share in the answer."
        )
    )
    st.latex(
        r"\frac{\partial p_c}{\partial A} = p_c \sum_j (e_{cj} - p_j)\,"
        r"\frac{\partial y_j}{\partial A} = p_c\,(1-p_c)\Big(\frac{\partial y_c}{\partial A} - "
        r"\sum_{j \ne c} q_j\,\frac{\partial y_j}{\partial A}\Big),\qquad "
        r"q_j = \frac{p_j}{1-p_c}"
    )
    weights = "; ".join(
        f"**{name}** ${number(shares[rival])}$" for name, rival in zip(names, rivals, strict=True)
    )
    words = _("Weights $q_j$ of the rivals here: {weights}.", weights=weights)
    if pearson is not None:
        words += " " + _(
            "Pearson's correlation of the two maps is **{pearson}**: 1 would be the same map.",
            pearson=decimal(pearson, 2),
        )
    st.markdown(words)


def _gradients(lesson: Lesson, of: str) -> np.ndarray:
    return lesson.engine.gradients(
        lesson.model,
        lesson.picture,
        lesson.target,
        layer=lesson.layer.name,
        of="probability" if of == "probability" else "score",
        **lesson.options,
    )


def _sure(p: float, rest: float) -> str:
    """A probability in LaTeX; near 1 by what is left to it.

    Examples
    --------
    >>> _sure(0.75, 0.25), _sure(1.0, 2e-14)
    ('0.750', '(1 - 2.00\\\\times 10^{-14})')
    """
    return f"(1 - {Lesson.number(rest)})" if rest < 0.001 else Lesson.number(p)


def _power(raw: np.ndarray) -> int:
    """The power of ten that makes a map of small numbers readable.

    Examples
    --------
    >>> _power(np.array([0.5, -3e-15])), _power(np.array([2e-15, -3e-14])), _power(np.zeros(2))
    (0, -14, 0)
    """
    largest = float(np.abs(raw).max())
    return 0 if largest == 0 or largest >= 0.01 else math.floor(math.log10(largest))
