"""What a step of the lesson is given: one model, picture, layer and class, and their numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

import camcore
from pages.components.wording import plain
from pages.languages.numbers import decimal_mark
from pages.parts.learn.choosing import bundled_choice
from pages.pickers.model_picker import ModelChoice
from pages.session.model_loading import load_with_progress


@dataclass(frozen=True, eq=False)
class Weights:
    """One weight for each feature map.

    Attributes
    ----------
    values : ndarray, shape (K,)
    name : str
        Its symbol in LaTeX: ``w`` of a pooled head, or ``\\alpha`` of Grad-CAM.
    bias : float or None
        Of the class, where there is a pooled head.
    """

    values: np.ndarray
    name: str
    bias: float | None

    @property
    def symbol(self) -> str:
        """The symbol in plain text."""
        return {"w": "w", r"\alpha": "α"}[self.name]


@dataclass(frozen=True, eq=False)
class Lesson:
    """The choice that all steps share, and what several of them need of it.

    Attributes
    ----------
    engine : camcore.Engine
    model : camcore.Classifier
    picture : camcore.Picture
    layer : camcore.Layer
    target : int
        Column of the class scores.
    fit : str
    preprocessing : str or None
    presenting : bool
        Whether a hall looks on: large type, few words.
    choice : ModelChoice
    """

    engine: camcore.Engine
    model: camcore.Classifier
    picture: camcore.Picture
    layer: camcore.Layer
    target: int
    fit: str
    preprocessing: str | None
    presenting: bool
    choice: ModelChoice

    @property
    def options(self) -> dict[str, Any]:
        """Preprocessing and fit, as the engine's verbs take them."""
        return {"preprocessing": self.preprocessing, "fit": self.fit}

    @property
    def target_name(self) -> str:
        """The class's name, harmless in Markdown."""
        return plain(self.model.class_names[self.target])

    def features(self) -> camcore.Features:
        """Feature maps of the layer, and the model's answer."""
        return self.engine.features(self.model, self.picture, layer=self.layer.name, **self.options)

    def explain(self, method: str, **options: Any) -> camcore.Explanation:
        """The map of a method for the class at the layer."""
        return self.engine.explain(
            self.model,
            self.picture,
            target=self.target,
            layer=self.layer.name,
            method=method,
            **self.options,
            **options,
        )

    def weights(self) -> Weights:
        """The class weights behind global average pooling, else Grad-CAM's mean gradients."""
        head = self.model.class_weights(self.layer.name)
        if head is not None:
            values, bias = head.weights[:, self.target], float(head.bias[self.target])
            return Weights(values, "w", bias)
        gradients = self.engine.gradients(
            self.model, self.picture, self.target, layer=self.layer.name, **self.options
        )
        return Weights(gradients.mean(axis=(0, 1)), r"\alpha", None)

    def beside(self, name: str) -> camcore.Classifier:
        """Another bundled model, loaded once for all sessions; says so while it loads."""
        return load_with_progress(bundled_choice(name), None, st.empty())

    @staticmethod
    def count(value: int) -> str:
        """A whole number with narrow spaces between its thousands.

        Examples
        --------
        >>> Lesson.count(50176).replace("\\u202f", " ")
        '50 176'
        """
        return f"{value:,}".replace(",", "\u202f")

    @staticmethod
    def number(value: float) -> str:
        """A number of three or four digits for text and LaTeX.

        Examples
        --------
        >>> [Lesson.number(x) for x in (12.3456, -0.5, 0.0, 1234.0, 0.000012)]
        ['12.35', '-0.500', '0', '1234', '1.20\\\\times 10^{-5}']
        """
        size, mark = abs(float(value)), r"{,}" if decimal_mark() == "," else "."
        if size == 0:
            return "0"
        if size < 0.001 or size >= 100_000:
            digits, power = f"{value:.2e}".split("e")
            return rf"{digits}\times 10^{{{int(power)}}}".replace(".", mark)
        if size >= 1000:
            return f"{value:.0f}"
        return (f"{value:.2f}" if size >= 10 else f"{value:.3f}").replace(".", mark)
