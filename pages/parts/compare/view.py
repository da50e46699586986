"""What a comparison is about, as one value that all parts of the page take."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import camcore
from pages.pickers.model_picker import ModelChoice
from pages.pickers.picture_picker import PictureChoice


@dataclass(frozen=True)
class View:
    """One picture under one model.

    Attributes
    ----------
    choice : ModelChoice
    source : PictureChoice
    engine : camcore.Engine
    model : camcore.Classifier
    methods : tuple of str
    layers : tuple of Layer
    targets : tuple of int
    preprocessing : str or None
    fit : str
    """

    choice: ModelChoice
    source: PictureChoice
    engine: camcore.Engine
    model: camcore.Classifier
    methods: tuple[str, ...]
    layers: tuple[camcore.Layer, ...]
    targets: tuple[int, ...]
    preprocessing: str | None
    fit: str

    @property
    def picture(self) -> camcore.Picture:
        """The picture."""
        return self.source.picture

    @property
    def options(self) -> dict[str, Any]:
        """Options that every question to the engine has."""
        return {"preprocessing": self.preprocessing, "fit": self.fit}

    @property
    def identity(self) -> Hashable:
        """Everything but method, layer and class that a map depends on."""
        model = self.model
        return (
            model.sha256, model.output, model.output_kind, model.input_shape,
            self.picture.sha256, self.preprocessing, self.fit,
        )  # fmt: skip

    def costly(self, method: str, layer: camcore.Layer) -> bool:
        """Whether a map should be asked for."""
        return camcore.METHODS[method].costly(layer, self.model.input_shape)

    def passes(self, method: str, layer: camcore.Layer) -> int:
        """Forward passes of a map beside the first one."""
        return camcore.METHODS[method].passes(layer, self.model.input_shape)
