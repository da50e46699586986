"""The lesson's equations in LaTeX, with the numbers of the chosen picture in them."""

from __future__ import annotations

from collections.abc import Iterable

from pages.languages.catalogues import gettext as _
from pages.parts.learn.contributions import Contributions
from pages.parts.learn.lesson import Lesson, Weights

_TERMS = 3  # products that are written out; the rest is one number
number = Lesson.number


def text(words: str) -> str:
    """Words inside of an equation.

    Examples
    --------
    >>> print(text("one cell"))
    \\text{one cell}
    """
    return rf"\text{{{words}}}"


def in_brackets(value: float) -> str:
    """A number as a factor or a summand: a negative one stands in brackets.

    Examples
    --------
    >>> in_brackets(-0.25), in_brackets(2.0)
    ('(-0.250)', '2.000')
    """
    return f"({number(value)})" if value < 0 else number(value)


def _summed(terms: Iterable[str]) -> str:
    return " + ".join(terms)


def score(parts: Contributions, weights: Weights, value: float) -> str:
    """The class score as the sum of products, the largest ones written out."""
    first = parts.largest_first[:_TERMS]
    rest = float(parts.added.sum() - parts.added[first].sum())
    products = [
        rf"\underbrace{{{in_brackets(parts.weights[k])} \cdot {number(parts.means[k])}}}_{{k={k}}}"
        for k in first
    ]
    others = len(parts.added) - len(first)
    if others:
        named = text(_("others"))
        products.append(rf"\underbrace{{{in_brackets(rest)}}}_{{{others}\ {named}}}")
    products.append(rf"\underbrace{{{in_brackets(weights.bias or 0.0)}}}_{{b}}")
    return rf"y = \sum_k w_k\,\overline{{A_k}} + b = {_summed(products)} = {number(value)}"


def mean_gradient(parts: Contributions, height: int, width: int) -> str:
    """Grad-CAM's weight, with the numbers of the feature map that adds most."""
    k = int(parts.largest_first[0])
    return (
        r"\alpha_k = \frac{1}{HW}\sum_{ij}\frac{\partial y}{\partial A_{ijk}}\,,\qquad "
        rf"\alpha_{{{k}}} = \frac{{1}}{{{height} \cdot {width}}} \cdot "
        rf"{in_brackets(float(parts.weights[k]) * height * width)} = {number(parts.weights[k])}"
    )


def weighted_sum(parts: Contributions, weights: Weights) -> str:
    """The map as the sum of weighted feature maps, the largest ones written out."""
    first = parts.largest_first[:_TERMS]
    terms = [rf"{in_brackets(parts.weights[k])}\,A_{{{k}}}" for k in first]
    more = [r"\dots"] if len(parts.added) > len(first) else []
    return rf"M = \sum_k {weights.name}_k\,A_k = {_summed([*terms, *more])}"


def mean_of_map(parts: Contributions, weights: Weights, value: float) -> str:
    """The class score as the mean of the map and the bias."""
    mean, bias = float(parts.added.sum()), weights.bias or 0.0
    return (
        rf"\frac{{1}}{{HW}}\sum_{{ij}} M_{{ij}} + b = {number(mean)} + {in_brackets(bias)} = "
        rf"{number(mean + bias)} \qquad y = {number(value)}"
    )
